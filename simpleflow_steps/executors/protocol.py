"""What carries a workflow out: everything that workflows, canvases and steps ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sized
    from datetime import datetime

    from simpleflow_steps.events import Event
    from simpleflow_steps.execution.roots import Roots
    from simpleflow_steps.futures import Future
    from simpleflow_steps.history import History, StepNote
    from simpleflow_steps.storage import Storage
    from simpleflow_steps.task import Task
    from simpleflow_steps.workflow import Workflow


class RunContext(TypedDict):
    """Tell one run of one execution from any other."""

    name: str
    version: str
    workflow_id: str
    run_id: str
    parent_workflow_id: str | None
    tag_list: list[str]


class Executor(Protocol):
    """Carry out one execution of a workflow.

    A workflow belongs to one thread: every method is called there. `submit` never waits.
    """

    @property
    def workflow(self) -> Workflow:
        """The workflow that is running."""

    @property
    def storage(self) -> Storage:
        """Where the execution's objects live."""

    @property
    def history(self) -> History:
        """What this run has noted so far."""

    def submit(self, task: Task) -> Future[Any]:
        """Start one task, once those of its arguments that are futures are done, and give its future."""

    def wait(self, future: Future[Any]) -> None:
        """Return when the future is done; an executor that replays leaves with `ExecutionBlocked` instead."""

    def adopt(self, future: Future[Any]) -> None:
        """Answer for a future that the workflow submitted: the run does not end before it, nor well if nobody looked
        at its failure.
        """

    @property
    def stopping(self) -> bool:
        """Whether the run was asked to stop, so that no step begins any more."""

    def stop(self) -> None:
        """End the run well although `run` has not ended: what runs is finished and marked, and nothing else begins."""

    def forget(self, step: str) -> Future[Any]:
        """Drop what is remembered of the waits inside a step, because it will be played anew although it was done."""

    def get_run_context(self) -> RunContext:
        """Say which run of which execution this is; the dict is shared and not to be changed."""

    def note(self, note: StepNote) -> None:
        """Leave the log marker of a step in the run's history."""

    def now(self) -> datetime:
        """Give the time, in UTC; the same at each replay."""

    def emit(self, event: Event) -> None:
        """Tell whoever follows the run what happened."""

    @property
    def room(self) -> Future[Any] | None:
        """What a group waits for before it starts more; None while there is room."""

    @property
    def replays(self) -> bool:
        """Whether `run` is played again from its start whenever something happens, so that nothing it asks for may
        depend on anything but what happened.
        """


class AttemptingExecutor(Executor, Protocol):
    """What the attempts at a task ask of their run beside that."""

    @property
    def closing(self) -> bool:
        """Whether the run is ending, so that nothing starts any more."""

    def abort(self, error: BaseException) -> None:
        """Have the run end with this as soon as it waits for anything."""


class PlayingExecutor(AttemptingExecutor, Protocol):
    """What `execution.playing` asks of a run that it plays to its end."""

    roots: Roots

    @property
    def children(self) -> Sized:
        """The children that live."""

    @property
    def aborted(self) -> BaseException | None:
        """Why the run must end, whatever the workflow says."""

    def finish(self) -> None:
        """Wait for everything that the workflow submitted, and for the children that it cancelled."""
