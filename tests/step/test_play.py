from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from simpleflow_steps import Chain, FuncGroup, Group, Step, Workflow, WorkflowStepMixin, activity, futures
from simpleflow_steps.events import StepCompleted, StepDecided, StepEvent, StepFailed, StepSkipped, StepStarted
from simpleflow_steps.exceptions import InvalidInput, RunSuperseded, TaskCanceled, TaskFailed, WorkflowStuck
from simpleflow_steps.step.selection import ALREADY_DONE, FORCED_BY_ITSELF
from tests.step.stage import CALLS, EVERYWHERE, Stage, fail, fail_quietly, note, simple

GATE = Event()


@activity.with_attributes()
def wait_at_the_gate(name: str) -> str:
    CALLS.append(name)
    assert GATE.wait(20)
    return name


@activity.with_attributes()
def open_the_gate() -> None:
    GATE.set()


@pytest.fixture(autouse=True)
def _closed_gate() -> None:
    GATE.clear()


class Child(Workflow, WorkflowStepMixin):
    name = "child"

    def run(self) -> str:
        return self.submit(self.step("inner", (note, "inner"))).result


def entry(status: str, *reasons: str, forced: bool = False, step: str = "a") -> dict[str, Any]:
    return {"step": step, "status": status, "forced": forced, "reasons": list(reasons)}


# The decision table, row by row


@EVERYWHERE
@pytest.mark.parametrize(("skip", "done"), [((), False), ((), True), (("a",), False), (("*",), True)])
def test_a_forced_step_runs_and_says_why(stage: Stage, skip, done):
    if done:
        stage.run(simple("a"))
        CALLS.clear()

    stage.run(simple("a"), force={"a": "new data"}, skip=skip)

    assert CALLS == ["a"]
    assert stage.log == [entry("scheduled", "new data", forced=True), entry("completed", "new data", forced=True)]
    assert [(event.forced, event.reasons) for event in stage.said(StepStarted)] == [(True, ("new data",))]
    assert stage.markers()["a"]["forced"] is True
    assert stage.markers()["a"]["reasons"] == ["new data"]


@EVERYWHERE
@pytest.mark.parametrize("done", [False, True])
def test_a_step_skipped_by_name_does_not_run_and_says_why(stage: Stage, done):
    if done:
        stage.run(simple("a"))
        CALLS.clear()
    before = stage.contents()

    stage.run(simple("a"), skip={"a": "too slow"})

    assert CALLS == []
    assert stage.log == [entry("skipped", "too slow", forced=True)]
    assert [(event.forced, event.reasons, event.done) for event in stage.said(StepSkipped)] == [
        (True, ("too slow",), done)
    ]
    assert stage.contents() == before


@EVERYWHERE
def test_a_done_step_is_skipped_because_it_was_played(stage: Stage):
    stage.run(simple("a"))
    CALLS.clear()

    assert stage.run(simple("a")) == ["a"]
    assert CALLS == []
    assert stage.log == [entry("skipped", ALREADY_DONE)]
    assert [(event.forced, event.done) for event in stage.said(StepSkipped)] == [(False, True)]


@EVERYWHERE
def test_any_other_step_runs_without_a_reason(stage: Stage):
    assert stage.run(simple("a")) == ["a"]
    assert CALLS == ["a"]
    assert stage.log == [entry("scheduled"), entry("completed")]
    assert [type(event) for event in stage.events if isinstance(event, StepEvent)] == [
        StepDecided,
        StepStarted,
        StepCompleted,
    ]
    assert stage.done() == {"a"}


def test_a_step_may_force_itself(stage: Stage):
    stage.run(simple("a"))

    stage.run(simple("a", force=True), skip=["a"])

    assert CALLS == ["a", "a"]
    assert stage.log[0] == entry("scheduled", FORCED_BY_ITSELF, forced=True)


def test_names_cover_what_is_under_them(stage: Stage):
    stage.run(simple("a.b.c", "ab", "x"))
    CALLS.clear()

    stage.run(simple("a.b.c", "ab", "x"), force=["a"])
    stage.run(simple("a.b.c", "ab", "x"), force=["*"], skip=["x"])

    assert CALLS == ["a.b.c", "a.b.c", "ab", "x"]


