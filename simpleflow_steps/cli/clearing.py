"""What `sfs steps clear` does."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.editing import held
from simpleflow_steps.cli.markers import demand_all, list_markers, open_markers, place_of
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.surroundings import dependents_of, inner_of, outer_of
from simpleflow_steps.cli.text import plural, shown
from simpleflow_steps.execution.past import read_past
from simpleflow_steps.execution.positions import Positions, waits_inside
from simpleflow_steps.step.marker import Seen
from simpleflow_steps.step.names import check_selector
from simpleflow_steps.storage.sidebyside import side_by_side

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from simpleflow_steps.step.known import KnownSteps
    from simpleflow_steps.step.marker import MarkerRegister
    from simpleflow_steps.storage import Storage

MOST_SHOWN = 20


def clear(
    workflow_id: str,
    names: Sequence[str],
    with_dependents: bool,
    with_outer: bool,
    yes: bool,
    as_json: bool,
    **place: Any,
) -> None:
    """Invalidate markers, once they have been shown, with what that means for other steps, and agreed to."""
    register = open_markers(workflow_id, **place)
    selectors = [check_selector(name) for name in names]
    listed = list_markers(register, selectors)
    demand_all(register, selectors, listed)
    done = {name: Seen(found.etag, found.size) for name, found in listed.items() if found.size}
    clearance = _Clearance(register, read_past(register.storage, workflow_id).steps, done)
    clearance.grow(outer=with_outer, dependents=with_dependents)
    if not done:
        _say("nothing to clear: none of them is done")
    agreed = bool(done) and _told_and_agreed(clearance, yes=yes, with_dependents=with_dependents)
    if agreed:
        _invalidate(register, workflow_id, clearance.cleared)
    if as_json:
        print_json({**place_of(register, workflow_id), **clearance.document(agreed=agreed)})


def _told_and_agreed(clearance: _Clearance, *, yes: bool, with_dependents: bool) -> bool:
    """Show what is to be cleared, and ask."""
    clearance.tell()
    outer = list(clearance.outer())
    if outer and not yes and sys.stdin.isatty() and click.confirm(f"Clear {_some(outer)} too?", err=True):
        clearance.grow(outer=True, dependents=with_dependents)
    if yes or _agreed(len(clearance.cleared)):
        return True
    _say("nothing was cleared")
    return False


def _invalidate(register: MarkerRegister, workflow_id: str, cleared: Mapping[str, Seen]) -> None:
    with held(register.storage, workflow_id) as check:
        _forget_waits(register.storage, workflow_id, cleared)

        def invalidate(name: str) -> None:
            check()
            register.invalidate(name, cleared[name])

        side_by_side(invalidate, list(cleared))
    _say(f"cleared {plural(len(cleared), 'step')}")


@dataclass
class _Clearance:
    """The steps to clear, and what else is done beside them."""

    register: MarkerRegister
    known: KnownSteps
    cleared: dict[str, Seen]
    _done: dict[str, Seen] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def grow(self, *, outer: bool, dependents: bool) -> None:
        """Take in the steps around those to clear, and those that depend on them, and so on."""
        count = 0
        while count != len(self.cleared):
            count = len(self.cleared)
            more = [*(self.outer() if outer else ()), *(self.dependents() if dependents else ())]
            self.cleared.update((name, self._done[name]) for name in more)

    def outer(self) -> dict[str, list[str]]:
        """Give the done steps that must run for some of those to clear to be reached, with these."""
        found = outer_of(self.known, self.cleared)
        return {name: found[name] for name in self._still_done(found)}

    def dependents(self) -> list[str]:
        """Give the done steps that run again once those to clear have run."""
        selectors = {each for step in self.known.steps.values() for each in step.dependents}
        self._look(selectors)
        return self._still_done(dependents_of(self.known, self.cleared, {**self.known.steps, **self._done}))

    def inner(self) -> list[str]:
        """Give the done steps inside those to clear."""
        return self._still_done(inner_of(self.known, self.cleared))

    def document(self, *, agreed: bool) -> dict[str, Any]:
        """Give the steps that were cleared, and those done ones that this concerns, as JSON."""
        others = {"dependents": self.dependents(), "outer": self.outer(), "inner": self.inner()}
        return {"cleared": list(self.cleared) if agreed else [], **others}

    def tell(self) -> None:
        """Say what is to be cleared, and what that means for others."""
        _say(f"to clear in {shown(self.register.storage.url)} under {shown(self.register.prefix)}:")
        for name in list(self.cleared)[:MOST_SHOWN]:
            _say(f"  {shown(name)}")
        if len(self.cleared) > MOST_SHOWN:
            _say(f"  ... and {len(self.cleared) - MOST_SHOWN} more")
        if dependents := self.dependents():
            _say(f"these depend on them, and are cleared once they have run: {_some(dependents)}")
            _say("  to clear these now: --with-dependents")
        for outer, inside in list(self.outer().items())[:MOST_SHOWN]:
            _say(f"inside {shown(outer)}, which is done, and reached only if that runs too: {_some(inside)}")
            _say("  to clear that too: --with-outer")
        if inner := self.inner():
            _say(f"inside them and still done, so skipped when they run, unless you name them: {_some(inner)}")

    def _still_done(self, names: Iterable[str]) -> list[str]:
        others = [name for name in names if name not in self.cleared]
        self._look(others)
        return [name for name in others if name in self._done]

    def _look(self, selectors: Collection[str]) -> None:
        """Learn which of the steps that these cover are done."""
        new = set(selectors) - self._asked
        if new:
            self._asked |= new
            found = list_markers(self.register, new)
            self._done.update((name, Seen(each.etag, each.size)) for name, each in found.items() if each.size)


def _forget_waits(storage: Storage, workflow_id: str, names: Iterable[str]) -> None:
    """Drop what ended the waits in steps that are to run again, as a run that plays them anew does, and first."""
    positions = Positions(storage, workflow_id)
    known = positions.list()
    if known:
        for name in names:
            positions.forget(waits_inside(name, known))


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise click.UsageError(f"nobody is here to be asked: pass --yes to clear {plural(count, 'step')}")
    return click.confirm(f"Clear {plural(count, 'step')}?", err=True)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return f"{', '.join(map(shown, names[:MOST_SHOWN]))}{more}"


def _say(text: str) -> None:
    click.echo(text, err=True)
