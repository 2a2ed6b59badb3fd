"""The time, and waiting for it: everything that waits in a run asks a clock, so that tests can hold it in their
hands.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from queue import SimpleQueue
    from threading import Event


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
        return queue.get(timeout=None if seconds is None else min(seconds, threading.TIMEOUT_MAX))

    def wait(self, event: Event, seconds: float) -> bool:
        """Wait for an event."""
        return event.wait(min(seconds, threading.TIMEOUT_MAX))


def elapsed(seconds: float) -> str:
    """Write a duration in a few characters: `0.2s`, `3m07s`, `2h05m`."""
    if seconds < 59.95:
        return f"{max(seconds, 0.0):.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}m"
