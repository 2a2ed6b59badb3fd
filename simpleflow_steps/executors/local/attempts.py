"""The attempts at one task: started, timed, retried, given up."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from concurrent.futures import CancelledError
from functools import partial
from typing import TYPE_CHECKING, Any

from simpleflow_steps.activity import ActivityContext
from simpleflow_steps.exceptions import ContinueAsNew, RunStopped, RunSuperseded, TaskCanceled, TaskFailed, TaskTimeout
from simpleflow_steps.executors.local.chronicle import Chronicle
from simpleflow_steps.executors.local.retries import Retries, Verdict
from simpleflow_steps.task import ActivityTask, ChildWorkflowTask, TaskFailureContext

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future as Job
    from datetime import datetime

    from simpleflow_steps.executors.local.execution import Execution
    from simpleflow_steps.executors.local.timers import Alarm
    from simpleflow_steps.futures import Future

Decision = TaskFailureContext.Decision
LOOKS = 10  # how often a time-out is divided to see whether a job has left its pool's queue


class Attempts(ABC):
    """Carry out one task until it succeeds or is given up.

    `number` counts the attempts. `turn` changes whenever one starts or is given up: what an older one still says is
    not heard.
    """

    def __init__(
        self, execution: Execution, task: ActivityTask | ChildWorkflowTask, future: Future[Any], chronicle: Chronicle
    ) -> None:
        self.execution = execution
        self.task = task
        self.future = future
        self.number = 0
        self.turn = 0
        self.chronicle = chronicle
        self._pause: Alarm | None = None
        policy = self.retry()
        self._retries = None if isinstance(policy, int) else Retries(policy)
        future.on_cancel = self.cancel

    def start(self) -> None:
        """Start the next attempt."""
        if self.future.done:
            return
        self.number += 1
        self.turn += 1
        self.future.set_running()
        try:
            self.execution.check()
            with self.chronicle.place():
                self.launch()
        except RunSuperseded as error:
            self.execution.abort(error)
            self.future.set_exception(error)
        except Exception as error:  # noqa: BLE001  a pool may refuse a job for any reason
            self.abandon()
            self.failed(error)

    @abstractmethod
    def launch(self) -> None:
        """Start one attempt; its end comes back through `succeeded` or `failed`."""

    @abstractmethod
    def abandon(self) -> None:
        """Wait no longer for the attempt under way."""

    @abstractmethod
    def retry(self) -> Any:
        """Give the task's retry policy."""

    def withdraw(self) -> None:
        """Give the task up unless an attempt is running."""
        if not self.is_running():
            self.future.cancel()

    @abstractmethod
    def is_running(self) -> bool:
        """Tell whether an attempt is under way that cannot be taken back any more."""

    def cancel(self) -> None:
        """Give the task up."""
        self.turn += 1
        if self._pause is not None:
            self._pause.cancel()
        self.abandon()

    def is_over(self, turn: int) -> bool:
        """Tell whether nobody listens to this attempt any more."""
        return turn != self.turn or self.future.done

    def succeeded(self, result: Any) -> None:
        """End the task with its result, unless its policy refuses that."""
        if self._retries is None:
            self.future.set_finished(result)
            return
        failure = TaskFailed(self.task.name, f"its retry policy refuses the result {result!r}")
        try:
            self._follow(self._retries.after_result(result), failure)
        except Exception as raised:  # noqa: BLE001  the policy's callbacks may raise anything
            self.future.set_exception(raised)

    def failed(self, error: BaseException) -> None:
        """Ask the workflow, then the policy, what follows a failed attempt."""
        failure = as_task_failed(self.task.name, error)
        context = TaskFailureContext(self.task, failure, self.number)
        try:
            self.execution.workflow.on_task_failure(context)
            self._decide(context, failure, error)
        except Exception as raised:  # noqa: BLE001  the workflow's hook may raise anything
            self.future.set_exception(raised)

    def _decide(self, context: TaskFailureContext, failure: TaskFailed, error: BaseException) -> None:
        match context.decision:
            case Decision.abort:
                self.execution.abort(failure)
                self.future.set_exception(failure)
            case Decision.ignore:
                self.future.set_exception(failure, raises=False)
            case Decision.cancel:
                self.future.set_cancelled(str(failure))
            case Decision.handled:
                self.future.set_finished(context.result)
            case Decision.retry_now | Decision.retry_later:
                self._again(context.retry_wait_timeout, failure)
            case _:
                self._retries = self._retries or Retries(self.retry())
                self._follow(self._retries.after(error), failure)

    def _follow(self, verdict: Verdict, failure: TaskFailed) -> None:
        if verdict.handled:
            self.future.set_finished(verdict.result)
        elif verdict.wait is None:
            self.future.set_exception(failure, raises=self.task.raises_on_failure)
        else:
            self._again(verdict.wait, failure)

    def _again(self, wait: float, failure: TaskFailed) -> None:
        if self.execution.closing:
            self.future.set_exception(failure, raises=self.task.raises_on_failure)
            return
        self.chronicle.retry(self.task.name, self.number, failure.reason or "", wait)
        self._pause = self.execution.alarms.set(max(0.0, wait), self.start)


class ActivityAttempts(Attempts):
    """Carry out an activity."""

    task: ActivityTask

    def __init__(self, execution: Execution, task: ActivityTask, future: Future[Any], activity_id: str) -> None:
        super().__init__(execution, task, future, Chronicle(execution, task.activity.name, activity_id))
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

    task: ChildWorkflowTask

    def __init__(self, execution: Execution, task: ChildWorkflowTask, future: Future[Any], workflow_id: str) -> None:
        super().__init__(execution, task, future, Chronicle(execution, task.name))
        self._workflow_id = workflow_id
        self._child: Execution | None = None

    def retry(self) -> Any:
        """Give the workflow class's `retry`."""
        return self.task.workflow.retry

    def launch(self) -> None:
        """Start the child in a thread of its own."""
        self._run(tuple(self.task.args), self.task.kwargs)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        ended = partial(self._ended, self.turn)
        self._child = self.execution.children.start(self.task.workflow, self._workflow_id, args, kwargs, ended)

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


def as_task_failed(name: str, error: BaseException) -> TaskFailed:
    """Wrap what an attempt raised; the original is the cause."""
    details = "".join(traceback.format_exception(error))
    failure = TaskFailed(name, _one_line(error), details)
    failure.__cause__ = error
    return failure


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
