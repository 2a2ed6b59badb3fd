"""When a run that was asked to stop after some steps has done them."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from simpleflow_steps.step.names import covered_by_any, covers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simpleflow_steps.step.known import KnownSteps


class Until:
    """Follow the steps of a run and of its children, and tell when those asked for are over; from any thread.

    A name is over once a step of that name is, or before the first other step after all that it covers; not before any
    that a past run had, unless the step around it is over too.

    :param names: the names asked for; all of them must be over
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(dict.fromkeys(names))
        self._lock = Lock()
        self._awaited: dict[str, tuple[str, ...]] = {}
        self._open: set[str] = set()
        self._over: set[str] = set()

    def expect(self, known: KnownSteps) -> None:
        """Wait for what past runs had too, each with the steps around it."""
        with self._lock:
            for name in known.steps:
                if covered_by_any(name, self.names):
                    self._awaited[name] = tuple(known.enclosing(name))

    def meet(self, name: str) -> None:
        """Hear that a step was submitted."""
        if covered_by_any(name, self.names):
            with self._lock:
                self._open.add(name)

    def end(self, name: str) -> bool:
        """Hear that a step ran or was skipped, and tell whether that is the end of all that was asked for."""
        with self._lock:
            self._open.discard(name)
            self._over.add(name)
            return bool(self.names) and all(
                self._is_over(asked) and (asked in self._over or self._had_record(asked)) for asked in self.names
            )

    def bars(self, name: str) -> bool:
        """Tell whether a step must not begin, because all that was asked for is over."""
        if not self.names or covered_by_any(name, self.names):
            return False
        with self._lock:
            return all(self._is_over(asked) for asked in self.names)

    def _is_over(self, asked: str) -> bool:
        if any(covers(asked, name) for name in self._open):
            return False
        if not any(covers(asked, name) for name in self._over):
            return False
        return not any(covers(asked, name) and not self._is_settled(name) for name in self._awaited)

    def _is_settled(self, name: str) -> bool:
        return name in self._over or any(above in self._over for above in self._awaited[name])

    def _had_record(self, asked: str) -> bool:
        return any(covers(asked, name) for name in self._awaited)
