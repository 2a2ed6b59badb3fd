"""What a decider or a worker has at hand."""

from __future__ import annotations

from threading import Event, Lock

from simpleflow_steps.clock import SystemClock


class Workload:
    """Count the tasks that are being carried out; once it is closed, none begins."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        self._closed = False
        self._idle = Event()
        self._idle.set()

    @property
    def is_busy(self) -> bool:
        """Whether any task is at hand."""
        return not self._idle.is_set()

    def begin(self) -> bool:
        """Count one task more, and tell whether it may begin; if so, call `end` after it."""
        with self._lock:
            if self._closed:
                return False
            self._count += 1
            self._idle.clear()
            return True

    def end(self) -> None:
        """Count one task less."""
        with self._lock:
            self._count -= 1
            if self._count == 0:
                self._idle.set()

    def close(self, seconds: float) -> None:
        """Let no task begin any more, and let those at hand end within so many seconds."""
        with self._lock:
            self._closed = True
        SystemClock().wait(self._idle, seconds)
