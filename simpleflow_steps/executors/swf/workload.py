"""What a decider or a worker has at hand."""

from __future__ import annotations

from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from simpleflow_steps.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

    Task = dict[str, Any]


class Workload:
    """Count the tasks that are being carried out; once it is finished, none begins."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        self._finished = False
        self._idle = Event()
        self._idle.set()

    def carry_out(self, action: Callable[[Task], object], task: Task) -> None:
        """Call `action(task)`, unless none begins any more."""
        with self._lock:
            if self._finished:
                return
            self._count += 1
            self._idle.clear()
        try:
            action(task)
        finally:
            with self._lock:
                self._count -= 1
                if self._count == 0:
                    self._idle.set()

    def finish(self, grace: float) -> bool:
        """Let no task begin any more, and wait for those at hand; tell whether they ended within so many seconds."""
        with self._lock:
            self._finished = True
        return SystemClock().wait(self._idle, grace)
