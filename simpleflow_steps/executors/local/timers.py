"""Things to do at a time on the monotonic clock."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SWEEP = 1024  # cancelled alarms that may lie about before they are swept out


class Alarm:
    """One thing to do, unless it is cancelled first."""

    __slots__ = ("_alarms", "action")

    def __init__(self, alarms: Alarms, action: Callable[[], object]) -> None:
        self._alarms = alarms
        self.action: Callable[[], object] | None = action

    def cancel(self) -> None:
        """Forget it."""
        if self.action is not None:
            self.action = None
            self._alarms.forget_one()


class Alarms:
    """Alarms in the order of their time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    def set(self, seconds: float, action: Callable[[], object]) -> Alarm:
        """Do something `seconds` from now."""
        alarm = Alarm(self, action)
        heapq.heappush(self._heap, (self._clock() + seconds, next(self._order), alarm))
        return alarm

    def seconds_left(self) -> float | None:
        """Say how long it is to the next one; None if there is none."""
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
            self._cancelled -= 1
        return max(0.0, self._heap[0][0] - self._clock()) if self._heap else None

    def ring(self) -> None:
        """Do everything whose time has come."""
        while self.seconds_left() == 0.0:
            alarm = heapq.heappop(self._heap)[2]
            action, alarm.action = alarm.action, None
            if action is not None:
                action()

    def forget_one(self) -> None:
        """Count a cancelled alarm, and sweep when most are."""
        self._cancelled += 1
        if self._cancelled > SWEEP and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].action is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0
