"""The time, and waiting for it: everything that waits in a run asks a clock, so that tests can hold it in their
hands.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from queue import Empty
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from queue import SimpleQueue
    from threading import Event

LONGEST_DEAF = 0.1  # seconds that the main thread waits at a stretch

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # Linux's monotonic clock stands still in a suspend


class Clock(Protocol):
    """Tell the time and wait for it; several threads may ask at once."""

    def monotonic(self) -> float:
        """Give seconds that never go back and go on while the machine sleeps; only differences mean anything."""

    def now(self) -> datetime:
        """Give the time of day, in UTC."""

    def take(self, queue: SimpleQueue[Any], seconds: float | None) -> Any:
        """Take the next item of a queue.

        :param seconds: how long to wait for one; without end if None
        :raises queue.Empty: if none came in time
        """

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait for an event, no longer than `seconds`; tell whether it is set."""


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Give the machine's monotonic seconds."""
        return time.clock_gettime(_STEADY)

    def now(self) -> datetime:
        """Give the time of day, in UTC."""
        return datetime.now(UTC)

    def take(self, queue: SimpleQueue[Any], seconds: float | None) -> Any:
        """Take the next item of a queue."""
        for stretch in self._stretches(seconds):
            try:
                return queue.get(timeout=stretch)
            except Empty:
                pass
        raise Empty

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait for an event."""
        return any(event.wait(stretch) for stretch in self._stretches(seconds))

    def _stretches(self, seconds: float | None) -> Iterator[float]:
        """Divide a wait: a signal that comes just as Python's main thread begins to wait is heard only afterwards."""
        left = threading.TIMEOUT_MAX if seconds is None else min(seconds, threading.TIMEOUT_MAX)
        end = self.monotonic() + left
        while left > LONGEST_DEAF:
            yield LONGEST_DEAF
            left = end - self.monotonic()
            if threading.current_thread() is not threading.main_thread():
                break
        yield max(left, 0.0)


def elapsed(seconds: float) -> str:
    """Write a duration in a few characters: `0.2s`, `3m07s`, `2h05m`."""
    if seconds < 59.95:
        return f"{max(seconds, 0.0):.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}m"