def test_a_failing_step_says_so_and_never_that_it_completed(stage: Stage):
    with pytest.raises(TaskFailed, match="no luck"):
        stage.run(lambda workflow: workflow.submit(Step("a", (fail, "a"))).result)

    assert stage.log == [entry("scheduled")]
    assert ["no luck" in event.error for event in stage.said(StepFailed)] == [True]
    assert stage.said(StepCompleted) == []


def test_a_step_is_scheduled_before_its_activities_and_completed_after_it_is_marked(stage: Stage):
    seen = {}

    def body(workflow: Any) -> None:
        workflow.submit(Step("a", FuncGroup(lambda: look("inside")))).result  # noqa: B018
        look("after")

    def look(when: str) -> Any:
        seen[when] = (stage.statuses("a"), stage.done())
        return note, "x"

    stage.run(body)

    assert seen == {"inside": (["scheduled"], set()), "after": (["scheduled", "completed"], {"a"})}


# Signals, alternatives, failures that do not bubble


def signalled(workflow: Any, step: Step, looks: int = 1) -> bool:
    """Play a step and tell whether it sent its signal; what a signal ended is written first, which takes its time."""
    waiting = workflow.submit(workflow.wait_signal("step.a"))
    workflow.submit(step).exception  # noqa: B018
    workflow.submit(note, "later").result  # noqa: B018
    for look in range(looks):
        if waiting.done:
            break
        workflow.submit(workflow.start_timer(f"look {look}", 0.05)).wait()
    return waiting.done


@pytest.mark.parametrize("done", [False, True])
def test_a_step_sends_its_signal_run_or_skipped(stage: Stage, done):
    if done:
        stage.run(simple("a"))

    assert stage.run(lambda workflow: signalled(workflow, Step("a", (note, "a"), emit_signal=True), looks=400))
    assert stage.statuses("a")[-1] == ("skipped" if done else "completed")


@pytest.mark.parametrize("what", [fail, fail_quietly])
def test_a_failed_step_sends_no_signal(stage: Stage, what):
    assert not stage.run(lambda workflow: signalled(workflow, Step("a", (what, "a"), emit_signal=True)))


def test_a_step_that_is_not_asked_to_sends_no_signal(stage: Stage):
    assert not stage.run(lambda workflow: signalled(workflow, Step("a", (note, "a"))))


def test_a_step_may_wait_for_a_signal(stage: Stage):
    def body(workflow: Any) -> Any:
        waiting = workflow.submit(Step("wait", workflow.wait_signal("go")))
        workflow.submit(workflow.signal("go", {"rows": 3}))
        return waiting.result

    assert stage.run(body) == {"rows": 3}
    assert stage.run(lambda workflow: workflow.submit(Step("wait", workflow.wait_signal("go"))).result) == {"rows": 3}


def test_a_skipped_step_plays_its_alternative_and_takes_its_result(stage: Stage):
    body = simple("a", activities_if_step_already_done=(note, "instead"))

    assert stage.run(body) == ["a"]
    assert stage.run(body) == ["instead"]
    assert stage.run(body, skip=["a"]) == ["instead"]
    assert CALLS == ["a", "instead", "instead"]
    assert stage.log == [entry("skipped", "Asked for at submission (skip)", forced=True)]


def test_a_failing_alternative_fails_the_step_and_leaves_its_marker(stage: Stage):
    stage.run(simple("a"))
    before = stage.contents()

    with pytest.raises(TaskFailed, match="instead has no luck"):
        stage.run(simple("a", activities_if_step_already_done=(fail, "instead"), emit_signal=True))

    assert stage.contents() == before
    assert stage.log == []
    assert [event.step for event in stage.said(StepFailed)] == ["a"]


def test_an_alternative_may_be_a_step_of_its_own(stage: Stage):
    body = simple("a", activities_if_step_already_done=Step("a-again", (note, "instead")))

    assert [stage.run(body) for _ in range(3)] == [["a"], ["instead"], ["instead"]]
    assert CALLS == ["a", "instead"]
    assert stage.done() == {"a", "a-again"}


