"""A clock that a test holds in its hands."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Empty
from typing import TYPE_CHECKING, Any, TypeVar

from simpleflow_steps.exceptions import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import SimpleQueue

    T = TypeVar("T")

START = datetime(2026, 1, 1, tzinfo=UTC)
TICK = 0.001  # real seconds between looks at what nobody announces: a queue's items and an event's flag
QUIET = 0.05  # real seconds without a change after which everybody is taken to wait
PATIENCE = 1.0  # the same while something works: an activity that hangs is to meet its time-out
BACK = 1.0  # real seconds in which a thread whose time has come waits again, if it ever does


@dataclass(frozen=True, eq=False, slots=True)
class _Wait:
    """A thread's wait; each is itself, whatever its deadline."""

    deadline: float


class ManualClock:
    """A `Clock` on which time passes only when the test says so; see `simpleflow_steps.clock.Clock`.

    What arrives in real time while a thread waits reaches it at once. No two calls of `now` give the same time: each is
    a microsecond later than the one before, so that ids made of it keep their order.

    :param auto: move by itself to the next deadline, whenever threads wait and nothing has changed for a moment of real
        time; while something in a `WorkPool` works, only after a longer moment
    :param start: the time of day at the beginning
    :param quiet: how many real seconds the moment lasts
    :param patience: how many the longer one lasts
    """

    def __init__(
        self, *, auto: bool = False, start: datetime = START, quiet: float = QUIET, patience: float = PATIENCE
    ) -> None:
        self._auto = auto
        self._start = start
        self._quiet = quiet
        self._patience = patience
        self._elapsed = 0.0
        self._told = 0
        self._working = 0
        self._own = threading.local()
        self._threads: dict[_Wait, threading.Thread] = {}
        self._changed = threading.Condition()
        self._last_change = time.monotonic()

    def monotonic(self) -> float:
        """Give the seconds that have passed."""
        return self._elapsed

    def now(self) -> datetime:
        """Give the time of day, in UTC."""
        with self._changed:
            self._told += 1
            return self._start + timedelta(seconds=self._elapsed, microseconds=self._told)

    def take(self, queue: SimpleQueue[Any], seconds: float | None) -> Any:
        """Take the next item of a queue; it may come at any moment of real time."""

        def look(tick: float) -> bool:
            try:
                found.append(queue.get(timeout=tick) if tick else queue.get_nowait())
            except Empty:
                return False
            return True

        found: list[Any] = []
        if not self._wait(look, seconds):
            raise Empty
        return found[0]

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event; it may be set at any moment of real time."""
        return self._wait(event.wait, seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass, stopping at each deadline on the way until those who waited for it have gone on."""
        if seconds < 0:
            raise InvalidInput(f"advance({seconds!r}): time does not go back")
        end = self._elapsed + seconds
        while (deadline := self._next_deadline()) <= end:
            self._move_to(max(deadline, self._elapsed))
            self._let_go_on()
        self._move_to(end)

    @property
    def waiters(self) -> int:
        """How many threads wait on this clock."""
        return len(self._threads)

    def await_waiters(self, count: int = 1, timeout: float = 10.0) -> None:
        """Wait in real time until at least so many threads wait on this clock.

        :raises TimeoutError: if they do not within `timeout` real seconds
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._threads) >= count, timeout):
                raise TimeoutError(f"{len(self._threads)} threads wait on the clock after {timeout} s, not {count}")

    def begin_work(self) -> None:
        """Be told that something is at work, which the time is to wait for."""
        with self._changed:
            self._working += 1
            self._note_change()

    def end_work(self) -> None:
        """Be told that it is over."""
        with self._changed:
            self._working -= 1
            self._note_change()

    def working(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """Call a function of which `begin_work` has told: while it waits on this clock it does not work."""
        self._own.working = True
        try:
            return function(*args, **kwargs)
        finally:
            self._own.working = False

    def _wait(self, look: Callable[[float], bool], seconds: float | None) -> bool:
        """Look until there is something, or until the time is over; a last look counts."""
        worker = getattr(self._own, "working", False)
        with self._changed:
            wait = _Wait(math.inf if seconds is None else self._elapsed + seconds)
            self._threads[wait] = threading.current_thread()
            self._working -= worker
            self._note_change()
        try:
            while self._elapsed < wait.deadline:
                if look(TICK):
                    return True
                self._move_by_itself()
            return look(0)
        finally:
            with self._changed:
                del self._threads[wait]
                self._working += worker
                self._note_change()

    def _move_by_itself(self) -> None:
        if not self._auto:
            return
        with self._changed:
            quiet = self._patience if self._working else self._quiet
            if time.monotonic() - self._last_change < quiet:
                return
            deadline = self._next_deadline()
            if deadline < math.inf:
                self._move_to(max(deadline, self._elapsed))

    def _next_deadline(self) -> float:
        with self._changed:
            return min((wait.deadline for wait in self._threads), default=math.inf)

    def _move_to(self, moment: float) -> None:
        with self._changed:
            self._elapsed = moment
            self._note_change()

    def _let_go_on(self) -> None:
        """Wait in real time until those whose time has come have gone on, and wait again or have ended."""
        with self._changed:
            late = {wait: thread for wait, thread in self._threads.items() if wait.deadline <= self._elapsed}
            self._changed.wait_for(lambda: not late.keys() & self._threads.keys(), timeout=PATIENCE)
            end = time.monotonic() + BACK
            while time.monotonic() < end and any(self._is_busy(thread) for thread in late.values()):
                self._changed.wait(TICK)

    def _is_busy(self, thread: threading.Thread) -> bool:
        return thread.is_alive() and thread not in self._threads.values()

    def _note_change(self) -> None:
        self._last_change = time.monotonic()
        self._changed.notify_all()
