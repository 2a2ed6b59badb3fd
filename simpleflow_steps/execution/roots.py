"""The futures that a workflow itself submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import InvalidInput, TaskCanceled
from simpleflow_steps.futures import Future

if TYPE_CHECKING:
    from simpleflow_steps.futures import Waiter


class PassiveFuture(Future[Any]):
    """A timer or a wait for a signal: it does nothing, so a run that ends does not wait for it."""

    __slots__ = ()


class TimerFutures:
    """Hold the future of each timer that the workflow submitted; one of an id runs at a time."""

    def __init__(self, waiter: Waiter) -> None:
        self._waiter = waiter
        self._futures: dict[str, Future[Any]] = {}

    def begin(self, timer_id: str, *, closing: bool) -> Future[Any]:
        """Make a running timer's future; a cancelled one if the run is closing.

        :raises InvalidInput: if one of its id is running
        """
        future = PassiveFuture(self._waiter)
        if closing:
            future.set_cancelled()
            return future
        before = self._futures.get(timer_id)
        if before is not None and not before.done:
            raise InvalidInput(f"timer {timer_id!r} is running: cancel it first, or give this one another id")
        self._futures[timer_id] = future
        future.set_running()
        return future

    def cancel(self, timer_id: str) -> None:
        """Cancel a timer, if one of this id is running."""
        timer = self._futures.pop(timer_id, None)
        if timer is not None:
            timer.cancel()


class Roots:
    """Remember which of them are open, and which failed; nothing is kept of those that ended well, or only wait."""

    def __init__(self) -> None:
        self._open: dict[Future[Any], None] = {}
        self._failed: list[Future[Any]] = []

    def __len__(self) -> int:
        return len(self._open)

    def add(self, future: Future[Any]) -> None:
        """Take a future in."""
        if isinstance(future, PassiveFuture):
            return
        if future.done:
            if future.error is not None:
                self._failed.append(future)
        elif future not in self._open:
            self._open[future] = None
            future.add_done_callback(self._ended)

    def cancel(self) -> None:
        """Cancel the open ones."""
        for future in list(self._open):
            future.cancel()

    @property
    def cut_short(self) -> bool:
        """Whether anything is open, or was cancelled before its end."""
        return bool(self._open) or any(is_cancellation(future.error) for future in self._failed)

    def unnoticed(self) -> list[Exception]:
        """Give the failures that the workflow never looked at."""
        return [
            future.error for future in self._failed if future.error and not future.looked_at and not future.cancelled
        ]

    def _ended(self, future: Future[Any]) -> None:
        self._open.pop(future, None)
        if future.error is not None:
            self._failed.append(future)


def is_cancellation(error: BaseException | None) -> bool:
    """Tell whether an error says that something was cancelled, be it among others."""
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(TaskCanceled) is not None
    return isinstance(error, TaskCanceled)
