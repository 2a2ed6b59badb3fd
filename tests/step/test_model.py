"""Random workflows, run again and again, against a small model of the decision table that shares no code with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simpleflow_steps import Chain, Group, Step
from simpleflow_steps.events import NamesUnmatched
from simpleflow_steps.exceptions import TaskFailed
from simpleflow_steps.storage import MemoryStorage
from tests.step.stage import CALLS, Stage, fail, fail_quietly, note

NAMES = ["a", "a.b", "a.b.c", "ab", "b", "b.c", "d"]
ACTIVITIES = {"ok": note, "quiet": fail_quietly, "hard": fail}


@dataclass(frozen=True)
class Leaf:
    """A step of one activity, which succeeds, fails quietly or fails hard."""

    name: str
    outcome: str
    force: bool
    dependents: tuple[str, ...]

    def build(self) -> Step:
        return Step(self.name, (ACTIVITIES[self.outcome], self.name), self.force, None, False, self.dependents)


@dataclass(frozen=True)
class Nest:
    """A step of other steps, one after another."""

    name: str
    force: bool
    dependents: tuple[str, ...]
    inside: tuple[Leaf, ...]

    def build(self) -> Step:
        chain = Chain(*(part.build() for part in self.inside))
        return Step(self.name, chain, self.force, None, False, self.dependents)


@dataclass(frozen=True)
class Row:
    """Steps side by side."""

    leaves: tuple[Leaf, ...]

    def build(self) -> Group:
        return Group(*(leaf.build() for leaf in self.leaves))


@dataclass(frozen=True)
class Run:
    """One run: its parts, one after another, and what is asked for."""

    parts: tuple[Any, ...]
    force: tuple[str, ...]
    skip: tuple[str, ...]


def means(selector: str, name: str) -> bool:
    wanted, parts = selector.split("."), name.split(".")
    return selector == "*" or parts[: len(wanted)] == wanted


@dataclass
class Model:
    """What the design says: `done` is None for an invalidated marker."""

    done: dict[str, bool] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    log: list[tuple[str, str, bool]] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    ran: set[str] = field(default_factory=set)
    forced: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def run(self, run: Run) -> bool:
        """Tell whether it completed."""
        self.calls, self.log, self.met, self.ran = [], [], set(), set()
        self.forced, self.skipped = list(run.force), list(run.skip)
        return all(self.play(part) != "hard" for part in run.parts)

    def play(self, part: Any) -> str:
        leaves = part.leaves if isinstance(part, Row) else [part]
        begun = [leaf for leaf in leaves if self.begin(leaf)]
        outcomes = [self.end(leaf) for leaf in begun]
        return next((bad for bad in ("hard", "quiet") if bad in outcomes), "ok")

    def begin(self, step: Any) -> bool:
        self.met.add(step.name)
        asked = step.force or any(means(name, step.name) for name in self.forced)
        if not asked and any(means(name, step.name) for name in self.skipped):
            self.log.append((step.name, "skipped", True))
            return False
        if not asked and self.done.get(step.name):
            self.log.append((step.name, "skipped", False))
            return False
        self.log.append((step.name, "scheduled", asked))
        self.forced += step.dependents
        self.ran.add(step.name)
        if step.name in self.done:
            self.done[step.name] = False
        return True

    def end(self, step: Any) -> str:
        asked = next(asked for name, status, asked in reversed(self.log) if (name, status) == (step.name, "scheduled"))
        outcome = self.carry_out(step)
        if outcome == "ok":
            for name in self.done:
                if name not in self.ran and any(means(selector, name) for selector in step.dependents):
                    self.done[name] = False
            self.done[step.name] = True
            self.log.append((step.name, "completed", asked))
        return outcome

    def carry_out(self, step: Any) -> str:
        if isinstance(step, Leaf):
            self.calls.append(step.name)
            return step.outcome
        outcomes = []
        for part in step.inside:
            outcomes.append(self.play(part))
            if outcomes[-1] == "hard":
                break
        return next((bad for bad in ("hard", "quiet") if bad in outcomes), "ok")


selectors = st.lists(st.sampled_from([*NAMES, "*", "nobody"]), max_size=2, unique=True).map(tuple)
dependents = st.one_of(st.just(()), st.lists(st.sampled_from([*NAMES, "*"]), max_size=2, unique=True).map(tuple))
outcomes = st.sampled_from(["ok"] * 6 + ["quiet", "hard"])
rarely = st.sampled_from([False] * 5 + [True])
leaves = st.builds(Leaf, st.sampled_from(NAMES), outcomes, rarely, dependents)
rows = st.lists(leaves, min_size=1, max_size=4, unique_by=lambda leaf: leaf.name).map(tuple).map(Row)
nests = st.builds(
    Nest, st.sampled_from(["outer", "a.outer", "z"]), rarely, dependents, st.lists(leaves, max_size=3).map(tuple)
)
runs = st.builds(Run, st.lists(leaves | rows | nests, max_size=5).map(tuple), selectors, selectors)


@settings(max_examples=200, deadline=None)
@given(st.lists(runs, min_size=1, max_size=4))
def test_random_workflows_do_what_the_model_says(history):
    stage, model = Stage(MemoryStorage()), Model()

    for run in history:
        CALLS.clear()
        completed = model.run(run)

        assert play(stage, run) is completed
        assert Counter(CALLS) == Counter(model.calls)
        assert {name: marker is not None for name, marker in stage.markers().items()} == model.done
        assert Counter((e["step"], e["status"], e["forced"]) for e in stage.log) == Counter(model.log)
        assert not completed or unmatched(stage) == {
            name for name in (*run.force, *run.skip) if not any(means(name, met) for met in model.met)
        }


def play(stage: Stage, run: Run) -> bool:
    """Run it, and tell whether it completed."""

    def body(workflow: Any) -> None:
        for part in run.parts:
            workflow.submit(part.build()).result  # noqa: B018

    completed = False
    try:
        stage.run(body, force=run.force, skip=run.skip)
        completed = True
    except* TaskFailed:
        pass
    return completed


def unmatched(stage: Stage) -> set[str]:
    return {name for event in stage.events if isinstance(event, NamesUnmatched) for name in event.nearest}
