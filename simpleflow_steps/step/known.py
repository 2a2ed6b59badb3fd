"""What is known of an execution's steps before it runs: what its past runs recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from simpleflow_steps.step.names import covers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEEPEST = 1000  # steps around a step; a record that tells of more is not believed


class KnownStep(Struct, frozen=True):
    """A step that a past run decided.

    :param within: the nearest step around it
    :param reached_by_run: whether it is met when that one runs; else, when that one is skipped
    :param force: its own `force` argument
    :param dependents: the names that it forces if it runs
    """

    name: str
    within: str | None = None
    reached_by_run: bool = True
    force: bool = False
    dependents: tuple[str, ...] = ()


class KnownAsk(Struct, frozen=True):
    """Names that the workflow itself asked to force, or to `skip`, just before the step `before`, or at its end."""

    names: tuple[str, ...]
    skip: bool
    reason: str | None
    before: str | None


class KnownChild(Struct, frozen=True):
    """A child workflow that a past run started, inside `within` if inside any, just after the step `after`.

    :param reached_by_run: whether it is started when the step around it runs; else, when that one is skipped
    """

    workflow: str
    within: str | None
    after: str | None
    reached_by_run: bool = True


class KnownSteps(Struct, frozen=True):
    """Steps in the order in which they were decided, and what the workflow asked for or started in between.

    :param children: by workflow id
    :param ended: whether a run came to its end, so that it met all steps that it could meet
    """

    steps: Mapping[str, KnownStep]
    asks: tuple[KnownAsk, ...] = ()
    children: Mapping[str, KnownChild] = field(default_factory=dict)
    ended: bool = False

    def enclosing(self, name: str) -> Iterator[str]:
        """Give the steps around a step, the nearest first."""
        seen = {name}
        step = self.steps.get(name)
        while step is not None and step.within is not None and step.within not in seen and len(seen) <= DEEPEST:
            yield step.within
            seen.add(step.within)
            step = self.steps.get(step.within)

    def since(self, selector: str) -> list[str]:
        """Give the first step that a name covers and all that came after it, in their order."""
        names = list(self.steps)
        first = next((place for place, name in enumerate(names) if covers(selector, name)), len(names))
        return names[first:]

    def children_since(self, selector: str) -> list[str]:
        """Give the children that were started after the first step that a name covers was decided."""
        since = set(self.since(selector))
        return [child for child, known in self.children.items() if known.after in since]

    def around(self, selector: str) -> list[str]:
        """Give the steps outside a name that must run for those that it covers to be reached; none for what is met
        when they are skipped.
        """
        inside = [name for name in self.steps if covers(selector, name) and self._is_inside_a_run(name)]
        above = (step for name in inside for step in self.enclosing(name) if not covers(selector, step))
        return list(dict.fromkeys(above))

    def _is_inside_a_run(self, name: str) -> bool:
        return all(self.steps[each].reached_by_run for each in (name, *self.enclosing(name)) if each in self.steps)


NOTHING_KNOWN = KnownSteps({})
