"""`SwfExecutor.run`: a decider and a worker of this process, and how it ends when they or the caller do."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from threading import Event as Flag
from typing import Any

import pytest

from simpleflow_steps import Workflow, activity
from simpleflow_steps.events import Event, RunFinished
from simpleflow_steps.exceptions import EngineDenied, TaskFailed
from simpleflow_steps.executors.swf import SwfExecutor
from tests.executors.activities import broken, echo
from tests.executors.swf.simulated import SimulatedSwf

ENDED = Flag()


@activity.with_attributes()
def interrupts(seconds: float) -> None:
    """Interrupt the run, and take so long after that."""
    os.kill(os.getpid(), signal.SIGINT)
    Flag().wait(seconds)
    ENDED.set()


@pytest.fixture(autouse=True)
def _not_ended() -> Iterator[None]:
    ENDED.clear()
    return


class DenyingSwf(SimulatedSwf):
    """Refuses what polls for one kind of task, once it gave so many."""

    def __init__(self, kind: str, after: int) -> None:
        super().__init__()
        self.kind, self.left = kind, after

    def poll_decision(self, task_list: str, page: str | None = None) -> dict[str, Any]:
        self._deny("decision")
        return super().poll_decision(task_list, page)

    def poll_activity(self, task_list: str) -> dict[str, Any]:
        self._deny("activity")
        return super().poll_activity(task_list)

    def _deny(self, kind: str) -> None:
        if kind == self.kind:
            self.left -= 1
            if self.left < 0:
                raise EngineDenied(f"nobody may poll for a task of kind {kind}", "AccessDeniedException")


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


@pytest.mark.parametrize(("grace", "ended"), [(10.0, True), (0.1, False)])
def test_an_interruption_lets_activities_end_and_terminates_the_execution(grace: float, ended: bool) -> None:
    told: list[Event] = []
    swf = SimulatedSwf()

    def continues(self: Workflow, generation: int = 0) -> None:
        if generation == 0:
            self.continue_as_new(1)
        self.submit(interrupts, 1.0).wait()
        self.submit(echo).wait()

    with pytest.raises(KeyboardInterrupt):
        executor(continues, swf, told, grace_period=grace).run()

    assert ENDED.is_set() is ended
    assert ends(told) == ["continued", "interrupted"]
    assert closings(swf) == ["WorkflowExecutionContinuedAsNew", "WorkflowExecutionTerminated"]
