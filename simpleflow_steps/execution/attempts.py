"""The attempts at one task: what follows each of them, on every executor."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from simpleflow_steps.exceptions import RunSuperseded, TaskFailed
from simpleflow_steps.execution.retries import Retries, Verdict
from simpleflow_steps.task import ActivityTask, ChildWorkflowTask, TaskFailureContext

if TYPE_CHECKING:
    from simpleflow_steps.execution.chronicle import Chronicle
    from simpleflow_steps.executors.protocol import AttemptingExecutor
    from simpleflow_steps.futures import Future

Decision = TaskFailureContext.Decision


class Cancellable(Protocol):
    """Something that is to happen, unless it is cancelled first."""

    def cancel(self) -> None:
        """Forget it."""


class Attempts(ABC):
    """Carry out one task until it succeeds or is given up.

    `number` counts the attempts. `turn` changes whenever one starts or is given up: what an older one still says is
    not heard.
    """

    __slots__ = ("_pause", "_retries", "chronicle", "execution", "future", "number", "task", "turn")

    def __init__(
        self,
        execution: AttemptingExecutor,
        task: ActivityTask | ChildWorkflowTask,
        future: Future[Any],
        chronicle: Chronicle,
    ) -> None:
        self.execution = execution
        self.task = task
        self.future = future
        self.number = 0
        self.turn = 0
        self.chronicle = chronicle
        self._pause: Cancellable | None = None
        self._retries: Retries | None
        match self.retry():
            case int():
                self._retries = None  # it is asked after a failure alone
            case policy:
                self._retries = Retries(policy, self.time)
        future.on_cancel = self.cancel

    def start(self) -> None:
        """Start the next attempt."""
        if self.future.done:
            return
        self.number += 1
        self.turn += 1
        self.future.set_running()
        try:
            self.chronicle.at_its_place(self.launch)
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

    @abstractmethod
    def rest(self, seconds: float) -> Cancellable:
        """Call `start` so many seconds from now."""

    def time(self) -> float:
        """Give the time in seconds, for policies that count them."""
        return monotonic()

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
                self._retries = self._retries or Retries(self.retry(), self.time)
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
        self._pause = self.rest(max(0.0, wait))


def as_task_failed(name: str, error: BaseException) -> TaskFailed:
    """Wrap what an attempt raised; the original is the cause."""
    details = "".join(traceback.format_exception(error))
    failure = TaskFailed(name, _one_line(error), details)
    failure.__cause__ = error
    return failure


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
