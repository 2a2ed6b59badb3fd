"""The attempts at one task, in a pool or as a child: started, timed, given up."""

from __future__ import annotations

from concurrent.futures import CancelledError
from functools import partial
from typing import TYPE_CHECKING, Any

from simpleflow_steps.activity import ActivityContext
from simpleflow_steps.exceptions import ContinueAsNew, RunStopped, RunSuperseded, TaskCanceled, TaskTimeout
from simpleflow_steps.execution.attempts import Attempts, as_task_failed

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future as Job
    from datetime import datetime

    from simpleflow_steps.executors.local.execution import Execution
    from simpleflow_steps.executors.local.timers import Alarm
    from simpleflow_steps.futures import Future
    from simpleflow_steps.task import ActivityTask, ChildWorkflowTask

LOOKS = 10  # how often a time-out is divided to see whether a job has left its pool's queue


class ActivityAttempts(Attempts):
    """Carry out an activity."""

    execution: Execution
    task: ActivityTask

    def __init__(self, execution: Execution, task: ActivityTask, future: Future[Any], activity_id: str) -> None:
        super().__init__(execution, task, future, execution.chronicle(task.activity.name, activity_id))
        self._alarms: dict[str, Alarm] = {}
        self._timeouts = {
            "schedule_to_close": task.activity.schedule_to_close_timeout,
            "schedule_to_start": task.activity.schedule_to_start_timeout,
            "start_to_close": task.activity.start_to_close_timeout,
            "heartbeat": task.activity.heartbeat_timeout,
        }
        self._job: Job[Any] | None = None

    def retry(self) -> Any:
        """Give the activity's `retry`."""
        return self.task.activity.retry

    def launch(self) -> None:
        """Hand the activity to its pool and watch its time-outs."""
        self.execution.check()
        activity, turn, pools = self.task.activity, self.turn, self.execution.pools
        timed = any(self._timeouts.values())
        heard = timed or self.chronicle.is_heard
        started = partial(self._announce, turn, self.number) if heard else self.execution.check
        self._watch("schedule_to_close")
        self._watch("schedule_to_start")
        self._job = job = pools.start(activity, self.task.args, self.task.kwargs, self._context(turn), started)
        if pools.is_slow_to_start and not activity.is_async:
            self.chronicle.begin(self.number, here=False)
            self.chronicle.tell_begin()
            if timed:
                self._look()
        job.add_done_callback(partial(self._report, turn))

    def rest(self, seconds: float) -> Alarm:
        """Set an alarm."""
        return self.execution.alarms.set(seconds, self.start)

    def abandon(self) -> None:
        """Drop the attempt; where it cannot be stopped, it learns of it at its next heartbeat."""
        self._silence()
        job, self._job = self._job, None
        if job is not None:
            self.execution.pools.abandon(self.task.activity, job)

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

    def _context(self, turn: int) -> ActivityContext:
        run = self.execution.get_run_context()
        return ActivityContext(
            workflow_id=run["workflow_id"],
            run_id=run["run_id"],
            activity_id=self.chronicle.id,
            activity=self.task.activity.name,
            attempt=self.number,
            step=self.chronicle.step,
            name=run["name"],
            version=run["version"],
            beat=partial(self._beat, turn),
        )

    def _beat(self, turn: int, details: Any) -> None:
        """Take a heartbeat, in the activity's thread."""
        if self.is_over(turn):
            raise TaskCanceled(f"{self.task.name}: this attempt was given up")
        self.execution.post(self._heard, turn, details)

    def _heard(self, turn: int, details: Any) -> None:
        if self.is_over(turn):
            return
        self._watch("heartbeat")
        self.chronicle.heartbeat(self.number, details)

    def _announce(self, turn: int, number: int) -> None:
        """Say that the activity begins, in its thread, unless the run has lost its execution meanwhile."""
        self.execution.check()
        if self.is_over(turn):
            return
        self.chronicle.begin(number, here=self.execution.pools.hears(self.task.activity))
        self.execution.post(self._started, turn)

    def _started(self, turn: int) -> None:
        if self.is_over(turn) or self._job is None:
            return
        self.chronicle.tell_begin()
        waiting = self._alarms.pop("schedule_to_start", None)
        if waiting is not None:
            waiting.cancel()
        self._watch("start_to_close")
        if self.execution.pools.hears(self.task.activity):
            self._watch("heartbeat")

    def _look(self) -> None:
        """Look from time to time whether the job is running: its pool does not tell."""
        if self._job is None or self._job.running():
            self._started(self.turn)
        else:
            pause = min(filter(None, self._timeouts.values())) / LOOKS
            self._set_alarm("look", pause, self._look)

    def _report(self, turn: int, job: Job[Any]) -> None:
        """Say that the activity ended, in whatever thread that was."""
        self.execution.post(self._ended, turn, job, self.execution.now())

    def _ended(self, turn: int, job: Job[Any], at: datetime) -> None:
        if self.is_over(turn):
            return
        self._silence()
        self._job = None
        error = job.exception() if not job.cancelled() else CancelledError("its pool dropped it")
        if error is None:
            self.chronicle.end(self.number, at=at)
            self.succeeded(job.result())
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
        seconds = self._timeouts[kind]
        if seconds is not None:
            self._set_alarm(kind, seconds, partial(self._timed_out, kind, seconds))

    def _set_alarm(self, kind: str, seconds: float, action: Callable[[], object]) -> None:
        before = self._alarms.get(kind)
        if before is not None:
            before.cancel()
        self._alarms[kind] = self.execution.alarms.set(seconds, action)

    def _timed_out(self, kind: str, seconds: float) -> None:
        self.turn += 1
        self.abandon()
        self.failed(TaskTimeout(kind, seconds))

    def _silence(self) -> None:
        for alarm in self._alarms.values():
            alarm.cancel()
        self._alarms.clear()


class ChildAttempts(Attempts):
    """Carry out a child workflow."""

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
        self._run(tuple(self.task.args), self.task.kwargs)

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
