"""What past runs tell of the steps around some others: what depends on them, contains them, or is inside them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from simpleflow_steps.step.names import covering

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from simpleflow_steps.step.known import KnownSteps


def dependents_of(known: KnownSteps, names: Collection[str], others: Iterable[str]) -> list[str]:
    """Give the steps that run again when these have run, and those that depend on them in turn.

    :param others: all steps there are; the names that a step forces may cover some that no run met
    """
    selectors = {selector for step in known.steps.values() for selector in step.dependents}
    covered: dict[str, list[str]] = defaultdict(list)
    for name in others:
        for selector in covering(name, selectors):
            covered[selector].append(name)
    found: dict[str, None] = {}
    pending, start = list(names), set(names)
    while pending:
        step = known.steps.get(pending.pop())
        for selector in step.dependents if step else ():
            new = [name for name in covered.pop(selector, ()) if name not in found and name not in start]
            found.update(dict.fromkeys(new))
            pending.extend(new)
    return list(found)


def outer_of(known: KnownSteps, names: Iterable[str]) -> dict[str, list[str]]:
    """Give the steps that must run for some of these to be reached, each with those of them."""
    found: dict[str, list[str]] = {}
    for name in names:
        inside = name
        for outer in known.enclosing(name):
            if known.steps[inside].reached_by_run:
                found.setdefault(outer, []).append(name)
            inside = outer
            if inside not in known.steps:
                break
    return found


def inner_of(known: KnownSteps, names: Collection[str]) -> list[str]:
    """Give the steps inside some of these."""
    return [name for name in known.steps if any(outer in names for outer in known.enclosing(name))]
