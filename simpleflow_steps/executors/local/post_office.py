"""Signals between the executions of one process."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.execution.mailbox import Letter


class PostOffice:
    """Bring signals to executions, from any thread; those for an execution that is not there yet are kept for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._receivers: dict[str, Callable[[Letter], None]] = {}
        self._kept: dict[str, list[Letter]] = defaultdict(list)
        self._broadcasts: list[Letter] = []
        self._heard: dict[str, int] = {}

    def open(self, workflow_id: str, receive: Callable[[Letter], None]) -> bool:
        """Deliver to an execution from now on; False if one of this id is live already."""
        with self._lock:
            if workflow_id in self._receivers:
                return False
            self._receivers[workflow_id] = receive
            missed = self._broadcasts[self._heard.pop(workflow_id, 0) :]
            for letter in [*self._kept.pop(workflow_id, []), *missed]:
                receive(letter)
            return True

    def close(self, workflow_id: str, take_unread: Callable[[], list[Letter]]) -> None:
        """Deliver no more to an execution; its next run gets what it did not read, and later broadcasts."""
        with self._lock:
            del self._receivers[workflow_id]
            self._heard[workflow_id] = len(self._broadcasts)
            if unread := take_unread():
                self._kept[workflow_id] = unread

    def end_broadcasts(self) -> None:
        """Keep no broadcast for those that start later."""
        with self._lock:
            self._broadcasts.clear()
            self._heard.clear()

    def hand(self, workflow_id: str, letter: Letter) -> bool:
        """Bring a signal to an execution that is live here; tell whether it is."""
        with self._lock:
            receive = self._receivers.get(workflow_id)
            if receive is not None:
                receive(letter)
            return receive is not None

    def send(self, workflow_id: str, letter: Letter) -> None:
        """Bring a signal to one execution, now or when it starts here."""
        with self._lock:
            receive = self._receivers.get(workflow_id)
            if receive is None:
                self._kept[workflow_id].append(letter)
            else:
                receive(letter)

    def broadcast(self, letter: Letter) -> None:
        """Bring a signal to every execution, and to those that start later."""
        with self._lock:
            self._broadcasts.append(letter)
            for receive in self._receivers.values():
                receive(letter)
