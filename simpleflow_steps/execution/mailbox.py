"""The signals of one execution, each kept until somebody waits for it."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from simpleflow_steps.execution.positions import Position
    from simpleflow_steps.futures import Future

    Waiting = tuple[Future[Any], Position | None]


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
        return bool(self._waiting) and any(self.awaits(name) for name in self._waiting)

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

    def wait(self, name: str, future: Future[Any], position: Position | None = None) -> None:
        """Finish `future` with the oldest signal of this name, now or when it comes.

        :param position: which of the execution's waits it is, where these are remembered
        """
        if self._letters[name]:
            future.set_finished(self._letters[name].popleft())
        else:
            self._waiting[name].append((future, position))

    def take_all(self) -> list[Letter]:
        """Give up what nobody waited for."""
        letters, self._letters = self._letters, defaultdict(deque)
        return [Letter(name, payload) for name, payloads in letters.items() for payload in payloads]
