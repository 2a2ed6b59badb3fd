"""What is asked of the steps of one execution, and the decision on each: for a run and for its plan alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps.step.known import NOTHING_KNOWN
from simpleflow_steps.step.names import WILDCARD, covers
from simpleflow_steps.step.selection import Decision, Selection, decide
from simpleflow_steps.step.until import Until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simpleflow_steps.step.known import KnownSteps

    Reasons = Iterable[tuple[str, str]]  # names, each with why it is asked for


class Steering:
    """Hold what is asked for, and add what its steps force on the way.

    :param until: shared by an execution and its children; None to stop nowhere
    """

    def __init__(self, until: Until | None = None) -> None:
        self.forced = Selection()
        self.skipped = Selection()
        self.only = Selection()
        self.until = until or Until(())
        self._dependents: set[str] = set()

    def ask(self, force: Reasons, skip: Reasons) -> None:
        """Force and skip names, each with its reason."""
        for name, reason in force:
            self.forced.add([name], reason)
        for name, reason in skip:
            self.skipped.add([name], reason)

    def begin_from(self, names: Reasons, known: KnownSteps = NOTHING_KNOWN) -> None:
        """Force each name, what came after it in the recorded order, and the steps around it."""
        for name, reason in names:
            self.forced.add([name], reason)
            after = [step for step in known.since(name) if not covers(name, step)]
            self.forced.add_exactly(after, f"Comes after {name}: {reason}")
            self.forced.add_exactly(known.around(name), f"Contains {name}: {reason}")

    def force_all(self, reason: str) -> None:
        """Force every step, if there is any."""
        self._dependents.add(WILDCARD)
        self.forced.add([WILDCARD], reason)

    def play_only(self, names: Reasons, known: KnownSteps = NOTHING_KNOWN) -> None:
        """Force these names, and the steps around them, and skip all others."""
        for name, reason in names:
            around = known.around(name)
            self.only.add([name])
            self.only.add_exactly(around)
            self.forced.add([name], reason)
            self.forced.add_exactly(around, f"Contains {name}: {reason}")

    def decide(self, name: str, *, done: bool, force: bool) -> Decision:
        """Decide whether a step runs; see `selection.decide`."""
        return decide(name, forced=self.forced, skipped=self.skipped, only=self.only, done=done, force=force)

    def force_dependents(self, name: str, dependents: Iterable[str]) -> None:
        """Ask for what depends on a step to run, because the step does."""
        dependents = tuple(dependents)
        self._dependents.update(dependents)
        self.forced.add(dependents, f"Dep of {name}")

    def unmatched(self, steps: Iterable[str]) -> list[str]:
        """List the names that none of these steps has; a step's dependents need not be in every run."""
        steps = set(steps)
        found = (*self.forced.unmatched(steps), *self.skipped.unmatched(steps))
        return [name for name in found if name not in self._dependents]
