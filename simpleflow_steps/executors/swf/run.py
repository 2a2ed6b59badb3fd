"""One run of one execution on SWF, replayed: `run()` is played from its start over all that has happened so far."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any, NoReturn

from simpleflow_steps.exceptions import (
    ExecutionBlocked,
    HistoryMismatch,
    ObjectNotFound,
    RecordCorrupt,
    RunStopped,
    RunSuperseded,
    StorageError,
    TaskCanceled,
    WorkflowStuck,
)
from simpleflow_steps.execution.chronicle import Chronicle
from simpleflow_steps.execution.dataflow import LaterFuture, futures_in
from simpleflow_steps.execution.once import Once
from simpleflow_steps.execution.playing import leave_if_stopping, tell
from simpleflow_steps.execution.roots import Roots
from simpleflow_steps.executors.swf.commands import Commands
from simpleflow_steps.executors.swf.letters import Letters
from simpleflow_steps.executors.swf.starting import done, start
from simpleflow_steps.executors.swf.timers import Timers
from simpleflow_steps.history import History
from simpleflow_steps.task import ActivityTask, ChildWorkflowTask, MarkerTask
from simpleflow_steps.telemetry import NoTelemetry

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from simpleflow_steps.events import Event as Told
    from simpleflow_steps.executors.protocol import RunContext
    from simpleflow_steps.executors.swf.attempts import ActivityAttempts
    from simpleflow_steps.executors.swf.children import ChildAttempts
    from simpleflow_steps.executors.swf.history import Event
    from simpleflow_steps.executors.swf.history import History as Past
    from simpleflow_steps.executors.swf.payloads import Payloads
    from simpleflow_steps.executors.swf.submission import Submission
    from simpleflow_steps.futures import Future
    from simpleflow_steps.history import StepNote
    from simpleflow_steps.storage import Storage
    from simpleflow_steps.task import Task
    from simpleflow_steps.workflow import Workflow

    Attempts = ActivityAttempts | ChildAttempts


class Run:
    """Carry out one run; see `executors.protocol.Executor`.

    Whenever the workflow waits, it is fed the next event of its history; at the end of these it leaves with
    `ExecutionBlocked`.

    :param past: the history of the run
    :param submission: what the execution was submitted with
    :param payloads: where its texts are written and read
    :param listener: called with each event that no earlier decision has told
    :param meet: called with the class of each child
    """

    replays = True  # at each decision
    room = None

    def __init__(
        self,
        workflow_class: type[Workflow],
        past: Past,
        submission: Submission,
        payloads: Payloads,
        listener: Callable[[Told], object] | None = None,
        meet: Callable[[type[Workflow]], object] = id,
    ) -> None:
        self.past = past
        self.submission = submission
        self.payloads = payloads
        self.meet = meet
        self.trouble: Exception | None = None
        self.commands = Commands(past)
        self.roots = Roots()
        self.letters = Letters(self)
        self.timers = Timers(self)
        self.children: set[ChildAttempts] = set()
        self._listener = listener
        self._position = 0
        self._at = past.started.at
        self._history = History()
        self.once = Once()
        self._open = 0
        self.numbers = map(str, count(1))  # of the activities and the operations on steps
        self.occurrences: Counter[str] = Counter()
        self._attempts: dict[Attempts, None] = {}
        self._withdrawn: list[Callable[[], object]] | None = None
        self._aborted: BaseException | None = None
        self._closing = False
        self._hurried = False
        self._blocked = False
        self._context = _context_of(workflow_class, past)
        self.workflow: Workflow = workflow_class(self)

    @property
    def storage(self) -> Storage:
        """Where the execution's markers and long payloads live."""
        return self.payloads.storage

    @property
    def history(self) -> History:
        """What this run has noted so far."""
        return self._history

    @property
    def workflow_id(self) -> str:
        """The execution's id."""
        return self.past.workflow_id

    @property
    def parent_id(self) -> str | None:
        """The id of the execution that this one is a child of."""
        return self._context["parent_workflow_id"]

    @property
    def replaying(self) -> bool:
        """Whether an earlier decision has been here before."""
        if not self._position:
            return self.past.replayed > 0
        return self.past.events[self._position - 1].id <= self.past.replayed

    @property
    def blocked(self) -> bool:
        """Whether the workflow has come to the end of its history."""
        return self._blocked

    @property
    def closing(self) -> bool:
        """Whether the run is ending, so that nothing starts any more."""
        return self._closing

    @property
    def aborted(self) -> BaseException | None:
        """Why the run must end, whatever the workflow says."""
        return self._aborted

    @property
    def stopping(self) -> bool:
        """Whether the run was asked to stop."""
        return isinstance(self._aborted, RunStopped)

    def get_run_context(self) -> RunContext:
        """Say which run of which execution this is."""
        return self._context

    def note(self, note: StepNote) -> None:
        """Leave the log marker of a step in the run's history, and in SWF's."""
        marker = note.as_marker()
        self.submit(MarkerTask(marker.name, marker.details, marker.at))

    def now(self) -> datetime:
        """Give the time, in UTC, of the last event that the workflow has come to."""
        return self._at

    def emit(self, event: Told) -> None:
        """Tell whoever follows, unless an earlier decision has told it."""
        if self._listener is not None and not self.replaying:
            tell(self._listener, event)

    def forget(self, step: str) -> Future[Any]:  # noqa: ARG002  no run has waits of another
        """Do nothing: on SWF no wait outlives its run."""
        return done(self, None)

    def adopt(self, future: Future[Any]) -> None:
        """Answer for a future that the workflow submitted."""
        self.roots.add(future)
        leave_if_stopping(self, future.error)

    def stop(self) -> None:
        """End the run well: what runs is finished, and nothing else begins."""
        self.abort(RunStopped())

    def abort(self, error: BaseException) -> None:
        """Have the run end with this as soon as it waits for anything; to be superseded outweighs the rest."""
        if self._aborted is None or isinstance(error, RunSuperseded):
            self._aborted = error

    def submit(self, task: Task) -> Future[Any]:
        """Start a task, once those of its arguments that are futures are done."""
        if self._blocked:
            raise ExecutionBlocked
        if isinstance(task, ActivityTask | ChildWorkflowTask) and (awaited := futures_in(task)):
            later = LaterFuture(self, target=task.target)
            later.drive(later.start_when(awaited, task, self._start))
            return later
        return self._start(task)

    def wait(self, future: Future[Any]) -> None:
        """Come to what happened next until the future is done; leave if nothing more has happened."""
        while not future.done:
            self.turn()
        leave_if_stopping(self, future.error)

    def turn(self) -> None:
        """Come to the next event.

        :raises ExecutionBlocked: if there is none yet
        :raises WorkflowStuck: if there can be none any more
        """
        if self._blocked:
            raise ExecutionBlocked
        if not self._closing and self._aborted is not None:
            raise self._aborted
        if self._position == len(self.past.events):
            if not self._is_live:
                raise WorkflowStuck("the workflow waits for something that nothing under way can finish")
            self._block()
        event = self.past.events[self._position]
        self._position += 1
        self._at = event.at
        self._hear(event)

    def finish(self) -> None:
        """Wait for everything that the workflow submitted, and for the children that it cancelled."""
        while len(self.roots) or self.children:
            self.turn()

    def close(self) -> None:
        """Start nothing any more, let what runs finish and be marked, and drop what only waits."""
        self._closing = True
        self._drop()
        while (self._open or self.children) and not isinstance(self._aborted, RunSuperseded):
            self.turn()

    @property
    def rest_of_history(self) -> list[Event]:
        """The events that the workflow did not come to."""
        return list(self.past.events[self._position :])

    def ask(
        self,
        kind: str,
        what: str,
        attributes: Callable[[], dict[str, Any]],
        listen: Callable[[Event], object] | None = None,
    ) -> None:
        """Make a decision, unless the history has it."""
        try:
            self.commands.ask(kind, what, attributes, listen)
        except HistoryMismatch as error:
            self._give_up(error)

    def read(self, text: str | None, what: str) -> Any:
        """Read a text of the history; if the storage cannot be reached, nothing is decided."""
        try:
            return self.payloads.read(text, what)
        except ObjectNotFound as error:
            raise RecordCorrupt(f"{what} is gone: {error}") from error
        except StorageError as error:
            self._give_up(error)

    def ask_to_cancel(self, request: Callable[[], object]) -> None:
        """Request that something be cancelled; while the run ends, only if it has to wait for anything else."""
        if self._withdrawn is None:
            request()
        else:
            self._withdrawn.append(request)

    def track(self, future: Future[Any]) -> None:
        """Count a future as under way until it is done."""
        self._open += 1
        future.add_done_callback(self._untrack)

    def chronicle(self, name: str, activity_id: str = "", *, is_heard: bool = True) -> Chronicle:
        """Begin to tell of the attempts at a task."""
        return Chronicle(self, name, activity_id, telemetry=NoTelemetry(), is_heard=is_heard)

    def attempt(self, attempts: Attempts) -> Future[Any]:
        """Start the first attempt at a task, unless the run is ending."""
        future = attempts.future
        if self._closing or self.stopping:
            future.set_cancelled("the run is ending")
            return future
        self._attempts[attempts] = None
        future.add_done_callback(lambda _: self._attempts.pop(attempts, None))
        return self.begin(attempts)

    def begin(self, attempts: Attempts) -> Future[Any]:
        """Start the first attempt at what is done to its end even if the run is ending."""
        self.track(attempts.future)
        attempts.start()
        return attempts.future

    def _start(self, task: Task) -> Future[Any]:
        return start(task, self)

    def _hear(self, event: Event) -> None:
        try:
            self.commands.hear(event)
        except HistoryMismatch as error:
            self._give_up(error)
        if event.kind == "WorkflowExecutionSignaled":
            self.letters.receive(event)
        elif event.kind == "WorkflowExecutionCancelRequested":
            self._hurry()

    def _hurry(self) -> None:
        self._hurried = True
        self.abort(TaskCanceled(f"execution {self.workflow_id} was cancelled"))
        if self._closing:
            self._drop()

    def _drop(self) -> None:
        """Cancel what has not begun; if the run was cancelled, what has begun too."""
        self._withdrawn = []
        for attempts in list(self._attempts):
            if self._hurried:
                attempts.future.cancel()
            else:
                attempts.withdraw()
        requests, self._withdrawn = self._withdrawn, None
        if self._open or self.children:
            for request in requests:
                request()

    @property
    def _is_live(self) -> bool:
        """Whether anything is under way that may still bring something."""
        return bool(self._open or self.children or self.timers.running or self.letters.box.awaited)

    def _untrack(self, _: Future[Any]) -> None:
        self._open -= 1

    def _give_up(self, trouble: Exception) -> NoReturn:
        """Decide nothing: what is in the way is no matter of the workflow's."""
        self.trouble = self.trouble or trouble
        self._block()

    def _block(self) -> NoReturn:
        self._blocked = True
        raise ExecutionBlocked


def _context_of(workflow: type[Workflow], past: Past) -> RunContext:
    facts = past.started.facts
    parent = facts.get("parentWorkflowExecution") or {}
    return {
        "name": facts["workflowType"]["name"],
        "version": facts["workflowType"]["version"],
        "workflow_id": past.workflow_id,
        "run_id": past.run_id,
        "parent_workflow_id": parent.get("workflowId"),
        "tag_list": list(facts.get("tagList") or workflow.tag_list),
    }