@pytest.mark.parametrize("bubbles", [False, True])
def test_a_failure_kept_from_being_raised_shows_in_the_exception_if_asked(stage: Stage, bubbles):
    def body(workflow: Any) -> Any:
        step = workflow.submit(Step("a", (fail_quietly, "a"), bubbles_exception_on_failure=bubbles))
        return step.result, step.exception is not None

    assert stage.run(body) == (None, bubbles)
    assert stage.done() == set()


# Steps in steps


def test_a_nested_step_has_its_own_marker_and_decision(stage: Stage):
    def body(workflow: Any) -> Any:
        inner = Step("outer.inner", (note, "inner"))
        return workflow.submit(Step("outer", Chain((note, "before"), Group(inner), (note, "after")))).result

    assert stage.run(body) == ["before", ["inner"], "after"]
    assert stage.done() == {"outer", "outer.inner"}

    CALLS.clear()
    stage.write("outer", b"")

    assert stage.run(body) == ["before", ["inner"], "after"]
    assert CALLS == ["before", "after"]
    assert stage.statuses("outer.inner") == ["skipped"]


def test_a_failing_nested_step_leaves_no_marker_around_it_but_those_before_stay(stage: Stage):
    def body(workflow: Any) -> Any:
        return workflow.submit(Step("outer", Chain(Step("good", (note, "x")), Step("bad", (fail, "y"))))).result

    with pytest.raises(TaskFailed):
        stage.run(body)

    assert stage.done() == {"good"}
    assert {event.step for event in stage.said(StepFailed)} == {"outer", "bad"}


def test_activities_know_the_innermost_step_around_them(stage: Stage):
    @activity.with_attributes()
    def where() -> str | None:
        return activity.context().step

    def body(workflow: Any) -> Any:
        return workflow.submit(Chain(where, Step("a", Chain(where, Step("b", where), where)), where)).result

    assert stage.run(body) == [None, ["a", "b", "a"], None]


@pytest.mark.parametrize("way", [Chain, Group, lambda step: FuncGroup(lambda: step)], ids=["chain", "group", "func"])
def test_a_step_that_contains_itself_is_a_clear_error(stage: Stage, way):
    with pytest.raises(InvalidInput, match="step 'a' contains itself: give the inner one another name"):
        stage.run(lambda workflow: workflow.submit(Step("a", Step("b", way(Step("a", (note, "x")))))).result)

    assert stage.done() == set()
    assert CALLS == []


def test_steps_that_wait_for_each_other_are_stuck_not_hanging(stage: Stage):
    def body(workflow: Any) -> Any:
        return workflow.submit(Group(Step("a", Step("b", note)), Step("b", Step("a", note)))).result

    with pytest.raises(WorkflowStuck):
        stage.run(body)

    assert stage.done() == set()


def test_a_child_workflows_steps_have_markers_of_its_own(stage: Stage):
    def body(workflow: Any) -> Any:
        return workflow.submit(Step("a", Child)).result

    assert stage.run(body) == "inner"

    keys = [key for key in stage.contents() if "/steps/" in key]
    assert "w/steps/a" in keys
    assert [key.startswith("w.child-") and key.endswith("/steps/inner") for key in keys if key != "w/steps/a"] == [True]
    assert stage.run(body, force=["a"]) == "inner"
    assert CALLS == ["inner"]


def test_names_to_force_reach_the_steps_of_children(stage: Stage):
    def body(workflow: Any) -> Any:
        return workflow.submit(Child).result

    stage.run(body)
    stage.run(body, force=["inner"])

    assert CALLS == ["inner", "inner"]


# The same step more than once in one run


def test_a_step_submitted_again_is_skipped_with_its_result(stage: Stage):
    assert stage.run(simple("a", "a")) == ["a", "a"]
    assert CALLS == ["a"]
    assert stage.statuses("a") == ["scheduled", "completed", "skipped"]


def test_a_step_submitted_twice_at_once_runs_once(stage: Stage):
    def body(workflow: Any) -> Any:
        return workflow.submit(Group(*(Step("a", (note, "a", number)) for number in range(3)))).result

    assert stage.run(body) == [0, 0, 0]
    assert CALLS == ["a"]


