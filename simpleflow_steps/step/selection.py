"""Which steps to force and to skip, and the one decision to run a step or to skip it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from msgspec import Struct

from simpleflow_steps.step.names import ancestors, check_selectors, covered_by_any, covering

if TYPE_CHECKING:
    from collections.abc import Iterable

ALREADY_DONE = "Step was already played"
FORCED_BY_ITSELF = "The step itself asks for it (force=True)"


class Selection:
    """Hold the names of steps to force, or to skip, in the order in which they were added, with their reasons."""

    def __init__(self) -> None:
        self._reasons: dict[str, list[tuple[int, str]]] = {}
        self._exact: dict[str, list[tuple[int, str]]] = {}
        self._order = count()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name added, in order, each once."""
        return tuple(self._reasons)

    def add(self, names: Iterable[str], reason: str | None = None, *, argument: str = "steps") -> None:
        """Add names, and a reason to each of them.

        :param argument: what the caller calls `names`, for the error
        :raises InvalidInput: if `names` is not an iterable of step names or `*`
        """
        order = next(self._order)
        for name in check_selectors(names, argument):
            reasons = self._reasons.setdefault(name, [])
            if reason:
                reasons.append((order, reason))

    def add_exactly(self, names: Iterable[str], reason: str | None = None) -> None:
        """Add steps by their very names, which cover nothing under them and need not be in the run."""
        order = next(self._order)
        for name in names:
            reasons = self._exact.setdefault(name, [])
            if reason:
                reasons.append((order, reason))

    def covers(self, name: str) -> bool:
        """Tell whether a step is selected."""
        return bool(self._reasons and covered_by_any(name, self._reasons)) or name in self._exact

    def reasons(self, name: str) -> tuple[str, ...]:
        """Collect why a step is selected, in the order in which the reasons were added, each once."""
        found = [entry for selector in covering(name, self._reasons) for entry in self._reasons[selector]]
        found = sorted([*found, *self._exact.get(name, ())])
        return tuple(dict.fromkeys(reason for _, reason in found))

    def unmatched(self, steps: Iterable[str]) -> tuple[str, ...]:
        """List the names that cover none of these steps."""
        met = {above for step in steps for above in ancestors(step)} if self._reasons else frozenset()
        return tuple(name for name in self._reasons if name not in met)


class Decision(Struct, frozen=True, gc=False):
    """Say whether a step runs, whether somebody asked for just that, and why."""

    run: bool
    forced: bool
    reasons: tuple[str, ...] = ()


RUN = Decision(run=True, forced=False)
SKIP = Decision(run=False, forced=False, reasons=(ALREADY_DONE,))


def decide(
    name: str,
    *,
    forced: Selection,
    skipped: Selection,
    done: bool,
    force: bool = False,
    only: Selection | None = None,
) -> Decision:
    """Decide whether a step runs or is skipped: `only` beats force, force beats skip, all of them beat what is done.

    :param done: whether the step has a valid marker
    :param force: the step's own `force` argument
    :param only: if it has names, all other steps are skipped
    """
    if only is not None and only.names and not only.covers(name):
        return Decision(run=False, forced=True, reasons=(f"Only {', '.join(only.names)} was asked for",))
    if force or forced.covers(name):
        return Decision(run=True, forced=True, reasons=forced.reasons(name) or ((FORCED_BY_ITSELF,) if force else ()))
    if skipped.covers(name):
        return Decision(run=False, forced=True, reasons=skipped.reasons(name))
    return SKIP if done else RUN
