"""The attempts at one task, in a pool or as a child: started, timed, given up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from simpleflow_steps.activity import ActivityContext
from simpleflow_steps.exceptions import ContinueAsNew, RunStopped, RunSuperseded, TaskCanceled, TaskTimeout
from simpleflow_steps.execution.attempts import Attempts, as_task_failed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from simpleflow_steps.execution.middleware import Middlewares
    from simpleflow_steps.execution.perform import Call
    from simpleflow_steps.executors.local.execution import Execution
    from simpleflow_steps.executors.local.pools import Job
    from simpleflow_steps.executors.local.timers import Alarm
    from simpleflow_steps.futures import Future
    from simpleflow_steps.task import ActivityTask, ChildWorkflowTask

LOOKS = 10  # how often a time-out is divided to see whether a job has left its pool's queue


class ActivityAttempts(Attempts):
    """Carry out an activity."""

    __slots__ = ("_alarms", "_job")

    execution: Execution
    task: ActivityTask

    def __init__(self, execution: Execution, task: ActivityTask, future: Future[Any], activity_id: str) -> None:
        super().__init__(execution, task, future, execution.chronicle(task.activity.name, activity_id))
        self._alarms: dict[str, Alarm] | None = None
        self._job: Job | None = None

    def retry(self) -> Any:
        """Give the activity's `retry`."""
        return self.task.activity.retry

    def launch(self) -> None:
        """Hand the activity to its pool and watch its time-outs."""
        self.execution.check()
        timeouts, pools = self.task.activity.timeouts, self.execution.pools
        for kind in ("schedule_to_close", "schedule_to_start") if timeouts else ():
            self._watch(kind)
        self._job = pools.start(Attempt(self))
        if pools.is_slow_to_start and not self.task.activity.is_async:
            self.chronicle.begin(self.number, here=False)
            self.chronicle.tell_begin()
            if timeouts:
                self._look(min(timeouts.values()) / LOOKS)

    def rest(self, seconds: float) -> Alarm:
        """Set an alarm."""
        return self.execution.alarms.set(seconds, self.start)

    def abandon(self) -> None:
        """Drop the attempt; where it cannot be stopped, it learns of it at its next heartbeat."""
        self._silence()
        job, self._job = self._job, None
        if job is not None:
            self.execution.pools.abandon(job)

    def cancel(self) -> None:
        """Give the activity up."""
        super().cancel()
        self.chronicle.cancel(self.number)

    def failed(self, error: BaseException, at: datetime | None = None) -> None:
        """Tell that the attempt failed, and go on from there."""
        self.chronicle.end(self.number, error, at=at)
        super().failed(error)

    def is_running(self) -> bool:
        """Tell whether a worker has the job."""
        return self._job is not None and not self._job.cancel()

    def heard(self, turn: int, details: Any) -> None:
        """Take a heartbeat."""
        if self.is_over(turn):
            return
        self._watch("heartbeat")
        self.chronicle.heartbeat(self.number, details)

    def started(self, turn: int) -> None:
        """Take note that the activity has begun."""
        if self.is_over(turn) or self._job is None:
            return
        self.chronicle.tell_begin()
        if self._alarms and "schedule_to_start" in self._alarms:
            self._alarms.pop("schedule_to_start").cancel()
        self._watch("start_to_close")
        if self.execution.pools.hears(self.task.activity):
            self._watch("heartbeat")

    def _look(self, pause: float) -> None:
        """Look from time to time whether the job is running: its pool does not tell."""
        if self._job is None or self._job.running():
            self.started(self.turn)
        else:
            self._set_alarm("look", pause, partial(self._look, pause))

    def ended(self, turn: int, result: Any, error: BaseException | None, at: datetime | None) -> None:
        """Go on from the end of an attempt."""
        if self.is_over(turn):
            return
        self._silence()
        self._job = None
        if error is None:
            self.chronicle.end(self.number, at=at)
            self.succeeded(result)
        elif isinstance(error, TaskCanceled):
            self.chronicle.cancel(self.number, error)
            self.future.set_cancelled(str(error))
        elif isinstance(error, RunSuperseded):
            self.chronicle.cancel(self.number, error)
            self.execution.abort(error)
            self.future.set_exception(error)
        else:
            self.failed(error, at)

    def _watch(self, kind: str) -> None:
        seconds = self.task.activity.timeouts.get(kind)
        if seconds is not None:
            self._set_alarm(kind, seconds, partial(self._timed_out, kind, seconds))

    def _set_alarm(self, kind: str, seconds: float, action: Callable[[], object]) -> None:
        self._alarms = alarms = self._alarms or {}
        if kind in alarms:
            alarms[kind].cancel()
        alarms[kind] = self.execution.alarms.set(seconds, action)

    def _timed_out(self, kind: str, seconds: float) -> None:
        self.turn += 1
        self.abandon()
        self.failed(TaskTimeout(kind, seconds))

    def _silence(self) -> None:
        alarms, self._alarms = self._alarms, None
        for alarm in alarms.values() if alarms else ():
            alarm.cancel()


