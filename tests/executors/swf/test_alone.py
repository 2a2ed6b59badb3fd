"""`SwfExecutor.run`: a decider and a worker of this process, and how it ends when they or the caller do."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from threading import Event as Flag
from typing import Any

import pytest

from simpleflow_steps import Workflow, WorkflowStepMixin, activity
from simpleflow_steps.events import Event, RunFinished
from simpleflow_steps.exceptions import EngineDenied, EngineUnavailable, InvalidInput, TaskFailed
from simpleflow_steps.executors.swf import SwfExecutor, servers
from simpleflow_steps.storage import open_storage
from tests.executors.activities import broken, echo
from tests.executors.swf.simulated import SimulatedSwf

LONG = 20.0


class Stage:
    """What one test and its activities have in common."""

    def __init__(self) -> None:
        self.go, self.ended = Flag(), Flag()
        self.begun: list[str] = []


stages: list[Stage] = []


@activity.with_attributes()
def holds(name: str, interrupts: bool = False) -> None:
    """Run until the test says so; interrupt the test's thread first, if asked to."""
    stage = stages[-1]
    stage.begun.append(name)
    if interrupts:
        os.kill(os.getpid(), signal.SIGINT)
    stage.go.wait(LONG)
    stage.ended.set()


@pytest.fixture(autouse=True)
def stage() -> Iterator[Stage]:
    stages.append(Stage())
    yield stages[-1]
    stages.pop().go.set()


