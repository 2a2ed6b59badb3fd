"""From, until and only, in real runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simpleflow_steps import Chain, Group, LocalExecutor, Step, Workflow, WorkflowStepMixin
from simpleflow_steps.events import NamesUnmatched, RunFinished, StepDecided
from simpleflow_steps.exceptions import TaskFailed
from tests.runs import last_run
from tests.step.stage import CALLS, IN_MEMORY, Stage, fail, note, simple

pytestmark = IN_MEMORY

THREE = simple("a", "b", "c")


def nested(workflow: Any) -> None:
    for name in ("a", "outer", "z"):
        inside = Chain(Step("first", (note, "first")), Step("x", (note, "x"))) if name == "outer" else (note, name)
        workflow.submit(Step(name, inside)).result  # noqa: B018


class Inner(Workflow, WorkflowStepMixin):
    def run(self) -> None:
        for name in ("in.1", "in.2"):
            self.submit(self.step(name, (note, name))).result  # noqa: B018


def with_child(workflow: Any) -> None:
    workflow.submit(Step("a", (note, "a"))).result  # noqa: B018
    workflow.submit(Inner).result  # noqa: B018
    workflow.submit(note, "outside steps").result  # noqa: B018
    workflow.submit(Step("z", (note, "z"))).result  # noqa: B018


def called(stage: Stage, body: Callable[..., Any], **lists: Any) -> list[str]:
    CALLS.clear()
    stage.run(body, **lists)
    return list(CALLS)


def status(stage: Stage) -> str:
    return last_run(stage.storage, "w").status


class TestUntil:
    def test_stops_after_the_step_and_a_resume_goes_on(self, stage: Stage) -> None:
        assert called(stage, THREE, until=["b"]) == ["a", "b"]
        assert status(stage) == "stopped"
        assert [each.status for each in stage.events if isinstance(each, RunFinished)] == ["stopped"]
        assert b'"held":false' in stage.storage.get("w/lease").replace(b" ", b"").replace(b"\n", b"")

        assert called(stage, THREE) == ["c"]
        assert status(stage) == "completed"

    def test_gives_none_when_it_stops_and_the_result_after_the_last_step(self, stage: Stage) -> None:
        assert stage.run(THREE, until=["b"]) is None
        assert stage.run(THREE, until=["c"]) == ["a", "b", "c"]
        assert status(stage) == "completed"

    def test_tells_the_workflow_that_it_completed_with_its_last_step(self, stage: Stage) -> None:
        told: list[str] = []

        stage.run(THREE, until=["c"], attributes={"on_completed": lambda *_: told.append("completed")})

        assert told == ["completed"]

    def test_a_failure_swallowed_before_does_not_keep_the_last_step_from_completing(self, stage: Stage) -> None:
        def body(workflow: Any) -> str:
            with pytest.raises(TaskFailed):
                workflow.submit(Step("bad", (fail, "bad"))).result  # noqa: B018
            return str(workflow.submit(Step("last", (note, "last"))).result)

        assert stage.run(body, until=["last"]) == "last"
        assert status(stage) == "completed"

    def test_a_failure_that_nobody_looked_at_is_not_hidden_by_the_stop_after_the_last_step(self, stage: Stage) -> None:
        def body(workflow: Any) -> None:
            bad = workflow.submit(Step("bad", (fail, "bad")))
            while not bad.done:
                workflow.executor.turn()
            workflow.submit(Step("last", (note, "last"))).result  # noqa: B018

        with pytest.raises(TaskFailed):
            stage.run(body, until=["last"])

    @pytest.mark.parametrize("asked", [["s"], ["s.1", "s.2"]])
    @pytest.mark.parametrize("recorded", [False, True])
    def test_waits_for_all_that_it_covers(self, stage: Stage, asked: list[str], recorded: bool) -> None:
        body = simple("a", "s.1", "s.2", "z")
        if recorded:
            stage.run(body)

        assert called(stage, body, until=asked, force=["*"]) == ["a", "s.1", "s.2"]

    def test_stops_inside_a_step_which_then_is_not_marked(self, stage: Stage) -> None:
        assert called(stage, nested, until=["first"]) == ["a", "first"]
        assert stage.done() == {"a", "first"}
        assert status(stage) == "stopped"

    def test_is_reached_when_the_step_around_it_is_skipped(self, stage: Stage) -> None:
        stage.run(nested)

        assert called(stage, nested, until=["x"], force=["z"]) == []
        assert status(stage) == "stopped"

    def test_finishes_and_marks_what_runs_side_by_side(self, stage: Stage) -> None:
        def body(workflow: Any) -> None:
            steps = [Step(name, (note, name)) for name in ("a", "b", "c", "d")]
            workflow.submit(Group(*steps, max_parallel=2)).result  # noqa: B018

        assert {"a"} <= set(called(stage, body, until=["a"])) <= {"a", "b", "c"}
        assert stage.done() == set(CALLS)
        assert status(stage) == "stopped"

    @pytest.mark.parametrize("how", ["one by one", "at once"])
    def test_cannot_be_swallowed(self, stage: Stage, how: str) -> None:
        def stubborn(workflow: Any) -> None:
            steps = [Step(name, (note, name)) for name in ("a", "b", "c")]
            if how == "at once":
                steps = [Group(*steps, max_parallel=1)]
            for step in steps:
                for _ in range(5):
                    try:
                        workflow.submit(step).result  # noqa: B018
                        break
                    except Exception:  # noqa: BLE001
                        continue
            workflow.submit(note, "afterwards").result  # noqa: B018

        assert called(stage, stubborn, until=["a"]) == ["a"]
        assert status(stage) == "stopped"

    def test_a_failed_step_is_not_over(self, stage: Stage) -> None:
        def body(workflow: Any) -> None:
            with pytest.raises(TaskFailed):
                workflow.submit(Step("a", (fail, "a"))).result  # noqa: B018
            workflow.submit(Step("z", (note, "z"))).result  # noqa: B018

        assert called(stage, body, until=["a"]) == ["a", "z"]
        assert status(stage) == "completed"

    def test_touches_nothing_that_comes_after(self, stage: Stage) -> None:
        stage.run(THREE)

        assert called(stage, THREE, until=["b"], force=["*"]) == ["a", "b"]
        assert stage.done() == {"a", "b", "c"}

    @pytest.mark.parametrize(("asked", "played"), [("in.1", ["a", "in.1"]), ("in", ["a", "in.1", "in.2"])])
    def test_stops_the_parent_of_the_child_too(self, stage: Stage, asked: str, played: list[str]) -> None:
        stage.run(with_child)

        assert called(stage, with_child, until=[asked], force=["*"]) == played
        assert status(stage) == "stopped"


class TestFrom:
    def test_plays_the_step_and_what_came_after_it(self, stage: Stage) -> None:
        stage.run(THREE)

        assert called(stage, THREE, from_=["b"]) == ["b", "c"]
        assert [each.reasons for each in stage.said(StepDecided)][1:] == [
            ("Asked for at submission (from)",),
            ("Comes after b: Asked for at submission (from)",),
        ]

    def test_runs_the_steps_around_but_not_what_else_is_inside(self, stage: Stage) -> None:
        stage.run(nested)

        assert called(stage, nested, from_=["x"]) == ["x", "z"]

    def test_plays_children_that_were_started_later_as_a_whole(self, stage: Stage) -> None:
        stage.run(with_child)

        assert called(stage, with_child, from_=["a"]) == ["a", "in.1", "in.2", "outside steps", "z"]
        assert called(stage, with_child, from_=["z"]) == ["outside steps", "z"]

    def test_of_an_execution_that_never_ran_plays_all(self, stage: Stage) -> None:
        assert called(stage, THREE, from_=["b"]) == ["a", "b", "c"]

    def test_says_so_when_only_markers_are_left(self, stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
        for name in "abc":
            stage.write(name, b'{"run_id": "of simpleflow"}')

        assert called(stage, THREE, from_=["b"]) == ["b"]
        assert "no record tells what came after b: to begin from it forces nothing else" in caplog.text


class TestOnly:
    def test_plays_nothing_else_and_leaves_its_dependents_to_the_next_run(self, stage: Stage) -> None:
        body = simple("a", "b", "c", force_steps_if_executed=["c"])
        stage.run(body)

        assert called(stage, body, only=["b"], force=["a"]) == ["b"]
        assert stage.done() == {"a", "b"}
        assert called(stage, body) == ["c"]

    def test_plays_the_steps_around(self, stage: Stage) -> None:
        stage.run(nested)

        assert called(stage, nested, only=["x"]) == ["x"]

    def test_beats_a_step_that_forces_itself(self, stage: Stage) -> None:
        assert called(stage, simple("a", "b", force=True), only=["b"]) == ["b"]

    def test_reports_a_name_that_matches_nothing(self, stage: Stage) -> None:
        stage.run(simple("load", "report"), only=["reprot"])

        assert [each.nearest for each in stage.events if isinstance(each, NamesUnmatched)] == [{"reprot": ["report"]}]


ALL = ("a", "b", "c")
PRECEDENCE = [
    ({"force": ["b"], "skip": ["b"]}, ["b"]),
    ({"from": ["b"], "skip": ["c"]}, ["b", "c"]),
    ({"only": ["a"], "force": ["b"], "from": ["b"]}, ["a"]),
    ({"only": ["a"], "skip": ["a"]}, ["a"]),
    ({"skip": ["b"], "force": ["*"]}, ["a", "b", "c"]),
    ({"until": ["b"], "force": ["*"]}, ["a", "b"]),
    ({"until": ["b"], "only": ["c"]}, []),
    ({"skip": ["*"]}, []),
    ({"until": ["a"], "from": ["b"]}, []),
]


@pytest.mark.parametrize("place", ["arguments", "environment", "both"])
@pytest.mark.parametrize(("lists", "played"), PRECEDENCE)
def test_one_precedence_holds_wherever_names_come_from(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, lists: dict[str, list[str]], played: list[str], place: str
) -> None:
    stage.run(THREE)
    arguments: dict[str, Any] = {}
    for number, (argument, names) in enumerate(lists.items()):
        if place == "arguments" or (place == "both" and number % 2):
            arguments["from_" if argument == "from" else argument] = names
        else:
            monkeypatch.setenv(f"SIMPLEFLOW_{argument.upper()}", ",".join(names))

    CALLS.clear()
    workflow = type("Staged", (Workflow, WorkflowStepMixin), {"run": THREE})
    LocalExecutor(workflow, storage=stage.storage, workflow_id="w", **arguments).run()

    assert played == CALLS
