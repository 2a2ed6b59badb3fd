"""The seven promises of the design, one group of tests each."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import simpleflow_steps
from simpleflow_steps import Chain, FuncGroup, Group, Step, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.codec import same
from simpleflow_steps.events import NamesUnmatched, StepInvalidated
from simpleflow_steps.exceptions import MarkerCorrupt, ResultNotStored, StorageUnavailable, TaskFailed
from simpleflow_steps.step import marker as markers
from simpleflow_steps.storage import DirectoryStorage
from tests.step.doubles import Watched, at_key, raising
from tests.step.stage import CALLS, EVERYWHERE, IN_MEMORY, Stage, fail, fail_quietly, note, simple

STAGES: list[Stage] = []


@pytest.fixture(autouse=True)
def _look_here(stage: Stage):
    STAGES[:] = [stage]
    yield
    STAGES.clear()


@activity.with_attributes()
def look_at_the_markers() -> Any:
    """Give the markers as they are while this runs."""
    found = STAGES[0].markers()
    CALLS.append({name: marker is not None for name, marker in found.items()})
    return None


# 1. A marker exists only if everything in the step succeeded.

SWALLOWED = {
    "activity": lambda: (fail_quietly, "x"),
    "chain": lambda: Chain((note, "a"), (fail_quietly, "x"), (note, "b")),
    "chain that goes on": lambda: Chain((fail_quietly, "x"), (note, "b"), break_on_failure=False),
    "chain that keeps its failures": lambda: Chain((note, "a"), Chain((fail, "x"), raises_on_failure=False)),
    "group": lambda: Group((note, "a"), (fail_quietly, "x")),
    "group in chain in group": lambda: Group(Chain((note, "a"), Group((fail, "x"), raises_on_failure=False))),
    "group that does not bubble": lambda: Group((fail_quietly, "x"), bubbles_exception_on_failure=False),
    "function": lambda: FuncGroup(lambda: Chain((fail, "x")), raises_on_failure=False),
    "step": lambda: Chain(Step("inner", (fail_quietly, "x")), (note, "b")),
    "alternative of a step": lambda: Step("done", note, activities_if_step_already_done=(fail_quietly, "x")),
}


@EVERYWHERE
@pytest.mark.parametrize("what", ["activity", "group in chain in group"])
def test_1_a_swallowed_failure_leaves_no_marker(stage: Stage, what):
    stage.run(lambda workflow: workflow.submit(Step("a", SWALLOWED[what]())).result)

    assert stage.markers() == {}


@pytest.mark.parametrize("what", SWALLOWED)
def test_1_a_failure_swallowed_however_deep_leaves_no_marker(stage: Stage, what):
    stage.write("done", b"{}")

    stage.run(lambda workflow: workflow.submit(Step("a", SWALLOWED[what]())).result)

    assert "x" in CALLS
    assert stage.done() == {"done"}


@pytest.mark.parametrize("decision", ["decide_ignore", "decide_cancel"])
def test_1_a_failure_that_the_workflow_lets_pass_leaves_no_marker(stage: Stage, decision):
    def body(workflow: Any) -> Any:
        return workflow.submit(Step("a", Chain((fail, "x"), raises_on_failure=False))).exception

    stage.run(body, attributes={"on_task_failure": lambda self, context: getattr(context, decision)()})

    assert stage.done() == set()


def test_1_a_failure_that_the_workflow_repairs_leaves_a_marker(stage: Stage):
    def repair(self: Any, context: Any) -> Any:
        return context.decide_handled("repaired")

    def body(workflow: Any) -> Any:
        return workflow.submit(Step("a", (fail, "x"))).result

    assert stage.run(body, attributes={"on_task_failure": repair}) == "repaired"
    assert stage.run(body) == "repaired"
    assert CALLS == ["x"]


def test_1_a_failure_that_a_retry_repairs_leaves_a_marker(stage: Stage):
    @activity.with_attributes(retry=1)
    def second_time_lucky() -> int:
        CALLS.append("try")
        if len(CALLS) == 1:
            raise ValueError("not yet")
        return 5

    assert stage.run(lambda workflow: workflow.submit(Step("a", second_time_lucky)).result) == 5
    assert stage.done() == {"a"}


# 2. A step that is run again is invalidated before its activities start.


@EVERYWHERE
def test_2_a_step_that_runs_again_is_not_done_while_its_activities_run(stage: Stage):
    stage.run(simple("a", "b"))
    CALLS.clear()

    stage.run(lambda workflow: workflow.submit(Step("a", look_at_the_markers, force=True)).result)

    assert CALLS == [{"a": False, "b": True}]
    assert stage.done() == {"a", "b"}


@EVERYWHERE
def test_2_a_failure_half_way_leaves_no_old_marker(stage: Stage):
    stage.run(simple("a"))

    with pytest.raises(TaskFailed):
        stage.run(lambda workflow: workflow.submit(Step("a", Chain((note, "half"), (fail, "way")), force=True)).result)

    assert stage.markers() == {"a": None}


def test_2_no_activity_starts_if_the_invalidation_fails(stage: Stage):
    stage.run(simple("a"))
    before = stage.contents()
    CALLS.clear()
    broken = Watched(stage.storage, before=at_key("put", "w/steps/a", raising(StorageUnavailable("no answer"))))

    with pytest.raises(StorageUnavailable):
        stage.run(simple("a"), force=["a"], storage=broken)

    assert CALLS == []
    assert stage.contents() == before


DYING = """
import os, sys
from simpleflow_steps import *