@pytest.fixture
def let_go_once_finishing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let activities go on as soon as no other one may begin."""

    class Finishing(servers.SystemClock):
        def wait(self, event: Flag, seconds: float) -> bool:
            stage.go.set()
            return super().wait(event, seconds)

    monkeypatch.setattr(servers, "SystemClock", Finishing)


class SlowSwf(SimulatedSwf):
    """Takes its time over what ends an execution."""

    def history(self, *args: Any, **kwargs: Any) -> Iterator[dict[str, Any]]:
        found = super().history(*args, **kwargs)
        time.sleep(0.03)
        return found

    def decide(self, *args: Any) -> None:
        time.sleep(0.03)
        super().decide(*args)


class DenyingSwf(SimulatedSwf):
    """Refuses polls for one kind of task, once it gave so many of them."""

    def __init__(self, kind: str, after: int) -> None:
        super().__init__()
        self.kind, self.left = kind, after

    def poll_decision(self, task_list: str, page: str | None = None) -> dict[str, Any]:
        return self._poll("decision", lambda: super(DenyingSwf, self).poll_decision(task_list, page))

    def poll_activity(self, task_list: str) -> dict[str, Any]:
        return self._poll("activity", lambda: super(DenyingSwf, self).poll_activity(task_list))

    def _poll(self, kind: str, poll: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if kind == self.kind and self.left <= 0:
            raise EngineDenied(f"nobody may poll for a task of kind {kind}", "AccessDeniedException")
        found = poll()
        self.left -= kind == self.kind and "taskToken" in found
        return found


def flow(body: Any) -> type[Workflow]:
    return type("Flow", (Workflow,), {"name": "flow", "run": body})


def executor(body: Any, swf: SimulatedSwf, told: list[Event], **options: Any) -> SwfExecutor:
    return SwfExecutor(
        flow(body), client=swf, storage="memory://alone", workflow_id="w", on_event=told.append, **options
    )


def ends(told: list[Event]) -> list[str]:
    return [event.status for event in told if isinstance(event, RunFinished)]


def closings(swf: SimulatedSwf) -> list[str]:
    return [run.events[-1]["eventType"] for run in swf.runs]


def test_gives_the_result() -> None:
    told: list[Event] = []
    swf = SimulatedSwf()

    assert executor(lambda self: self.submit(echo, 3).result, swf, told).run() == 3
    assert (ends(told), closings(swf)) == (["completed"], ["WorkflowExecutionCompleted"])


@pytest.mark.parametrize(("kind", "after"), [("decision", 0), ("decision", 1), ("activity", 0)])
def test_what_ends_the_decider_or_the_worker_ends_the_wait(kind: str, after: int) -> None:
    told: list[Event] = []
    swf = DenyingSwf(kind, after)

    with pytest.raises(EngineDenied, match=f"nobody may poll for a task of kind {kind}"):
        executor(lambda self: self.submit(echo, 3).result, swf, told).run()

    assert (ends(told), closings(swf)) == (["failed"], ["WorkflowExecutionTerminated"])


def test_a_failure_is_raised_and_nothing_is_terminated() -> None:
    told: list[Event] = []
    swf = SimulatedSwf()

    with pytest.raises(TaskFailed):
        executor(lambda self: self.submit(broken).result, swf, told).run()

    assert (ends(told), closings(swf)) == (["failed"], ["WorkflowExecutionFailed"])


def test_an_interruption_lets_activities_end_and_terminates_the_execution(
    stage: Stage, let_go_once_finishing: None
) -> None:
    told: list[Event] = []
    swf = SimulatedSwf()

    def continues(self: Workflow, generation: int = 0) -> None:
        if generation == 0:
            self.continue_as_new(1)
        self.submit(holds, "first", True).wait()
        self.submit(holds, "second").wait()

    with pytest.raises(KeyboardInterrupt):
        executor(continues, swf, told, grace_period=LONG).run()

    assert (stage.ended.is_set(), stage.begun) == (True, ["first"])
    assert ends(told) == ["continued", "interrupted"]
    assert closings(swf) == ["WorkflowExecutionContinuedAsNew", "WorkflowExecutionTerminated"]


def test_a_step_whose_activity_ends_within_the_grace_period_is_marked(let_go_once_finishing: None) -> None:
    storage = open_storage("memory://alone")

    def body(self: Any) -> None:
        self.submit(self.step("one", (holds, "first", True))).wait()
        self.submit(self.step("two", (holds, "second"))).wait()

    kind = type("Flow", (Workflow, WorkflowStepMixin), {"name": "flow", "run": body})
    with pytest.raises(KeyboardInterrupt):
        SwfExecutor(kind, client=SimulatedSwf(), storage=storage, workflow_id="steps", grace_period=LONG).run()

    assert [found.key for found in storage.list("steps/steps/") if found.size] == ["steps/steps/one"]


def test_what_takes_longer_than_the_grace_period_is_given_up(stage: Stage) -> None:
    told: list[Event] = []
    swf = SimulatedSwf()

    with pytest.raises(KeyboardInterrupt):
        executor(lambda self: self.submit(holds, "first", True).result, swf, told, grace_period=0.1).run()

    assert not stage.ended.is_set()
    assert (ends(told), closings(swf)) == (["interrupted"], ["WorkflowExecutionTerminated"])


@pytest.mark.parametrize("goes_on", [False, True])
def test_what_ends_or_goes_on_as_new_meanwhile_is_told_as_it_is(goes_on: bool, let_go_once_finishing: None) -> None:
    told: list[Event] = []
    swf = SlowSwf()

    def body(self: Workflow, generation: int = 0) -> None:
        self.submit(holds, "first", generation == 0).wait()
        if goes_on and generation == 0:
            self.continue_as_new(1)

    with pytest.raises(KeyboardInterrupt):
        executor(body, swf, told, grace_period=LONG).run()

    kinds = {"completed": "Completed", "continued": "ContinuedAsNew", "interrupted": "Terminated"}
    assert closings(swf) == [f"WorkflowExecution{kinds[status]}" for status in ends(told)]
    assert ends(told)[-1] != "continued"


def test_what_is_denied_to_the_worker_leaves_running_activities_their_grace(
    stage: Stage, let_go_once_finishing: None
) -> None:
    with pytest.raises(EngineDenied):
        executor(lambda self: self.submit(holds, "first").result, DenyingSwf("activity", 1), []).run()

    assert stage.begun == ["first"]
    assert stage.ended.is_set()


def test_an_outage_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    swf, looks = SimulatedSwf(), []
    look = swf.history

    def history(*args: Any, **kwargs: Any) -> Iterator[dict[str, Any]]:
        looks.append(args)
        if len(looks) == 1:
            raise EngineUnavailable("nobody is there")
        return look(*args, **kwargs)

    monkeypatch.setattr(swf, "history", history)

    assert executor(lambda self: self.submit(echo, 3).result, swf, []).run() == 3


def test_what_completes_before_its_worker_is_denied_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    swf = SimulatedSwf()
    poll = swf.poll_activity

    def poll_until_closed(task_list: str) -> dict[str, Any]:
        if swf.runs[0].closed:
            raise EngineDenied("nobody may poll any more")
        return poll(task_list)

    monkeypatch.setattr(swf, "poll_activity", poll_until_closed)
    monkeypatch.setattr("simpleflow_steps.executors.swf.executor.LOOKS", (2.0,))

    assert executor(lambda self: self.submit(echo, 3).result, swf, []).run() == 3


def test_an_execution_that_was_terminated_although_no_answer_came_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Event] = []
    swf = DenyingSwf("decision", 0)
    terminate = swf.terminate

    def terminate_twice(*args: Any) -> None:
        terminate(*args)
        terminate(*args)

    monkeypatch.setattr(swf, "terminate", terminate_twice)

    with pytest.raises(EngineDenied, match="nobody may poll"):
        executor(lambda self: None, swf, told).run()

    assert ends(told) == ["failed"]


def test_an_interrupted_start_is_said_to_leave_an_execution_open(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    swf = SimulatedSwf()

    def start(*_: Any) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(swf, "start", start)

    with pytest.raises(KeyboardInterrupt):
        executor(lambda self: None, swf, []).run()

    assert "it may be open" in caplog.text


def test_what_cannot_be_terminated_is_said_to_be_open(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Event] = []
    swf = DenyingSwf("decision", 0)

    def terminate(*_: Any) -> None:
        raise EngineDenied("nobody may terminate")

    monkeypatch.setattr(swf, "terminate", terminate)

    with pytest.raises(EngineDenied, match="nobody may poll"):
        executor(lambda self: None, swf, told).run()

    assert "execution w may be open still: nobody may terminate" in caplog.text
    assert ends(told) == ["failed"]


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"middlewares": {"pre": ["no.such"]}}], ids=str)
def test_nothing_is_started_with_a_wrong_argument(wrong: dict[str, Any]) -> None:
    swf = SimulatedSwf()

    with pytest.raises(InvalidInput):
        executor(lambda self: None, swf, [], **wrong).run()

    assert swf.runs == []
