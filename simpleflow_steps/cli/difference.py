"""What changed from one run of an execution to another: pure functions on their records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simpleflow_steps.execution.record import RunRecord, StepRecord

ADDED, GONE, CHANGED = "added", "gone", "changed"
RATIO = 1.5  # a step that is slower or faster by less has not changed
NOTICED = 0.5  # seconds; nor has one whose times differ by less
ASKED = ("force", "skip", "from_", "until", "only")
FACTS = ("status", "workflow", "target", "version", "parent_workflow_id", "input", *ASKED)


@dataclass(frozen=True, slots=True)
class StepChange:
    """What changed about a step: each fact as a pair; `seconds` is one if the step became slower or faster."""

    name: str
    kind: str
    before: StepRecord | None
    after: StepRecord | None
    facts: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    seconds: tuple[float, float] | None = None

    @property
    def ratio(self) -> float | None:
        """How many times as long the step took; None if it took no time before."""
        return self.seconds[1] / self.seconds[0] if self.seconds and self.seconds[0] > 0 else None


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed about a run, each fact as a pair, and about its steps, in their order."""

    facts: dict[str, tuple[Any, Any]]
    steps: list[StepChange]
    unchanged: int


def differ(before: RunRecord, after: RunRecord) -> Difference:
    """Compare two runs."""
    facts = {
        name.rstrip("_"): (getattr(before, name), getattr(after, name))
        for name in FACTS
        if getattr(before, name) != getattr(after, name)
    }
    errors = tuple(None if run.error is None else f"{run.error.type}: {run.error.message}" for run in (before, after))
    if errors[0] != errors[1]:
        facts["error"] = (errors[0], errors[1])
    if before.children.keys() != after.children.keys():
        facts["children"] = (sorted(before.children), sorted(after.children))
    changes = list(_changes(before, after))
    same = len(after.steps) - sum(change.after is not None for change in changes)
    return Difference(facts, changes, same)


def _changes(before: RunRecord, after: RunRecord) -> Iterator[StepChange]:
    for name, step in after.steps.items():
        old = before.steps.get(name)
        if old is None:
            yield StepChange(name, ADDED, None, step)
            continue
        facts, seconds = _facts(old, step), _seconds(old, step)
        if facts or seconds:
            yield StepChange(name, CHANGED, old, step, facts, seconds)
    for name, step in before.steps.items():
        if name not in after.steps:
            yield StepChange(name, GONE, step, None)


def _facts(old: StepRecord, new: StepRecord) -> dict[str, tuple[Any, Any]]:
    names = ("state", "run", "forced", "reasons", "within", "dependents", "retries", "error")
    pairs = {name: (getattr(old, name), getattr(new, name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _seconds(old: StepRecord, new: StepRecord) -> tuple[float, float] | None:
    """Give both times if they differ enough to matter, of a step that was carried out both times."""
    if not (old.run and new.run) or old.seconds is None or new.seconds is None:
        return None
    less, more = sorted((old.seconds, new.seconds))
    return (old.seconds, new.seconds) if more - less >= NOTICED and more >= less * RATIO else None
