"""What happens to one run, one thing after another: events from any thread, and alarms."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from simpleflow_steps.executors.local.timers import Alarms

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.clock import Clock

    Event = tuple[Callable[..., object], tuple[Any, ...]]

LONGEST_WAIT = 3600.0  # seconds; queues refuse to wait for centuries


class Loop:
    """Process events in the thread that calls `turn`."""

    def __init__(self, clock: Clock) -> None:
        self.alarms = Alarms(clock.monotonic)
        self._clock = clock
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._turning = False
        self._ending = False

    @property
    def waiting(self) -> int:
        """How many events have not been processed."""
        return self._events.qsize()

    @property
    def is_idle(self) -> bool:
        """Whether nothing has happened, and nothing will by itself."""
        return self._events.empty() and self.alarms.seconds_left() is None

    @property
    def is_turning(self) -> bool:
        """Whether its thread is in `turn`, so that nobody's code runs but what it calls."""
        return self._turning

    def post(self, action: Callable[..., object], /, *args: Any) -> None:
        """Have something done in the loop's thread; call it from any thread."""
        self._events.put((action, args))

    def heed(self, act: Callable[[], object]) -> bool:
        """Have something done between two events, if there are any being processed, or by the caller once the run has
        ended, if it is about to; call it from a signal handler.
        """
        if self._ending:
            return True
        if self._turning:
            self.post(act)
        return self._turning

    def end(self) -> None:
        """Let no signal come between what is left to do."""
        self._ending = True

    def turn(self) -> None:
        """Process one thing that happened; wait for it if nothing has."""
        outer, self._turning = self._turning, True
        try:
            seconds = self.alarms.seconds_left()
            try:
                action, args = self._clock.take(self._events, None if seconds is None else min(seconds, LONGEST_WAIT))
            except Empty:
                self.alarms.ring()
                return
            action(*args)
            if seconds == 0.0:
                self.alarms.ring()
        finally:
            self._turning = outer

    def take_all(self) -> list[Event]:
        """Give up the events that have not been processed."""
        events = []
        while not self._events.empty():
            events.append(self._events.get())
        return events
