"""Which arrows a graph has: what forces what, and what was over before what else began."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from simpleflow_steps.drawing.graph import FOLDED, FOLLOWED, FORCES, GROUP, MISSING, Arrow, Box
from simpleflow_steps.step.names import WILDCARD, ancestors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from simpleflow_steps.drawing.subject import Subject

    Span = tuple[str, datetime, datetime]

MOST_MISSING = 50  # names that are forced and that nobody met
MOST_HEADS = 20  # arrows for one name that a step forces


class Arrows:
    """Find the arrows between the boxes of one subject.

    A step that forces whatever follows it needs no other arrow to say that it comes first. So what came after what is
    drawn only to a box that nothing forces, and only if a run has seen the one end before the other began.
    """

    def __init__(self, subject: Subject, boxes: tuple[Box, ...]) -> None:
        self.missing: dict[str, Box] = {}
        self.notes: list[str] = []
        self._mark = boxes[0].id if boxes else ""
        self._subject = subject
        self._place: dict[str, Box] = {}
        self._groups: dict[str, Box] = {}
        self._covered: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._inside: dict[str, set[str]] = {}
        for box in boxes:
            self._note(box)
        forcing = list(dict.fromkeys(self._forcing(boxes)))
        self.found = [*forcing, *self._followed(boxes, {arrow.head for arrow in forcing})]

    def _note(self, box: Box) -> set[str]:
        """Learn where each step is drawn; a child workflow's own steps are none of this subject's."""
        inside = {box.id}
        for name in box.steps:
            self._place[name] = box
            for above in ancestors(name):
                self._covered[above][box.id] = None
        if box.kind == GROUP:
            self._groups[box.label] = box
        if box.kind == GROUP or box.steps:
            for item in box.items:
                inside |= self._note(item)
        self._inside[box.id] = inside
        return inside

    def _forcing(self, boxes: Iterable[Box]) -> Iterator[Arrow]:
        for box in boxes:
            dependents = self._common_dependents(box)
            if dependents is not None and box.items and self._may_leave(box, dependents):
                yield from self._arrows(box, dependents)
                continue
            for name in box.steps:
                yield from self._arrows(box, self._subject.steps[name].dependents)
            if box.kind == GROUP or box.steps:
                yield from self._forcing(box.items)

    def _common_dependents(self, box: Box) -> tuple[str, ...] | None:
        """Give what each step under a name forces, if they all force the same."""
        names = [name for inner in box.walk() for name in inner.steps] if box.kind == GROUP else []
        found = {self._subject.steps[name].dependents for name in names if name in self._subject.steps}
        return next(iter(found)) if len(found) == 1 else None

    def _may_leave(self, box: Box, dependents: Iterable[str]) -> bool:
        heads = {head for name in dependents if name != WILDCARD for head in self._heads(name)}
        return not heads & self._inside[box.id]

    def _arrows(self, tail: Box, dependents: Iterable[str]) -> Iterator[Arrow]:
        for name in dependents:
            if name == WILDCARD:
                self._say(f"{tail.label} forces every step if it runs.")
                continue
            for head in self._heads(name):
                if head not in self._inside[tail.id] and tail.id not in self._inside.get(head, ()):
                    yield Arrow(tail.id, head, FORCES)

    def _heads(self, name: str) -> list[str]:
        if name in self._groups:
            return [self._groups[name].id]
        covered = list(self._covered.get(name, ()))
        if len(covered) > MOST_HEADS:
            self._say(f"{name} covers {len(covered)} boxes: only the arrows to {MOST_HEADS} of them are drawn.")
        if covered:
            return covered[:MOST_HEADS]
        if len(self.missing) >= MOST_MISSING and name not in self.missing:
            self._say(f"More than {MOST_MISSING} names are forced that no run has met.")
            return []
        box = self.missing.setdefault(name, Box(f"{self._mark}m{len(self.missing) + 1}", MISSING, name, "unknown"))
        return [box.id]

    def _followed(self, boxes: Iterable[Box], forced: set[str]) -> Iterator[Arrow]:
        drawn = [box for box in boxes if box.kind != FOLDED]
        spans = {box.id: self._span(box) for box in drawn}
        for before, after in pairwise(drawn):
            first, second = spans[before.id], spans[after.id]
            if (
                first
                and second
                and first[0] == second[0]
                and first[2] <= second[1]
                and not self._inside[after.id] & forced
            ):
                yield Arrow(before.id, after.id, FOLLOWED)
        for box in drawn:
            if box.kind == GROUP or box.steps:
                yield from self._followed(box.items, forced)

    def _span(self, box: Box) -> Span | None:
        """Give the run in which all of a box was played last, and from when to when."""
        names = [name for inner in box.walk() for name in inner.steps if name in self._subject.steps]
        plays = [self._subject.steps[name].play for name in names]
        found = [play for play in plays if play is not None and play.finished is not None]
        if not found or len(found) < len(plays) or len({play.run_id for play in found}) > 1:
            return None
        finished = max(play.finished for play in found if play.finished is not None)
        return found[0].run_id, min(play.started for play in found), finished

    def _say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)