def test_a_forced_step_submitted_twice_runs_twice_and_not_at_once(stage: Stage):
    def body(workflow: Any) -> Any:
        first = Chain((note, "begin"), (note, "end"))
        return workflow.submit(Group(Step("a", first, force=True), Step("a", first, force=True))).result

    stage.run(body)

    assert CALLS == ["begin", "end", "begin", "end"]
    assert stage.markers()["a"]["attempt"] == 2


def test_a_step_that_failed_may_be_submitted_again(stage: Stage):
    def body(workflow: Any) -> Any:
        first = workflow.submit(Step("a", (fail, "first")))
        assert first.exception is not None

        return workflow.submit(Step("a", (note, "second"))).result

    assert stage.run(body) == "second"
    assert stage.done() == {"a"}


def test_the_first_result_survives_that_the_step_is_forced_afterwards(stage: Stage):
    def body(workflow: Any) -> Any:
        first = workflow.submit(Step("a", (note, "a", "old")))
        second = workflow.submit(Step("a", (note, "a", "new"), force=True))
        return futures.wait(second, first)

    stage.run(lambda workflow: workflow.submit(Step("a", (note, "a", "old"))).result)

    assert stage.run(body) == ["new", "old"]


# Cancelling


def test_a_cancelled_step_leaves_no_marker_and_says_that_it_failed(stage: Stage):
    def body(workflow: Any) -> Any:
        step = workflow.submit(Step("a", Chain((note, "x"), (wait_at_the_gate, "y"), (note, "z"))))
        workflow.submit(note, "meanwhile").result  # noqa: B018
        while "y" not in CALLS:
            workflow.submit(note, "looking").result  # noqa: B018
        step.cancel()
        GATE.set()
        with pytest.raises(TaskCanceled):
            step.result  # noqa: B018

    stage.run(body)

    assert stage.done() == set()
    assert "z" not in CALLS
    assert [event.error for event in stage.said(StepFailed)] == ["step 'a' was cancelled"]


def test_cancelling_one_of_several_at_once_does_not_let_the_next_overtake_the_first(stage: Stage):
    def body(workflow: Any) -> Any:
        first, second, third = (
            workflow.submit(Step("a", Chain((wait_at_the_gate, f"in {each}"), (note, f"out {each}")), force=True))
            for each in "123"
        )
        second.cancel()
        fourth = workflow.submit(Step("a", (note, "4"), force=True))
        workflow.submit(open_the_gate)
        return futures.wait(first, third, fourth)

    stage.run(body)

    assert CALLS == ["in 1", "out 1", "in 3", "out 3", "4"]


def test_cancelling_the_last_of_several_at_once_does_not_let_the_next_overtake_the_first(stage: Stage):
    def body(workflow: Any) -> Any:
        first, second = (
            workflow.submit(Step("a", Chain((wait_at_the_gate, f"in {each}"), (note, f"out {each}")), force=True))
            for each in "12"
        )
        second.cancel()
        third = workflow.submit(Step("a", (note, "3"), force=True))
        workflow.submit(open_the_gate)
        return futures.wait(first, third)

    stage.run(body)

    assert CALLS == ["in 1", "out 1", "3"]


def test_cancelling_the_step_that_asked_for_the_listing_leaves_it_to_the_others(stage: Stage):
    def body(workflow: Any) -> Any:
        asked, other = workflow.submit(Step("a", (note, "a"))), workflow.submit(Step("b", (note, "b")))
        asked.cancel()
        return other.result

    stage.run(simple("a", "b"))
    CALLS.clear()

    assert stage.run(body) == "b"
    assert CALLS == []


def test_a_step_is_not_marked_over_an_inner_one_that_another_run_invalidated_meanwhile(stage: Stage):
    @activity.with_attributes()
    def invalidate_inner() -> None:
        stage.write("inner", b"")

    def body(workflow: Any, *activities: Any) -> Any:
        return workflow.submit(Step("outer", Chain(Step("inner", (note, "inner")), *activities))).exception

    stage.run(body)

    with pytest.raises(RunSuperseded, match="step 'inner' was invalidated or removed"):
        stage.run(lambda workflow: body(workflow, invalidate_inner), force=["outer"])
    assert stage.done() == set()
    stage.run(body)
    assert stage.done() == {"outer", "inner"}
