from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from simpleflow_steps import LocalExecutor, Step, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.exceptions import StorageDenied
from simpleflow_steps.execution.plan import DEEPEST, walk
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.testing import CountingStorage, Fails, Fault, FaultyStorage

NOW = datetime(2026, 11, 20, tzinfo=UTC).isoformat()


@activity.with_attributes()
def work() -> int:
    return 1


class Inner(Workflow, WorkflowStepMixin):
    def run(self) -> None:
        self.submit(self.step("deep", (work,))).result  # noqa: B018


class Outer(Workflow, WorkflowStepMixin):
    def run(self) -> None:
        self.submit(self.step("a", Step("a.inside", (work,)))).result  # noqa: B018
        self.submit(Inner).result  # noqa: B018
        self.submit(self.step("b", (work,))).result  # noqa: B018


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


def executor(storage: Any, **lists: Any) -> LocalExecutor:
    return LocalExecutor(Outer, storage=storage, workflow_id="w", **lists)


def actions(storage: Any, **lists: Any) -> dict[str, str]:
    plan = executor(storage, **lists).plan()
    return {step.name: step.action for each in walk(plan) for step in each.steps}


def record(storage: MemoryStorage, workflow_id: str = "w", **content: Any) -> None:
    """Write a run's record past everything."""
    about = {"run_id": "r", "workflow_id": workflow_id, "workflow": "Outer", "version": "1", "input": None}
    storage.put(f"{workflow_id}/runs/r.json", json.dumps({**about, "started": NOW, **content}).encode())


def test_a_plan_writes_nothing_even_where_nothing_can_be_written(storage: MemoryStorage) -> None:
    executor(storage).run()
    refusing = FaultyStorage(storage, [Fault(Fails(StorageDenied("read only")))])

    assert actions(refusing) == {"a": "skip", "a.inside": "not reached", "deep": "skip", "b": "skip"}


def test_a_plan_lists_markers_and_runs_and_reads_one_run_of_each_execution(storage: MemoryStorage) -> None:
    executor(storage).run()
    counting = CountingStorage(storage)

    actions(counting)

    asked = [(each.kind, each.key.rpartition("/")[0]) for each in counting.operations.of()]
    child = next(key for _, key in asked if ".Inner-" in key).partition("/")[0]
    assert sorted(asked) == sorted(
        (method, f"{workflow}/{folder}")
        for workflow in ("w", child)
        for method, folder in (("list", "steps"), ("list", "runs"), ("get", "runs"))
    )


def test_a_child_is_planned_at_its_place(storage: MemoryStorage) -> None:
    executor(storage).run()

    assert actions(storage, until=["deep"]) == {"a": "skip", "a.inside": "not reached", "deep": "skip", "b": "unsure"}
    assert actions(storage, until=["a"]) == {
        "a": "skip",
        "a.inside": "not reached",
        "deep": "unsure",
        "b": "unsure",
    }


def test_what_is_inside_a_step_to_stop_after_is_planned_too(storage: MemoryStorage) -> None:
    executor(storage).run()

    planned = actions(storage, force=["a"], until=["a"])

    assert planned == {"a": "run", "a.inside": "run", "deep": "unsure", "b": "unsure"}


def test_a_step_that_only_a_marker_tells_of_is_planned_only_as_far_as_that_goes(storage: MemoryStorage) -> None:
    storage.put("w/steps/b", b"{}")

    plan = executor(storage, force=["a"], from_=["b"]).plan()

    assert [(step.name, step.action, step.recorded) for step in plan.steps] == [("b", "run", False)]
    assert "It never ran: which steps it has is unknown." in plan.unknown
    assert "no record tells what came after b: to begin from it forces nothing else" in plan.unknown
    assert plan.unmatched == {"a": []}


@pytest.mark.parametrize(
    "content",
    [
        {"steps": {"a/../b": {"state": "completed"}}},
        {"steps": {"a": {"state": "completed", "dependents": ["\x1b[31m"]}}},
        {"asked": [{"names": [""], "skip": True}]},
        {"children": {"../../etc": {"workflow": "os:system"}}},
        {"steps": [1, 2]},
        {"steps": {"a": {"state": "completed", "within": 7}}},
    ],
)
def test_a_record_that_no_run_can_have_written_counts_for_nothing(storage: MemoryStorage, content: Any) -> None:
    record(storage, status="completed", **content)

    assert executor(storage).plan().steps == ()
    assert executor(storage, from_=["a"], only=["a"], until=["b"]).run() is None


def test_a_body_that_is_no_record_counts_for_nothing(storage: MemoryStorage) -> None:
    storage.put("w/runs/r.json", b"\x00" * 1000)

    assert executor(storage).plan().steps == ()


@pytest.mark.parametrize("lists", [{}, {"from_": ["x"]}, {"until": ["y"]}, {"only": ["x"]}, {"until": ["*"]}])
def test_steps_in_a_circle_do_not_make_a_plan_go_round(storage: MemoryStorage, lists: Any) -> None:
    steps = {
        "x": {"state": "completed", "within": "y", "dependents": ["*", "y"]},
        "y": {"state": "completed", "within": "x"},
        "z": {"state": "completed", "within": "z"},
        "lost": {"state": "skipped", "run": False, "within": "nowhere"},
    }
    children = {"w": {"workflow": "w", "after": -7}, "other": {"workflow": "w", "step": "x", "after": 10**30}}
    asked = [{"names": ["x"], "skip": True, "after": after} for after in (-1, 10**30)]
    record(storage, steps=steps, children=children, asked=asked, status="completed")

    assert {"x", "y", "z", "lost"} <= actions(storage, **lists).keys()


def test_children_without_end_are_planned_to_a_depth(storage: MemoryStorage) -> None:
    for number in range(3 * DEEPEST):
        name = f"c{number}" if number else "w"
        record(storage, name, children={f"c{number + 1}": {"workflow": "w"}})

    plan = executor(storage).plan()

    assert len(list(walk(plan))) == DEEPEST + 1
    assert "too deep" in list(walk(plan))[-1].unknown[-1]


def test_a_large_record_is_planned_in_a_time_that_grows_with_it(storage: MemoryStorage) -> None:
    names = [f"s.{number}" for number in range(20_000)]
    steps = {
        name: {"state": "completed", "within": before} for name, before in zip(names, [None, *names], strict=False)
    }
    record(storage, steps=steps, status="completed")

    planned = actions(storage, until=["s"], from_=["s.19990"])

    assert len(planned) == len(names)


def test_a_failed_run_takes_nothing_from_what_older_ones_told(storage: MemoryStorage) -> None:
    executor(storage).run()
    record(storage, status="failed", steps={"a": {"state": "failed"}})

    assert list(actions(storage)) == ["a", "a.inside", "b", "deep"]
