"""Signals between the executions of one process."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.execution.positions import Position
    from simpleflow_steps.futures import Future

    Waiting = tuple[Future[Any], Position]


class Letter(NamedTuple):
    """A signal on its way."""

    name: str
    payload: Any


class Mailbox:
    """The signals of one execution, each kept until somebody waits for it. It belongs to the execution's thread."""

    def __init__(self) -> None:
        self._letters: dict[str, deque[Any]] = defaultdict(deque)
        self._waiting: dict[str, deque[Waiting]] = defaultdict(deque)

    @property
    def awaited(self) -> bool:
        """Whether anybody waits."""
        return any(self.awaits(name) for name in self._waiting)

    def awaits(self, name: str) -> bool:
        """Tell whether anybody waits for a signal of this name."""
        return any(not future.done for future, _ in self._waiting[name])

    def next_waiting(self, name: str) -> Waiting | None:
        """Take the first who waits for a signal of this name out of the row."""
        waiting = self._waiting[name]
        while waiting:
            found = waiting.popleft()
            if not found[0].done:
                return found
        return None

    def fail(self, name: str, error: Exception) -> None:
        """Tell all who wait for a signal of this name that it cannot be looked for."""
        while (waiting := self.next_waiting(name)) is not None:
            waiting[0].set_exception(error)

    def deliver(self, letter: Letter) -> None:
        """Give a signal to the first who waits for it, else keep it."""
        waiting = self.next_waiting(letter.name)
        if waiting is not None:
            waiting[0].set_finished(letter.payload)
            return
        self._letters[letter.name].append(letter.payload)

    def wait(self, name: str, future: Future[Any], position: Position) -> None:
        """Finish `future` with the oldest signal of this name, now or when it comes.

        :param position: which of the execution's waits it is
        """
        if self._letters[name]:
            future.set_finished(self._letters[name].popleft())
        else:
            self._waiting[name].append((future, position))

    def take_all(self) -> list[Letter]:
        """Give up what nobody waited for."""
        letters, self._letters = self._letters, defaultdict(deque)
        return [Letter(name, payload) for name, payloads in letters.items() for payload in payloads]


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
