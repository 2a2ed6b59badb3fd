"""Which box goes into which: steps inside steps, steps under one dotted name, and folds where there are too many."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from simpleflow_steps.drawing.graph import CHILD, FOLDED, GROUP, STEP, Box, counts_text
from simpleflow_steps.drawing.states import FAILED, RUNNING, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from simpleflow_steps.drawing.subject import DrawnChild, Subject

DEEPEST = 10  # boxes in boxes; what lies deeper is drawn at this depth
NOTABLE = (FAILED, RUNNING)


@dataclass
class Branch:
    """What is under one dotted name: a step of that name, if there is one, and longer names."""

    name: str
    step: str | None = None
    branches: dict[str, Branch] = field(default_factory=dict)


def grow(names: Iterable[str], base: str | None = None) -> Branch:
    """Arrange names by their dots; what all have before their first dot as `base` says nothing."""
    root = Branch("")
    start = f"{base}." if base else ""
    for name in names:
        here, at = root, start if name.startswith(start) else ""
        for part in name.removeprefix(at).split(".", DEEPEST):
            at += part
            here = here.branches.setdefault(part, Branch(at))
            at += "."
        here.step = name
    return root


def outermost(branch: Branch) -> Branch:
    """Leave out names that have one name under them and nothing else."""
    while branch.step is None and len(branch.branches) == 1:
        branch = next(iter(branch.branches.values()))
    return branch


class Tree:
    """Make the boxes of one subject, and of the children inside it.

    :param fold: how many boxes of one box are drawn; the others are folded into one. None draws all
    :param ids: gives the numbers of the boxes
    """

    def __init__(self, subject: Subject, fold: int | None, ids: count[int] | None = None, depth: int = 0) -> None:
        self.subject = subject
        self.trees: list[Tree] = []
        self._fold = fold
        self._ids = ids or count(1)
        self._inside: defaultdict[str | None, list[str]] = defaultdict(list)
        self._children: defaultdict[str | None, list[DrawnChild]] = defaultdict(list)
        self._arrange()
        self.boxes = self._contents(None, depth)

    def _arrange(self) -> None:
        steps = self.subject.steps
        for name, step in steps.items():
            self._inside[step.within if self._is_rooted(name) else None].append(name)
        for child in self.subject.children:
            self._children[child.within if child.within in steps else None].append(child)

    def _is_rooted(self, name: str) -> bool:
        """Tell whether going outwards from a step comes to an end, and soon."""
        steps, at = self.subject.steps, name
        for _ in range(DEEPEST):
            within = steps[at].within
            if within is None:
                return True
            if within not in steps:
                return at != name
            at = within
        return False

    def _contents(self, around: str | None, depth: int) -> tuple[Box, ...]:
        root = grow(self._inside.get(around, ()), around)
        boxes = [self._box(outermost(branch), depth) for branch in root.branches.values()]
        return self._folded([*boxes, *(self._child_box(child, depth) for child in self._children.get(around, ()))])

    def _box(self, branch: Branch, depth: int) -> Box:
        if not branch.branches or depth >= DEEPEST:
            return self._fold_all(branch) if branch.branches else self._step_box(branch.step or "", depth)
        own = [self._step_box(branch.step, depth + 1)] if branch.step is not None else []
        inner = [self._box(outermost(each), depth + 1) for each in branch.branches.values()]
        items = self._folded([*own, *inner])
        return Box(self._id(), GROUP, branch.name, items=items)

    def _step_box(self, name: str, depth: int) -> Box:
        step = self.subject.steps[name]
        seconds = None if step.play is None else step.play.seconds
        items = self._contents(name, depth + 1) if depth < DEEPEST else ()
        return Box(self._id(), STEP, name, step.state, seconds, (name,), items)

    def _child_box(self, child: DrawnChild, depth: int) -> Box:
        if child.subject is None or depth >= DEEPEST or not (child.subject.steps or child.subject.children):
            return Box(self._id(), CHILD, child.label, child.state)
        tree = Tree(child.subject, self._fold, self._ids, depth + 1)
        self.trees.append(tree)
        return Box(self._id(), CHILD, child.label, child.state, items=tree.boxes)

    def _folded(self, boxes: Sequence[Box]) -> tuple[Box, ...]:
        """Keep what is notable and the first of the others, and fold the rest."""
        if self._fold is None or len(boxes) <= self._fold:
            return tuple(boxes)
        first = sorted(boxes, key=lambda box: not is_notable(box))[: self._fold - 1]
        kept = {box.id for box in first}
        rest = [inner for box in boxes if box.id not in kept for inner in box.walk() if inner.kind != GROUP]
        return (*(box for box in boxes if box.id in kept), self._fold_box(rest))

    def _fold_all(self, branch: Branch) -> Box:
        return self._fold_box([self._step_box(name, DEEPEST) for name in _names(branch)])

    def _fold_box(self, boxes: Sequence[Box]) -> Box:
        names = tuple(name for box in boxes for name in box.steps)
        states: Counter[str] = Counter()
        for box in boxes:
            states.update(box.folded or {box.state or UNKNOWN: 1})
        label = f"{states.total()} more: {counts_text(states.elements())}"
        return Box(self._id(), FOLDED, label, steps=names, folded=states)

    def _id(self) -> str:
        return f"b{next(self._ids)}"


def is_notable(box: Box) -> bool:
    """Tell whether something in a box runs or has failed."""
    return any(inner.state in NOTABLE for inner in box.walk())


def _names(branch: Branch) -> Iterator[str]:
    if branch.step is not None:
        yield branch.step
    for each in branch.branches.values():
        yield from _names(each)
