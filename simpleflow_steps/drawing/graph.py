"""The graph of an execution: boxes in boxes, and arrows between them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simpleflow_steps.drawing.states import LOOKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

STEP, GROUP, CHILD, FOLDED, MISSING = "step", "group", "child", "folded", "missing"
FORCES, FOLLOWED = "forces", "was followed by"


@dataclass(frozen=True, slots=True)
class Box:
    """A step, steps under one name, a child workflow, steps folded into one, or a step that nobody met.

    :param id: unique in the graph, and plain
    :param steps: the names of the steps that it stands for itself; those of `items` are not among them
    :param folded: how many steps and child workflows are folded into it, by their state
    """

    id: str
    kind: str
    label: str
    state: str | None = None
    seconds: float | None = None
    steps: tuple[str, ...] = ()
    items: tuple[Box, ...] = ()
    folded: Mapping[str, int] = field(default_factory=dict)

    def walk(self) -> Iterator[Box]:
        """Give this box and all those inside it."""
        yield self
        for item in self.items:
            yield from item.walk()


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one box to another: the first forces the other if it runs, or was over when the other began."""

    tail: str
    head: str
    kind: str


@dataclass(frozen=True, slots=True)
class Graph:
    """What a format writes.

    :param notes: what the graph cannot show, in sentences
    """

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    notes: tuple[str, ...] = ()

    def walk(self) -> Iterator[Box]:
        """Give every box."""
        for box in self.boxes:
            yield from box.walk()

    def states(self) -> list[str]:
        """Give the states that occur, in the order of the legend."""
        found = {box.state for box in self.walk()}
        return [state for state in LOOKS if state in found]

    def arrow_kinds(self) -> list[str]:
        """Give the kinds of arrow that occur."""
        return [kind for kind in (FORCES, FOLLOWED) if any(arrow.kind == kind for arrow in self.arrows)]


def counts_text(states: Iterable[str]) -> str:
    """Sum states up: `3 done, 1 failed`."""
    counts = Counter(states)
    return ", ".join(f"{counts[state]} {state}" for state in LOOKS if counts[state])
