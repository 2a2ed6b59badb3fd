"""How each kind of task is started in a replayed run."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any

from simpleflow_steps import codec
from simpleflow_steps.events import ChildStarted, event_of
from simpleflow_steps.exceptions import InvalidInput, RunSuperseded
from simpleflow_steps.execution.roots import PassiveFuture
from simpleflow_steps.executors.swf.attempts import ActivityAttempts, StepAttempts
from simpleflow_steps.executors.swf.children import ChildAttempts
from simpleflow_steps.futures import Future
from simpleflow_steps.history import LogMarker
from simpleflow_steps.identity import child_workflow_id
from simpleflow_steps.scope import current_step
from simpleflow_steps.step.operations import StepOperation
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
    from simpleflow_steps.executors.swf.run import Run

NAME_LIMIT = 256


@singledispatch
def start(task: Task, run: Run) -> Future[Any]:  # noqa: ARG001
    """Start a task and give its future."""
    raise InvalidInput(f"the SWF executor cannot carry out {task!r}")


@start.register(ActivityTask)
def _(task: ActivityTask, run: Run) -> Future[Any]:
    def start_it(task: ActivityTask) -> Future[Any]:
        codec.check_arguments(task.activity, task.args, task.kwargs)
        future: Future[Any] = Future(run, target=task.activity)
        return run.attempt(ActivityAttempts(run, task, future, next(run.numbers)))

    return run.once.start(task.activity.idempotent, task, start_it)


@start.register(ChildWorkflowTask)
def _(task: ChildWorkflowTask, run: Run) -> Future[Any]:
    def start_it(task: ChildWorkflowTask) -> Future[Any]:
        bound = codec.check_arguments(task.workflow, task.args, task.kwargs)
        workflow_id = child_workflow_id(run.workflow_id, task.workflow, bound.args, bound.kwargs, run.occurrences)
        started = {"child_id": workflow_id, "workflow": task.workflow.get_name(), "step": current_step()}
        run.emit(event_of(run, ChildStarted, **started))
        future: Future[Any] = Future(run, target=task.workflow)
        return run.attempt(ChildAttempts(run, task, future, workflow_id))

    return run.once.start(task.workflow.idempotent, task, start_it)


@start.register(TimerTask)
def _(task: TimerTask, run: Run) -> Future[Any]:
    return run.timers.start(task, closing=run.closing)


@start.register(CancelTimerTask)
def _(task: CancelTimerTask, run: Run) -> Future[Any]:
    run.timers.cancel(task.timer_id)
    return done(run, None)


@start.register(SignalTask)
def _(task: SignalTask, run: Run) -> Future[Any]:
    return run.letters.send(task)


@start.register(WaitForSignal)
def _(task: WaitForSignal, run: Run) -> Future[Any]:
    future = PassiveFuture(run)
    if run.closing:
        future.set_cancelled()
    else:
        run.letters.box.wait(task.signal_name, future)
    return future


@start.register(MarkerTask)
def _(task: MarkerTask, run: Run) -> Future[Any]:
    def attributes() -> dict[str, Any]:
        details = task.details if codec.flaw(task.details) is None else repr(task.details)
        written = None if details is None else run.payloads.write(details, run.workflow_id)
        return {"markerName": task.name, "details": written}

    if len(task.name) > NAME_LIMIT:
        raise InvalidInput(f"marker name {task.name[:60]!r}...: SWF takes {NAME_LIMIT} characters at most")
    run.ask("RecordMarker", task.name, attributes)
    run.history.record(LogMarker(task.name, task.details, task.at or run.now()))
    return done(run, None)


@start.register(StorageTask)
def _(task: StorageTask, run: Run) -> Future[Any]:
    if not isinstance(task.operation, StepOperation):
        raise InvalidInput(f"the SWF executor cannot carry out {task.name!r}")
    future: Future[Any] = Future(run)
    superseded = run.aborted if isinstance(run.aborted, RunSuperseded) else None
    try:
        if superseded is None:
            return run.begin(StepAttempts(run, task.operation, future, next(run.numbers)))
    except RunSuperseded as error:
        superseded = error
    future.set_exception(superseded)
    return future


def done(run: Run, result: Any) -> Future[Any]:
    """Give a future that is done."""
    future: Future[Any] = Future(run)
    future.set_finished(result)
    return future
