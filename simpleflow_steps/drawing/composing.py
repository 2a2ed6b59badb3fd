"""Compose the graph of a subject, small enough to be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps.drawing.arrows import Arrows
from simpleflow_steps.drawing.graph import Graph
from simpleflow_steps.drawing.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simpleflow_steps.drawing.subject import Subject

FOLD = 20  # boxes in one box
MOST_BOXES = 400
MOST_ARROWS = 1000
MOST_NOTES = 20


def compose(subject: Subject, fold: int | None = FOLD) -> Graph:
    """Make the graph of a subject.

    :param fold: how many boxes are drawn in one box, those that failed or run first; fewer, if there are far too many
        in all. None draws everything
    """
    tree, drawn = Tree(subject, fold), fold
    while drawn is not None and drawn > 2 and sum(1 for box in tree.boxes for _ in box.walk()) > MOST_BOXES:
        drawn = max(2, drawn // 2)
        tree = Tree(subject, drawn)
    trees = list(_walk(tree))
    arrows = [Arrows(each.subject, each.boxes) for each in trees]
    found = [arrow for each in arrows for arrow in each.found]
    notes = [note for each in trees for note in each.subject.notes] + [note for each in arrows for note in each.notes]
    folded = sum(sum(box.folded.values()) for top in tree.boxes for box in top.walk())
    if folded:
        notes.append(f"{folded} steps are folded: a box shows at most {drawn} of what is in it; --fold N shows more.")
    if len(found) > MOST_ARROWS:
        notes.append(f"{len(found) - MOST_ARROWS} of {len(found)} arrows are left out.")
    boxes = (*tree.boxes, *(box for each in arrows for box in each.missing.values()))
    return Graph(subject.title, boxes, tuple(found[:MOST_ARROWS]), tuple(_bounded(notes)))


def _walk(tree: Tree) -> Iterator[Tree]:
    yield tree
    for each in tree.trees:
        yield from _walk(each)


def _bounded(notes: list[str]) -> Iterator[str]:
    yield from notes[:MOST_NOTES]
    if len(notes) > MOST_NOTES:
        yield f"{len(notes) - MOST_NOTES} more notes are left out."
