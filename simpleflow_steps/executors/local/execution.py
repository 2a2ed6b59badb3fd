"""One run of one execution on this machine: a thread that owns it, and a queue through which everything reaches it."""

from __future__ import annotations

from collections import Counter
from functools import partial, singledispatchmethod
from typing import TYPE_CHECKING, Any

from simpleflow_steps import log
from simpleflow_steps.codec import check_arguments, check_fit
from simpleflow_steps.dispatch import choice_of
from simpleflow_steps.events import ChildStarted, event_of
from simpleflow_steps.exceptions import InvalidInput, RunStopped, RunSuperseded, TaskCanceled, WorkflowStuck
from simpleflow_steps.execution.chronicle import Chronicle
from simpleflow_steps.execution.dataflow import LaterFuture, futures_in
from simpleflow_steps.execution.mailbox import Letter, Mailbox
from simpleflow_steps.execution.once import Once
from simpleflow_steps.execution.playing import leave_if_stopping
from simpleflow_steps.execution.roots import PassiveFuture, Roots, TimerFutures
from simpleflow_steps.execution.signals import send_signal
from simpleflow_steps.executors.local.attempts import ActivityAttempts, ChildAttempts
from simpleflow_steps.executors.local.children import Children
from simpleflow_steps.executors.local.loop import Loop
from simpleflow_steps.executors.local.operating import operated
from simpleflow_steps.executors.local.room import Room
from simpleflow_steps.executors.local.waits import Waits
from simpleflow_steps.futures import Future, after
from simpleflow_steps.history import History, LogMarker
from simpleflow_steps.identity import check_workflow_id, child_workflow_id
from simpleflow_steps.scope import current_step
from simpleflow_steps.step.operations import ListMarkers
from simpleflow_steps.task import (
    ActivityTask,
    CancelTimerTask,
    ChildWorkflowTask,
    MarkerTask,
    SignalTask,
    StorageTask,
    Task,
    TimerTask,
    WaitForSignal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.events import Event
    from simpleflow_steps.executors.local.executor import LocalExecutor
    from simpleflow_steps.executors.local.operating import Outcome
    from simpleflow_steps.executors.local.tenure import Tenure
    from simpleflow_steps.executors.protocol import RunContext
    from simpleflow_steps.workflow import Workflow

Call = ActivityTask | ChildWorkflowTask


class Execution:
    """Carry out one run; see `executors.protocol.Executor`.

    All of it belongs to the run's own thread. Other threads reach it through `post`.

    :param owner: whose `pools` its activities and storage operations run in, and whose `storage` its objects live in
    :param generation: how many runs it has continued
    """

    replays = False

    def __init__(
        self, owner: LocalExecutor, workflow_class: type[Workflow], context: RunContext, generation: int = 0
    ) -> None:
        self.owner = owner
        self.pools = owner.pools
        self.storage = owner.storage
        self.loop = Loop(owner.clock)
        self.alarms = self.loop.alarms
        self.generation = generation
        self.mailbox = Mailbox()
        self.roots = Roots()
        self._context = context
        self._history = History()
        self.note = self._history.record
        self._nothing = self._done(None)
        self._open = 0
        self.closing = False
        self._hurried = False
        self.aborted: BaseException | None = None
        self.children = Children(self)
        self.now = owner.clock.now
        self.check: Callable[[], None] = _owned
        self._hear: Callable[[Event], None] | None = None
        self.stopping = False
        self._room = Room(self)
        self._is_followed = owner.is_followed
        self._activities = 0
        self._attempts: dict[Future[Any], ActivityAttempts | ChildAttempts] = {}
        self._occurrences: Counter[str] = Counter()
        self._once = Once()
        self._timers = TimerFutures(self)
        self._waits = Waits(self, generation)
        self.workflow: Workflow = workflow_class(self)

    @property
    def is_root(self) -> bool:
        """Whether it is no child of another execution."""
        return self._context["parent_workflow_id"] is None

    @property
    def history(self) -> History:
        """What this run has noted so far."""
        return self._history

    def get_run_context(self) -> RunContext:
        """Say which run of which execution this is."""
        return self._context

    def emit(self, event: Event) -> None:
        """Tell whoever follows the run, its record first."""
        if self._hear is not None:
            self._hear(event)
        if self._is_followed:
            self.owner.emit(event)

    def hold(self, tenure: Tenure) -> None:
        """Go on as the owner of the execution: `check` raises from the moment at which another run may own it, in any
        thread.
        """
        self.check, self._hear = tenure.check, tenure.hear

    def forget(self, step: str) -> Future[Any]:
        """Drop what is remembered of the waits inside a step."""
        return after(self, self._waits.forget(step))

    def adopt(self, future: Future[Any]) -> None:
        """Answer for a future that the workflow submitted."""
        self.roots.add(future)
        if self.stopping:
            leave_if_stopping(self, future.error)

    def post(self, action: Callable[..., object], /, *args: Any) -> None:
        """Have something done in the run's thread; call it from any thread."""
        self.loop.post(action, *args)

    def submit(self, task: Task) -> Future[Any]:
        """Start a task, once those of its arguments that are futures are done."""
        if isinstance(task, Call) and (awaited := futures_in(task)):
            later = LaterFuture(self, target=task.target)
            later.drive(later.start_when(awaited, task, self._start))
            return later
        started: Future[Any] = _starters[type(task)](self, task)
        return started

    def wait(self, future: Future[Any]) -> None:
        """Process what happens until the future is done."""
        while not future.done:
            self.turn()
        if self.stopping:
            leave_if_stopping(self, future.error)

    def turn(self) -> None:
        """Process one thing that happened; wait for it if nothing has.

        :raises WorkflowStuck: if nothing can happen any more
        """
        if not self.closing and self.aborted is not None:
            raise self.aborted
        self._room.look()
        if not self._is_live and self.loop.is_idle:
            raise WorkflowStuck("the workflow waits for something that nothing under way can finish")
        self.loop.turn()

    @property
    def has_open(self) -> bool:
        """Whether anything is under way whose end its thread will hear of."""
        return bool(self._open or self._attempts)

    @property
    def room(self) -> Future[Any] | None:
        """What a group waits for before it starts more; None while there is room."""
        return self._room.wanted()

    def stop(self) -> None:
        """End the run well: what runs is finished, and nothing else begins, in its children too."""
        self.abort(RunStopped())
        self.children.stop()

    def abort(self, error: BaseException) -> None:
        """Have the run end with this as soon as its thread waits for anything; to be superseded outweighs the rest."""
        if self.aborted is None or isinstance(error, RunSuperseded):
            self.aborted = error
            self.stopping = isinstance(error, RunStopped)

    def ask_to_end(self) -> None:
        """Have the run cancelled once what it runs is finished; call it from any thread."""
        self.post(self.abort, self._cancellation())

    def ask_to_cancel(self) -> None:
        """Have the run cancelled, and what it runs given up; call it from any thread."""
        self.post(self._hurry)

    def _hurry(self) -> None:
        self._hurried = True
        self.abort(self._cancellation())
        if self.closing:
            self._drop()

    def _cancellation(self) -> TaskCanceled:
        return TaskCanceled(f"execution {self._context['workflow_id']} was cancelled")

    def finish(self) -> None:
        """Wait for everything that the workflow submitted, and for the children that it cancelled."""
        while len(self.roots) or len(self.children):
            self.turn()

    def close(self, grace: float | None = None) -> None:
        """Start nothing any more, let what runs finish and be marked, and drop what only waits.

        :param grace: give up on what still runs after so many seconds; never, if None
        """
        self.closing = True
        self._drop()
        if grace is not None:
            self.alarms.set(grace, self._hurry)
            if running := [attempts.task.name for attempts in self._attempts.values()]:
                sentence = f"interrupted: {len(running)} running have {grace:g} s to end; a signal now gives them up"
                log.info(sentence, running=running, grace=grace)
        while (self.has_open or len(self.children) or self._room.is_wanted) and not self.superseded:
            self.turn()

    def chronicle(self, name: str, activity_id: str = "") -> Chronicle:
        """Begin to tell of the attempts at a task."""
        return Chronicle(self, name, activity_id, telemetry=self.owner.telemetry, is_heard=self._is_followed)

    def unread(self) -> list[Letter]:
        """Give up the signals that nobody waited for, or that have only just arrived."""
        deliver = self.mailbox.deliver
        arrived = [args[0] for action, args in self.loop.take_all() if action == deliver]
        return self.mailbox.take_all() + arrived

    @property
    def superseded(self) -> bool:
        """Whether another run took over, so that this one must not write."""
        return isinstance(self.aborted, RunSuperseded)

    @singledispatchmethod
    def _start(self, task: Task) -> Future[Any]:
        raise InvalidInput(f"the local executor cannot carry out {task!r}")

    @_start.register(ActivityTask)
    def _(self, task: ActivityTask) -> Future[Any]:
        return self._once.start(task.activity.idempotent, task, self._start_activity)

    @_start.register(ChildWorkflowTask)
    def _(self, task: ChildWorkflowTask) -> Future[Any]:
        return self._once.start(task.workflow.idempotent, task, self._start_workflow)

    @_start.register(TimerTask)
    def _(self, task: TimerTask) -> Future[Any]:
        future = self._timers.begin(task.timer_id, closing=self.closing)
        if not future.done:
            self._waits.start_timer(task, future)
        return future

    @_start.register(CancelTimerTask)
    def _(self, task: CancelTimerTask) -> Future[Any]:
        self._timers.cancel(task.timer_id)
        return self._done(None)

    @_start.register(SignalTask)
    def _(self, task: SignalTask) -> Future[Any]:
        letter = Letter(task.name, task.payload)
        if task.propagate:
            self.owner.post_office.broadcast(letter)
        else:
            receiver = self._context["workflow_id"] if task.workflow_id is None else check_workflow_id(task.workflow_id)
            if not self.owner.post_office.hand(receiver, letter):
                sending = StorageTask(
                    f"signal {receiver}", send_signal, self.storage, receiver, task.name, task.payload
                )
                return self.submit(sending)
        return self._done(None)

    @_start.register(WaitForSignal)
    def _(self, task: WaitForSignal) -> Future[Any]:
        future = PassiveFuture(self)
        if self.closing:
            future.set_cancelled()
        else:
            self._waits.wait_for_signal(task, future)
        return future

    @_start.register(MarkerTask)
    def _(self, task: MarkerTask) -> Future[Any]:
        self._history.record(LogMarker(task.name, task.details, task.at or self.now()))
        return self._nothing

    @_start.register(StorageTask)
    def _(self, task: StorageTask) -> Future[Any]:
        future: Future[Any] = Future(self)
        if isinstance(self.aborted, RunSuperseded):
            future.set_exception(self.aborted)
            return future
        if self._only_waits:
            self._stored(future, operated(task, self.check))
            return future
        self._track(future)
        if isinstance(task.operation, ListMarkers):
            self._room.listing = future
        self.pools.storage.submit(partial(self.post, self._stored, future), operated, task, self.check)
        return future

    @property
    def _only_waits(self) -> bool:
        """Whether nothing else is under way, so that the run's own thread may do what it would wait for."""
        return self.loop.is_turning and self.loop.is_idle and not self._is_live

    def _stored(self, future: Future[Any], outcome: Outcome | None, error: Any = None) -> None:
        """Take in how an operation ended, or why it has no outcome."""
        result, error = outcome or (None, error)
        if future.done or isinstance(error, TaskCanceled):
            future.set_cancelled("the run is over")
            return
        if isinstance(error, RunSuperseded):
            self.abort(error)
        if error is None:
            future.set_finished(result)
        else:
            future.set_exception(error)

    def _start_activity(self, task: ActivityTask) -> Future[Any]:
        check_fit(task.activity, task.args, task.kwargs)
        self._activities += 1
        return self._attempt(ActivityAttempts(self, task, Future(self, target=task.activity), str(self._activities)))

    def _start_workflow(self, task: ChildWorkflowTask) -> Future[Any]:
        bound = check_arguments(task.workflow, task.args, task.kwargs)
        workflow_id = child_workflow_id(
            self._context["workflow_id"], task.workflow, bound.args, bound.kwargs, self._occurrences
        )
        started = {"child_id": workflow_id, "workflow": task.workflow.get_name(), "step": current_step()}
        self.emit(event_of(self, ChildStarted, **started))
        future: Future[Any] = Future(self, target=task.workflow)
        return self._attempt(ChildAttempts(self, task, future, workflow_id))

    def _attempt(self, attempts: ActivityAttempts | ChildAttempts) -> Future[Any]:
        future = attempts.future
        if self.closing or self.stopping:
            future.set_cancelled("the run is ending")
        else:
            self._attempts[future] = attempts
            future.on_end = self._attempts.pop
            attempts.start()
        return future

    def _drop(self) -> None:
        """Cancel what has not begun; if the run was cancelled, what has begun too."""
        for attempts in list(self._attempts.values()):
            attempts.withdraw()
        for future in list(self._attempts) if self._hurried else ():
            future.cancel()

    @property
    def _is_live(self) -> bool:
        """Whether anything is under way that may still bring something."""
        return bool(self.has_open or len(self.children) or self.mailbox.awaited)

    def _track(self, future: Future[Any]) -> None:
        self._open += 1
        future.on_end = self._untrack

    def _untrack(self, _: Future[Any]) -> None:
        self._open -= 1

    def _done(self, result: Any) -> Future[Any]:
        future: Future[Any] = Future(self)
        future.set_finished(result)
        return future


def _owned() -> None:
    """Do nothing: a run that was not begun is nobody else's."""


_starters = choice_of(Execution, "_start")
