"""When a run that was asked to stop after some steps has done them."""

from __future__ import annotations

from collections import defaultdict
from threading import Lock
from typing import TYPE_CHECKING

from msgspec import Struct, field

from simpleflow_steps.step.names import covered_by_any, covering

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simpleflow_steps.step.known import KnownSteps


class _Progress(Struct):
    """How far the steps are that one name covers.

    :param open: those that were submitted and are not over
    :param awaited: those that a past run had, and that may still come
    :param exact: whether the step of that very name is over
    """

    open: set[str] = field(default_factory=set)
    awaited: set[str] = field(default_factory=set)
    recorded: bool = False
    began: bool = False
    exact: bool = False

    @property
    def is_over(self) -> bool:
        return (self.began or self.recorded) and not self.open and not self.awaited


class Until:
    """Follow the steps of a run and of its children, and tell when those asked for are over; from any thread.

    A name is over once a step of that name is, or before the first other step after all that it covers; not before any
    that a past run had, unless the step around it is over too.

    :param names: the names asked for; all of them must be over
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._asked = {name: _Progress() for name in names}
        self._lock = Lock()
        self._inside: defaultdict[str, list[str]] = defaultdict(list)
        self._settled: set[str] = set()
        self._reached = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names asked for, each once."""
        return tuple(self._asked)

    @property
    def reached(self) -> bool:
        """Whether the end of all that was asked for was told: nothing begins any more."""
        return self._reached

    def expect(self, known: KnownSteps) -> None:
        """Wait for what past runs had too, each unless the step around it is over."""
        if not self._asked:
            return
        with self._lock:
            for step in known.steps.values():
                if step.within is not None:
                    self._inside[step.within].append(step.name)
                for progress in self._covering(step.name):
                    progress.recorded = True
                    if step.name not in self._settled:
                        progress.awaited.add(step.name)

    def meet(self, name: str) -> None:
        """Hear that a step was submitted."""
        if not self._asked:
            return
        with self._lock:
            for progress in self._covering(name):
                progress.open.add(name)

    def end(self, name: str) -> bool:
        """Hear that a step ran or was skipped, and tell whether that is the end of all that was asked for."""
        if not self._asked:
            return False
        with self._lock:
            for progress in self._covering(name):
                progress.open.discard(name)
                progress.began = True
            if name in self._asked:
                self._asked[name].exact = True
            self._settle(name)
            asked = self._asked.values()
            over = all(each.is_over and (each.exact or each.recorded) for each in asked)
            self._reached = self._reached or over
            return over

    def bars(self, name: str) -> bool:
        """Tell whether a step must not begin, because all that was asked for is over."""
        if not self._asked or covered_by_any(name, self._asked):
            return False
        with self._lock:
            over = all(progress.is_over for progress in self._asked.values())
            self._reached = self._reached or over
            return over

    def _settle(self, name: str) -> None:
        """Wait no longer for a step that is over, nor for those inside it."""
        over = [name]
        while over:
            settled = over.pop()
            if settled in self._settled:
                continue
            self._settled.add(settled)
            for progress in self._covering(settled):
                progress.awaited.discard(settled)
            over += self._inside.get(settled, ())

    def _covering(self, name: str) -> list[_Progress]:
        return [self._asked[selector] for selector in covering(name, self._asked)]