class Attempt:
    """One attempt at an activity, as its pool sees it. Its methods may be called in any thread."""

    __slots__ = ("_attempts", "_number", "_turn", "task")

    def __init__(self, attempts: ActivityAttempts) -> None:
        self._attempts = attempts
        self._number = attempts.number
        self._turn = attempts.turn
        self.task = attempts.task

    def call(self, middlewares: Middlewares) -> Call:
        """Say what is to be called, and what it is told of itself."""
        attempts, task = self._attempts, self.task
        run = attempts.execution.get_run_context()
        context = ActivityContext(
            workflow_id=run["workflow_id"],
            run_id=run["run_id"],
            activity_id=attempts.chronicle.id,
            activity=task.activity.name,
            attempt=self._number,
            step=attempts.chronicle.step,
            name=run["name"],
            version=run["version"],
            beat=self._beat,
        )
        return task.activity, task.args, task.kwargs, context, middlewares

    def started(self) -> None:
        """Say that the activity begins, unless the run has lost its execution meanwhile."""
        attempts, activity = self._attempts, self.task.activity
        execution, chronicle = attempts.execution, attempts.chronicle
        execution.check()
        if (activity.timeouts or chronicle.is_heard) and not attempts.is_over(self._turn):
            chronicle.begin(self._number, here=execution.pools.hears(activity))
            execution.loop.post(attempts.started, self._turn)

    def ended(self, result: Any, error: BaseException | None) -> None:
        """Say that the activity ended, and when if anybody wants to know."""
        attempts, execution = self._attempts, self._attempts.execution
        at = execution.now() if attempts.chronicle.is_heard else None
        execution.loop.post(attempts.ended, self._turn, result, error, at)

    def _beat(self, details: Any) -> None:
        """Take a heartbeat."""
        attempts = self._attempts
        if attempts.is_over(self._turn):
            raise TaskCanceled(f"{self.task.name}: this attempt was given up")
        attempts.execution.loop.post(attempts.heard, self._turn, details)


class ChildAttempts(Attempts):
    """Carry out a child workflow."""

    __slots__ = ("_child", "_workflow_id")

    execution: Execution
    task: ChildWorkflowTask

    def __init__(self, execution: Execution, task: ChildWorkflowTask, future: Future[Any], workflow_id: str) -> None:
        super().__init__(execution, task, future, execution.chronicle(task.name))
        self._workflow_id = workflow_id
        self._child: Execution | None = None

    def retry(self) -> Any:
        """Give the workflow class's `retry`."""
        return self.task.workflow.retry

    def launch(self) -> None:
        """Start the child in a thread of its own."""
        self.execution.check()
        self._run(self.task.args, self.task.kwargs)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        ended = partial(self._ended, self.turn)
        self._child = self.execution.children.start(self.task.workflow, self._workflow_id, args, kwargs, ended)

    def rest(self, seconds: float) -> Alarm:
        """Set an alarm."""
        return self.execution.alarms.set(seconds, self.start)

    def abandon(self) -> None:
        """Ask the child to stop."""
        if self._child is not None:
            self._child.ask_to_cancel()

    def is_running(self) -> bool:
        """Ask the child to end, and wait for it to do so."""
        if self._child is None:
            return False
        self._child.ask_to_end()
        return True

    def _ended(self, turn: int, result: Any, error: BaseException | None) -> None:
        if self.is_over(turn):
            return
        child, self._child = self._child, None
        if child is not None and child.stopping:
            self.execution.stop()
        match error:
            case None:
                self.succeeded(result)
            case ContinueAsNew():
                self._continue(error)
            case TaskCanceled():
                self.future.set_cancelled(str(error))
            case RunStopped():
                self.future.set_cancelled("the run is stopping")
            case RunSuperseded():
                # whoever owns the child now plays it: no retry of ours may come between
                self.future.set_exception(as_task_failed(self.task.name, error))
            case _:
                self.failed(error)

    def _continue(self, following: ContinueAsNew) -> None:
        if self.execution.closing:
            self.future.set_cancelled("the run is ending")
            return
        try:
            self._run(following.run_args, following.run_kwargs)
        except Exception as error:  # noqa: BLE001  the arguments may be anything
            self.failed(error)
