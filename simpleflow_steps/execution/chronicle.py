"""What is told of the attempts at one task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simpleflow_steps import log
from simpleflow_steps.events import ActivityFinished, ActivityHeartbeat, ActivityRetried, ActivityStarted, event_of
from simpleflow_steps.exceptions import TaskTimeout
from simpleflow_steps.scope import current_step

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from simpleflow_steps.executors.protocol import Executor
    from simpleflow_steps.telemetry import Telemetry


class Chronicle:
    """Tell when each attempt began, and how it ended, if anybody follows. All but `begin` belongs to the run's thread.

    :param name: the task's
    :param activity_id: which of the run's activities it is; empty for a child workflow, of which only retries are told
    :param telemetry: what traces the run
    :param is_heard: whether anybody follows it
    """

    __slots__ = ("_begun", "_execution", "_name", "_place", "_telemetry", "_told", "id", "is_heard", "step")

    def __init__(
        self, execution: Executor, name: str, activity_id: str = "", *, telemetry: Telemetry, is_heard: bool
    ) -> None:
        self.id = activity_id
        self.step = current_step()
        self.is_heard = is_heard
        self._name = name
        self._execution = execution
        self._telemetry = telemetry
        self._place = self._find_place() if is_heard else None
        self._begun: ActivityStarted | None = None
        self._told = False

    def at_its_place(self, start: Callable[[], object]) -> None:
        """Start an attempt: it belongs where the task was submitted."""
        if self._place is None:
            start()
            return
        with self._telemetry.at(self._place):
            start()

    def begin(self, attempt: int, *, here: bool) -> None:
        """Note that an attempt begins.

        :param here: whether this thread or asyncio task is its own
        """
        if not self.is_heard:
            return
        begun = event_of(self._execution, ActivityStarted, attempt=attempt, **self._facts())
        self._telemetry.begin(begun, here=here)
        self._begun = begun

    def tell_begin(self) -> None:
        """Tell that the attempt has begun, if it has and nobody was told."""
        if self._begun is not None and not self._told:
            self._told = True
            self._execution.emit(self._begun)

    def heartbeat(self, attempt: int, details: Any) -> None:
        """Tell what the activity said."""
        self._execution.emit(
            event_of(self._execution, ActivityHeartbeat, attempt=attempt, details=details, **self._facts())
        )

    def retry(self, name: str, attempt: int, reason: str, wait: float) -> None:
        """Tell that another attempt at the task of this name follows a failed one."""
        facts = {**self._facts(), "activity": name, "attempt": attempt, "error": reason, "wait": wait}
        self._execution.emit(event_of(self._execution, ActivityRetried, **facts))
        log.warning(
            f"attempt {attempt} of {name} failed, another follows in {wait:g} s: {reason}",
            task=name,
            attempt=attempt,
            error=reason,
            wait=wait,
            as_event=ActivityRetried.__name__,
        )

    def end(self, attempt: int, error: BaseException | None = None, *, at: datetime | None = None) -> None:
        """Tell that the attempt ended, well or with an error; `at` is when, if that was not now."""
        if not self.is_heard:
            return
        status = "completed" if error is None else "timed_out" if isinstance(error, TaskTimeout) else "failed"
        self._end(attempt, status, error, at)

    def cancel(self, attempt: int, error: BaseException | None = None) -> None:
        """Tell that the attempt was canceled, if it had begun and not ended."""
        if self._begun is not None:
            self._end(attempt, "canceled", error)

    def _end(self, attempt: int, status: str, error: BaseException | None, at: datetime | None = None) -> None:
        self.tell_begin()
        begun, self._begun, self._told = self._begun, None, False
        ended = at or self._execution.now()
        finished = event_of(
            self._execution,
            ActivityFinished,
            ended,
            attempt=attempt,
            status=status,
            seconds=(ended - begun.at).total_seconds() if begun else 0.0,
            error=None if error is None else str(error) or type(error).__name__,
            error_type=None if error is None else type(error).__name__,
            **self._facts(),
        )
        self._execution.emit(finished)

    def _find_place(self) -> Any:
        run = self._execution.get_run_context()
        return self._telemetry.place((run["workflow_id"], run["run_id"]), self.step)

    def _facts(self) -> dict[str, Any]:
        return {"activity": self._name, "step": self.step, "activity_id": self.id}
