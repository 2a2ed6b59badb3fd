"""Dotted names as a tree of which as much is shown as there is room for: pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from simpleflow_steps.step.names import ancestors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping


@dataclass(slots=True)
class Node:
    """A part of a name; `done` and `total` count the steps below it, without itself, which may be one or not."""

    name: str
    label: str
    is_step: bool = False
    done: int = 0
    total: int = 0
    children: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A node that is shown, so many levels down; one that is `folded` stands for all below it."""

    node: Node
    level: int
    folded: bool


def make_tree(steps: Mapping[str, bool], roots: Collection[str]) -> list[Node]:
    """Put steps into a tree, in their order.

    :param steps: whether each is done, by name
    :param roots: the names that stand at the top, one of which covers each step; none for the names' first parts
    """
    tops: dict[str, Node] = {}
    for name, done in steps.items():
        root = next((each for each in ancestors(name) if each in roots), name.partition(".")[0])
        node = tops.setdefault(root, Node(root, root))
        for part in name[len(root) + 1 :].split(".") if name != root else ():
            node.total += 1
            node.done += done
            node = node.children.setdefault(part, Node(f"{node.name}.{part}", part))
        node.is_step = True
    return list(tops.values())


def fit_rows(tops: list[Node], *, limit: int | None, depth: int | None) -> list[Row]:
    """Give the rows that fit: all of one level before any of the next, and of one level the small subtrees first.

    What does not fit is folded into the row above it. Of the top level itself, and of what is below a lone top, the
    last ones are left out.

    :param limit: how many rows there may be
    :param depth: how many levels there may be
    """
    tops = tops[:limit]
    room = float("inf") if limit is None else limit - len(tops)
    opened: dict[str, int] = {}
    level, at = tops, 1
    while level and (depth is None or at < depth):
        below: list[Node] = []
        for node in sorted(level, key=lambda node: len(node.children)):
            count = len(node.children)
            if at == 1 and len(tops) == 1:
                count = int(min(count, room))
            if 0 < count <= room:
                room -= count
                opened[node.name] = count
                below.extend(islice(node.children.values(), count))
        level, at = below, at + 1
    return list(_rows(tops, opened, 0))


def _rows(nodes: Iterable[Node], opened: Mapping[str, int], level: int) -> Iterator[Row]:
    for node in nodes:
        count = opened.get(node.name, 0)
        yield Row(node, level, folded=bool(node.children) and not count)
        yield from _rows(islice(node.children.values(), count), opened, level + 1)
