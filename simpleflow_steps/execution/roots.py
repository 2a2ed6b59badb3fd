"""The futures that a workflow itself submitted."""

from __future__ import annotations

from typing import Any

from simpleflow_steps.exceptions import TaskCanceled
from simpleflow_steps.futures import Future


class PassiveFuture(Future[Any]):
    """A timer or a wait for a signal: it does nothing, so a run that ends does not wait for it."""

    __slots__ = ()


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