@activity.with_attributes()
def work() -> str:
    if sys.argv[2] == "die":
        os._exit(9)
    return sys.argv[2]

class Dying(Workflow, WorkflowStepMixin):
    def run(self) -> str:
        return self.submit(self.step("a", Chain(work, work), force=sys.argv[2] == "die")).result

print(LocalExecutor(Dying, storage=sys.argv[1], workflow_id="w").run())
"""


@pytest.mark.parametrize("storage", ["directory"], indirect=True)
def test_2_a_crash_half_way_leaves_no_old_marker(stage: Stage, storage: DirectoryStorage):
    def run(word: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", DYING, storage.url, word]
        environment = {**os.environ, "PYTHONPATH": str(Path(simpleflow_steps.__file__).parents[1])}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert run("old").stdout == "['old', 'old']\n"
    assert stage.done() == {"a"}

    assert run("die").returncode == 9
    assert stage.markers() == {"a": None}
    assert run("new").stdout == "['new', 'new']\n"


# 3. A step's dependents are invalidated before the step is marked done.


def with_dependents(*dependents: str) -> Any:
    def body(workflow: Any) -> Any:
        return workflow.submit(Step("a", (note, "a"), force_steps_if_executed=dependents)).result

    return body


@EVERYWHERE
def test_3_dependents_are_not_done_before_the_step_is(stage: Stage):
    stage.run(simple("b", "b.c", "bc", "x"))
    watched = Watched(stage.storage)

    stage.run(with_dependents("b"), storage=watched)

    assert sorted(watched.writes[:2]) == ["w/steps/b", "w/steps/b.c"]
    assert watched.writes[2:] == ["w/steps/a"]
    assert stage.done() == {"a", "bc", "x"}
    assert {(event.step, event.reasons, event.skipped) for event in stage.said(StepInvalidated)} == {
        ("b", ("Dep of a",), False),
        ("b.c", ("Dep of a",), False),
    }


def test_3_every_step_may_depend_on_one(stage: Stage):
    stage.run(simple("b", "b.c", "x"))

    stage.run(with_dependents("*"))

    assert stage.done() == {"a"}


def test_3_a_crash_before_the_mark_runs_the_dependents_again(stage: Stage):
    def body(workflow: Any) -> Any:
        workflow.submit(Step("a", (note, "a"), force_steps_if_executed=["b"])).result  # noqa: B018
        return workflow.submit(Step("b", (note, "b"))).result

    stage.run(simple("b"))
    CALLS.clear()
    broken = Watched(stage.storage, before=at_key("put", "w/steps/a", raising(StorageUnavailable("no answer"))))

    with pytest.raises(StorageUnavailable):
        stage.run(body, storage=broken)
    assert stage.markers() == {"b": None}

    stage.run(body)

    assert CALLS == ["a", "a", "b"]
    assert stage.done() == {"a", "b"}


def test_3_a_crash_after_the_mark_runs_the_dependents_again(stage: Stage):
    stage.run(simple("b"))
    stage.run(with_dependents("b"))
    CALLS.clear()

    stage.run(simple("a", "b"))

    assert CALLS == ["b"]


def test_3_a_dependent_whose_invalidation_fails_leaves_the_step_unmarked(stage: Stage):
    stage.run(simple("b", "c"))
    broken = Watched(stage.storage, before=at_key("put", "w/steps/c", raising(StorageUnavailable("no answer"))))

    with pytest.raises(StorageUnavailable):
        stage.run(with_dependents("b", "c"), storage=broken)

    assert stage.done() == {"c"}


def test_3_a_failed_step_leaves_its_dependents_done(stage: Stage):
    stage.run(simple("b"))

    with pytest.raises(TaskFailed):
        stage.run(lambda workflow: workflow.submit(Step("a", (fail, "a"), force_steps_if_executed=["b"])).result)

    assert stage.done() == {"b"}


@pytest.mark.parametrize("done", [False, True])
def test_3_dependents_that_ran_in_this_run_are_left_alone(stage: Stage, done):
    def body(workflow: Any) -> Any:
        workflow.submit(Step("b", (note, "b"), force=True)).result  # noqa: B018
        return workflow.submit(Step("a", (note, "a"), force_steps_if_executed=["*"])).result

    if done:
        stage.run(simple("b"))

    stage.run(body)

    assert stage.done() == {"a", "b"}
    assert stage.said(StepInvalidated) == []


def test_3_a_dependent_that_ran_in_this_run_and_was_then_skipped_is_left_alone(stage: Stage):
    def body(workflow: Any) -> Any:
        simple("b", "b")(workflow)
        return with_dependents("b")(workflow)

    stage.run(body)

    assert stage.done() == {"a", "b"}
    assert stage.said(StepInvalidated) == []


def test_3_a_dependent_that_runs_beside_the_step_is_left_alone(stage: Stage):
    def body(workflow: Any) -> Any:
        first = Step("a", Chain(*[(note, "a")] * 3), force_steps_if_executed=["b"])
        return workflow.submit(Group(first, Step("b", Chain(*[(note, "b")] * 6)))).result

    stage.run(simple("b"))

    stage.run(body)

    assert stage.done() == {"a", "b"}
    assert stage.said(StepInvalidated) == []
    assert [entry["reasons"] for entry in stage.log if entry["step"] == "b"] == [["Dep of a"], ["Dep of a"]]


@EVERYWHERE
def test_3_a_dependent_that_was_skipped_already_is_invalidated_loudly(stage: Stage, caplog):
    def body(workflow: Any) -> Any:
        skipped = workflow.submit(Step("b", (note, "b")))
        assert skipped.exception is None
        workflow.submit(Step("a", (note, "a"), force_steps_if_executed=["b"])).result  # noqa: B018
        return skipped.result

    stage.run(simple("b"))
    CALLS.clear()

    assert stage.run(body) == "b"
    assert CALLS == ["a"]
    assert stage.markers()["b"] is None
    assert [(event.step, event.skipped) for event in stage.said(StepInvalidated)] == [("b", True)]
    assert "skipped in this run but depends on one that ran" in caplog.text


def test_3_dependents_of_dependents_run_too(stage: Stage):
    def body(workflow: Any) -> Any:
        for name, dependents in {"a": ["b"], "b": ["c"], "c": [], "x": []}.items():
            workflow.submit(Step(name, (note, name), force_steps_if_executed=dependents)).result  # noqa: B018

    stage.run(body)
    CALLS.clear()

    stage.run(body, force=["a"])

    assert CALLS == ["a", "b", "c"]


# 4. A skipped step yields its stored result, in the same shape as when it ran.


@dataclass
class Point:
    x: int
    when: datetime


class Row(BaseModel):
    day: date
    price: Decimal


class Child(Workflow, WorkflowStepMixin):
    def run(self) -> tuple[int, Point]:
        self.submit(self.step("c", (note, "c"))).result  # noqa: B018
        return 1, Point(2, datetime(2026, 1, 2, tzinfo=UTC))


@activity.with_attributes()
def points(count: int) -> list[Point]:
    CALLS.append("points")
    return [Point(x, datetime(2026, 1, 2, tzinfo=UTC)) for x in range(count)]


@activity.with_attributes()
def row() -> Row:
    return Row(day=date(2026, 1, 2), price=Decimal("1.10"))


@activity.with_attributes()
def pair() -> tuple[int, set[str]]:
    return 1, {"a", "b"}


@activity.with_attributes()
def moment() -> datetime:
    return datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


@activity.with_attributes()
def large() -> list[str]:
    return ["0123456789" * 100] * 100


@activity.with_attributes()
def opaque() -> Any:
    return object()


RESULTS = {
    "nothing": lambda: (note, "x"),
    "json": lambda: (note, "x", {"rows": [1, 2.5, None, True, "é"]}),
    "dataclasses": lambda: (points, 2),
    "model": lambda: row,
    "tuple": lambda: pair,
    "datetime": lambda: moment,
    "large": lambda: large,
    "group": lambda: Group(pair, moment, (note, "x")),
    "group of none": Group,
    "chain": lambda: Chain((note, "x"), Group(row, row), Chain(moment)),
    "function": lambda: FuncGroup(lambda: Group(pair, FuncGroup(lambda: moment))),
    "child": lambda: Child,
    "step": lambda: Step("inner", Chain(Step("innermost", pair), moment)),
    "large in a group": lambda: Group(large, moment),
}


@EVERYWHERE
@pytest.mark.parametrize("what", ["large", "chain"])
def test_4_a_skipped_step_yields_its_stored_result(stage: Stage, what):
    def body(workflow: Any) -> Any:
        return workflow.submit(Step("a", RESULTS[what]())).result

    ran = stage.run(body)

    assert stage.run(body) == ran
    assert stage.statuses("a") == ["skipped"]


@pytest.mark.parametrize("what", RESULTS)
def test_4_the_stored_result_has_the_shape_that_it_had_when_the_step_ran(stage: Stage, what):
    def body(workflow: Any) -> Any:
        return workflow.submit(Step("a", RESULTS[what]())).result

    ran = stage.run(body)
    skipped = stage.run(body)

    assert same(skipped, ran)
    assert stage.statuses("a") == ["skipped"]


def test_4_a_large_result_lies_in_its_own_object(stage: Stage):
    stage.run(lambda workflow: workflow.submit(Step("a", large)).result)

    marker = stage.markers()["a"]
    assert marker["result"] is None
    assert marker["result_key"] == f"w/results/a/{marker['nonce']}.json"
    assert len(stage.storage.get(marker["result_key"])) > markers.INLINE_LIMIT
    assert len(stage.storage.get("w/steps/a")) < 1000


def test_4_a_stored_result_flows_into_arguments_and_along_a_chain(stage: Stage):
    @activity.with_attributes()
    def count(found: list[Point], *more: Any) -> list[str]:
        return [type(point).__name__ for point in found]

    def body(workflow: Any) -> Any:
        step = workflow.submit(Step("a", (points, 2)))
        chain = workflow.submit(Chain(Step("a", (points, 2)), count, send_result=True))
        return workflow.submit(count, step, [step]).result, chain.result[1]

    assert [stage.run(body) for _ in range(2)] == [(["Point"] * 2, ["Point"] * 2)] * 2
    assert CALLS == ["points"]


def test_4_a_step_that_runs_around_a_skipped_one_stores_its_result_again(stage: Stage):
    def body(workflow: Any) -> Any:
        return workflow.submit(Step("a", Group(Step("b", pair), (note, "x")))).result

    ran = stage.run(body)
    stage.write("a", b"")

    assert [stage.run(body) for _ in range(2)] == [ran, ran]


@IN_MEMORY
def test_4_a_marker_is_read_only_when_its_result_is(stage: Stage):
    stage.run(simple("a", "b"))
    watched = Watched(stage.storage)

    def body(workflow: Any) -> Any:
        step, _ = workflow.submit(Step("a", (note, "a"))), workflow.submit(Step("b", (note, "b")))
        assert step.exception is None
        assert "get" not in watched.counts
        return step.result, step.result

    assert stage.run(body, storage=watched) == ("a", "a")
    assert [call.key for call in watched.calls if call.method == "get"] == ["w/steps/a"]


def test_4_a_result_that_cannot_be_stored_is_an_error_where_it_is_read(stage: Stage, caplog):
    def body(workflow: Any) -> Any:
        return workflow.submit(Step("a", Group((note, "x"), opaque))).result

    assert stage.run(body)[0] == "x"
    assert "the result of step a cannot be stored: " in caplog.text
    assert stage.done() == {"a"}

    stage.run(lambda workflow: workflow.submit(Step("a", note)).exception)
    with pytest.raises(ResultNotStored, match=r"step 'a' is done, but its result was not stored \(.*force the step"):
        stage.run(body)
    assert stage.run(body, force=["a"])[0] == "x"


@pytest.mark.parametrize(("groups", "stored"), [(49, True), (50, True), (51, False)])
def test_4_a_result_too_deep_to_store_is_an_error_where_it_is_read(stage: Stage, groups, stored):
    deep = 0
    for _ in range(150):
        deep = [deep]

    def body(workflow: Any) -> Any:
        nested: Any = (note, "x", deep)
        for _ in range(groups):
            nested = Group(nested)
        return workflow.submit(Step("a", nested)).result

    ran = stage.run(body)

    assert stage.done() == {"a"}
    if stored:
        assert stage.run(body) == ran
    else:
        with pytest.raises(ResultNotStored):
            stage.run(body)


def test_4_a_step_around_a_result_that_was_not_stored_is_marked_without_one(stage: Stage):
    def body(workflow: Any) -> Any:
        return workflow.submit(Step("a", Group(Step("b", opaque), (note, "x")))).exception

    stage.run(body)
    stage.write("a", b"")

    assert stage.run(body) is None
    assert "not stored" in stage.markers()["a"]["result_error"]


@pytest.mark.parametrize("body", [b'{"run_id": "r", "workflow_id": "w", "version": "1"}', b"{}"])
def test_4_a_marker_of_simpleflow_yields_none(stage: Stage, body):
    stage.write("a", body)

    assert stage.run(simple("a")) == [None]
    assert CALLS == []


@pytest.mark.parametrize("body", [b"done", b"[]", b"\xff\xfe", b'{"nonce": 1}', b'{"a": NaN}', b"[" * 5000])
def test_4_a_marker_full_of_garbage_counts_as_done_and_is_an_error_where_it_is_read(stage: Stage, body):
    stage.write("a", body)

    stage.run(lambda workflow: workflow.submit(Step("a", note)).exception)
    assert stage.statuses("a") == ["skipped"]
    with pytest.raises(MarkerCorrupt, match=r"step 'a'.*clear"):
        stage.run(simple("a"))
    assert stage.run(simple("a"), force=["a"]) == ["a"]


def test_4_a_step_skipped_by_name_that_was_never_done_has_no_result_and_says_so(stage: Stage, caplog):
    assert stage.run(simple("a"), skip=["a"]) == [None]
    assert "step skipped although it was never done: it has no result: a" in caplog.text


def test_4_a_result_invalidated_by_another_run_is_a_clear_error(stage: Stage):
    def body(workflow: Any) -> Any:
        step = workflow.submit(Step("a", note))
        assert step.exception is None
        stage.write("a", b"")
        return step.result

    stage.run(simple("a"))

    with pytest.raises(ResultNotStored, match="step 'a' was invalidated or removed since it was listed"):
        stage.run(body)


# 5. Markers are listed once for each run (test_requests.py counts on).


@pytest.mark.parametrize(("listing", "lists"), [("per_run", 1), ("per_step", 3)])
def test_5_markers_are_listed_once_or_at_each_step_if_asked(stage: Stage, listing, lists):
    watched = Watched(stage.storage)

    stage.run(simple("a", "b", "c"), storage=watched, attributes={"step_listing": listing})

    assert watched.counts == {"list": lists, "put": 3}


def test_5_what_others_do_meanwhile_is_seen_if_asked(stage: Stage):
    def body(workflow: Any) -> Any:
        workflow.submit(Step("a", (note, "a"))).result  # noqa: B018
        stage.write("b", b"{}")
        return workflow.submit(Step("b", (note, "b"))).result

    stage.run(body, attributes={"step_listing": "per_step"})

    assert CALLS == ["a"]


# 6. A name in a force or skip list that never matched a step is reported, with the nearest names.


def test_6_names_that_matched_nothing_are_reported_with_the_nearest(stage: Stage, caplog):
    stage.run(simple("load.clean", "report"), force=["reprot", "load"], skip=["laod"])

    (event,) = [event for event in stage.events if isinstance(event, NamesUnmatched)]
    assert event.nearest == {"reprot": ["report"], "laod": ["load"]}
    assert caplog.text.count("a name to force or skip matched no step") == 2


def test_6_names_that_matched_are_not_reported(stage: Stage):
    stage.run(simple("load.clean"), force=["load", "*"], skip=["load.clean"])

    assert [event for event in stage.events if isinstance(event, NamesUnmatched)] == []


def test_6_names_that_the_workflow_added_are_reported_but_not_its_dependents(stage: Stage):
    def body(workflow: Any) -> Any:
        workflow.add_forced_steps(["reprot"])
        return workflow.submit(Step("report", note_x, force_steps_if_executed=["later"])).result

    note_x = (note, "x")

    stage.run(body)

    (event,) = [event for event in stage.events if isinstance(event, NamesUnmatched)]
    assert event.nearest == {"reprot": ["report"]}


# 7. Steps execute at least once, and a marked step never executes again unless forced.


@EVERYWHERE
def test_7_a_run_that_failed_goes_on_where_it_stopped(stage: Stage):
    def body(workflow: Any, activity_of_b: Any) -> Any:
        workflow.submit(Step("a", (note, "a"))).result  # noqa: B018
        workflow.submit(Step("b", (activity_of_b, "b"))).result  # noqa: B018
        return workflow.submit(Step("c", (note, "c"))).result

    with pytest.raises(TaskFailed):
        stage.run(lambda workflow: body(workflow, fail))
    stage.run(lambda workflow: body(workflow, note))
    stage.run(lambda workflow: body(workflow, note))

    assert CALLS == ["a", "b", "b", "c"]


def test_7_a_step_whose_mark_failed_runs_again(stage: Stage):
    broken = Watched(stage.storage, before=at_key("put", "w/steps/a", raising(StorageUnavailable("no answer"))))

    with pytest.raises(StorageUnavailable):
        stage.run(simple("a"), storage=broken)
    stage.run(simple("a"))

    assert CALLS == ["a", "a"]


def test_7_a_step_whose_mark_lost_its_answer_does_not_run_again(stage: Stage):
    broken = Watched(stage.storage, after=at_key("put", "w/steps/a", raising(StorageUnavailable("no answer"))))

    with pytest.raises(StorageUnavailable):
        stage.run(simple("a"), storage=broken)
    stage.run(simple("a"))

    assert CALLS == ["a"]
