"""Random workflows that are run again and again: what they are made of, and how they are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from simpleflow_steps import Chain, Group, Step, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.exceptions import TaskFailed

NAMES = ["a", "a.b", "a.b.c", "a.d", "ab", "b", "b.c", "b.c.d", "c", "d", "d.e", "e", "f", "f.g", "g", "h", "i", "j"]
SELECTORS = [*NAMES[:14], "*", "nobody"]

FAILING: set[str] = set()
"""The names of the steps whose activity fails in the run at hand."""


@activity.with_attributes()
def work(name: str) -> str:
    if name in FAILING:
        raise ValueError(f"{name} has no luck today")
    return name


@activity.with_attributes(raises_on_failure=False)
def work_quietly(name: str) -> str:
    if name in FAILING:
        raise ValueError(f"{name} has no luck today")
    return name


@dataclass(frozen=True)
class Leaf:
    """A step of one activity."""

    name: str
    force: bool
    dependents: tuple[str, ...]
    quiet: bool

    def build(self) -> Step:
        return Step(
            self.name, (work_quietly if self.quiet else work, self.name), self.force, None, False, self.dependents
        )


@dataclass(frozen=True)
class Nest:
    """A step of other parts, one after another, and of others instead when it is skipped."""

    name: str
    force: bool
    dependents: tuple[str, ...]
    inside: tuple[Any, ...]
    instead: tuple[Any, ...]

    def build(self) -> Step:
        instead = Chain(*(part.build() for part in self.instead)) if self.instead else None
        inside = Chain(*(part.build() for part in self.inside))
        return Step(self.name, inside, self.force, instead, False, self.dependents)


@dataclass(frozen=True)
class Row:
    """Parts side by side; `at_once` says how many."""

    parts: tuple[Any, ...]
    at_once: int | None

    def build(self) -> Group:
        return Group(*(part.build() for part in self.parts), max_parallel=self.at_once)


@dataclass(frozen=True)
class Child:
    """A child workflow of other parts."""

    number: int
    parts: tuple[Any, ...]

    def build(self) -> type[Workflow]:
        return workflow_of(f"child{self.number}", self.parts)


@dataclass(frozen=True)
class Ask:
    """Steps that `run()` itself forces or skips."""

    names: tuple[str, ...]
    skip: bool


@dataclass(frozen=True)
class Swallowing:
    """A part whose failure does not end the run."""

    part: Any


@dataclass(frozen=True)
class Request:
    """What is asked of one run, and whose activities fail in it."""

    force: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    from_: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()

    @property
    def lists(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("force", "skip", "from_", "until", "only")}


def workflow_of(name: str, parts: tuple[Any, ...]) -> type[Workflow]:
    """Make a workflow that submits its parts one after another, each once the one before is done."""

    def run(self: Any) -> str:
        for part in parts:
            play(self, part)
        return "done"

    return type(name, (Workflow, WorkflowStepMixin), {"name": name, "run": run})


def play(workflow: Any, part: Any) -> None:
    match part:
        case Ask():
            ask = workflow.add_skipped_steps if part.skip else workflow.add_forced_steps
            ask(part.names, f"run() asks, skip={part.skip}")
        case Swallowing():
            try:
                play(workflow, part.part)
            except* TaskFailed:
                pass
        case _:
            workflow.submit(part.build()).result  # noqa: B018


@dataclass
class _Draw:
    """Draw the parts of a workflow, each step under a name of its own."""

    draw: Any
    names: Iterator[str]
    children: list[int]

    def flag(self, one_in: int = 4) -> bool:
        return bool(self.draw(st.integers(1, one_in)) == one_in)

    def some(self, selectors: list[str]) -> tuple[str, ...]:
        return self.draw(st.one_of(st.just(()), st.lists(st.sampled_from(selectors), max_size=2).map(tuple)))

    def parts(self, depth: int, most: int) -> tuple[Any, ...]:
        kinds = ["leaf", "leaf", "row", *(["nest", "nest", "child"] if depth else [])]
        drawn = [self.part(self.draw(st.sampled_from(kinds)), depth) for _ in range(self.draw(st.integers(0, most)))]
        return tuple(part for part in drawn if part is not None)

    def part(self, kind: str, depth: int) -> Any:
        match kind:
            case "row":
                leaves = [self.leaf() for _ in range(self.draw(st.integers(1, 3)))]
                found = tuple(leaf for leaf in leaves if leaf is not None)
                return Row(found, self.draw(st.sampled_from([None, 1]))) if found else None
            case "nest":
                return self.nest(depth)
            case "child":
                self.children.append(len(self.children))
                number = len(self.children)
                names = iter(self.draw(st.permutations(NAMES))[:4])
                return Child(number, _Draw(self.draw, names, self.children).program(depth - 1, 3))
            case _:
                return self.leaf()

    def leaf(self) -> Leaf | None:
        name = next(self.names, None)
        return name and Leaf(name, self.flag(8), self.some(SELECTORS[:-1]), self.flag())

    def nest(self, depth: int) -> Nest | None:
        name = next(self.names, None)
        if name is None:
            return None
        inside = self.parts(depth - 1, 3)
        instead = self.parts(depth - 1, 2) if self.flag(3) else ()
        return Nest(name, self.flag(8), self.some(SELECTORS[:-1]), inside, instead)

    def program(self, depth: int, most: int) -> tuple[Any, ...]:
        found: list[Any] = []
        for part in self.parts(depth, most):
            if self.flag(5):
                found.append(Ask(self.some(SELECTORS[:-1]) or ("a",), self.flag(2)))
            found.append(Swallowing(part) if self.flag() else part)
        return tuple(found)


@st.composite
def programs(draw: Any) -> tuple[Any, ...]:
    """Draw the parts of a workflow."""
    names = draw(st.permutations(NAMES))
    return _Draw(draw, iter(names), []).program(2, 6)


def _lists(weight: int) -> st.SearchStrategy[tuple[str, ...]]:
    drawn = st.lists(st.sampled_from(SELECTORS), min_size=1, max_size=2, unique=True).map(tuple)
    return st.integers(1, weight).flatmap(lambda number: drawn if number == weight else st.just(()))


requests = st.builds(
    Request,
    force=_lists(3),
    skip=_lists(3),
    from_=_lists(3),
    until=_lists(4),
    only=_lists(5),
    failing=st.one_of(st.just(()), st.lists(st.sampled_from(NAMES), max_size=2).map(tuple)),
)
