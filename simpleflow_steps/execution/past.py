"""What the past runs of an execution tell of its steps: their order, what contains what, what forces what."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simpleflow_steps import log
from simpleflow_steps.exceptions import InvalidInput, ObjectNotFound, RecordCorrupt
from simpleflow_steps.execution.record import read_run, run_ids
from simpleflow_steps.identity import check_workflow_id
from simpleflow_steps.step.known import NOTHING_KNOWN, KnownAsk, KnownChild, KnownStep, KnownSteps
from simpleflow_steps.step.names import check_selectors, check_step_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from simpleflow_steps.execution.record import RunRecord
    from simpleflow_steps.storage import Storage

LOOKED_BACK = 20  # runs that are read at most
OVER = ("completed", "skipped", "invalidated")  # states of a step that met all that is inside it


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of an execution from its runs; `newest` is None if it never ran."""

    steps: KnownSteps
    newest: RunRecord | None = None


def read_past(storage: Storage, workflow_id: str, *, but: str | None = None) -> Past:
    """Read the runs of an execution, from the newest back to one that tells everything.

    :param but: the id of a run to leave out: the one that asks
    """
    ids = sorted((run_id for run_id in run_ids(storage, workflow_id) if run_id != but), reverse=True)
    return past_of(list(_told(storage, workflow_id, ids[:LOOKED_BACK])))


def past_of(runs: list[RunRecord]) -> Past:
    """Put together what runs tell, the newest first.

    The newest one that was completed met all there is; later ones may add to it. Of earlier ones only what is inside
    steps counts that were not played since.
    """
    if not runs:
        return Past(NOTHING_KNOWN)
    complete = next((place for place, run in enumerate(runs) if _met_all(run)), len(runs) - 1)
    recent = runs[: complete + 1]
    merged = _Merged()
    for run in reversed(recent):
        merged.add(run)
    for run in runs[complete + 1 :]:
        merged.add(run, only_unknown_insides=True)
    children = {child: known for run in reversed(runs) for child, known in _children(run)}
    ended = any(map(_met_all, runs))
    return Past(KnownSteps(merged.in_order(), tuple(_all_asks(recent)), children, ended), runs[0])


def tells_everything(run: RunRecord) -> bool:
    """Whether no older run can add to what this one tells: it began the chain, was completed, and so were all its
    steps, none of which would do something else when it is skipped.
    """
    others = sum(count for state, count in run.counts.items() if state != "completed")
    return _met_all(run) and not others and not any(step.instead for step in run.steps.values())


@dataclass
class _Merged:
    """Steps of several runs in one order; `told` has each step whose inside, or what is instead of it, was all met."""

    order: list[str] = field(default_factory=list)
    steps: dict[str, KnownStep] = field(default_factory=dict)
    told: set[tuple[str, bool]] = field(default_factory=set)

    def add(self, run: RunRecord, *, only_unknown_insides: bool = False) -> None:
        """Add a run's steps, each new one behind the one that it followed there."""
        following: dict[str | None, list[str]] = defaultdict(list)
        previous: str | None = None
        for name in run.steps:
            known = _known(run, name)
            new = name not in self.steps
            if only_unknown_insides and (not new or not self._is_unknown_inside(known)):
                previous = name if name in self.steps else previous
                continue
            self.steps[name] = known
            if new:
                following[previous].append(name)
            else:
                previous = name
        self.order = list(_woven(self.order, following))
        self.told.update((name, step.run) for name, step in run.steps.items() if step.state in OVER)

    def in_order(self) -> dict[str, KnownStep]:
        """Give the steps in their order."""
        return {name: self.steps[name] for name in self.order}

    def _is_unknown_inside(self, known: KnownStep) -> bool:
        """Tell whether a step is inside one of which later runs do not tell all."""
        return known.within in self.steps and (known.within, known.reached_by_run) not in self.told


def _woven(order: list[str], following: dict[str | None, list[str]]) -> Iterator[str]:
    yield from following[None]
    for name in order:
        yield name
        yield from following.get(name, ())


def _known(run: RunRecord, name: str) -> KnownStep:
    step = run.steps[name]
    around = run.steps.get(step.within or "")
    return KnownStep(name, step.within, around is None or around.run, step.asked, step.dependents)


def _all_asks(runs: list[RunRecord]) -> Iterator[KnownAsk]:
    """Give what the workflow asked for in any of these runs, the newest first; what an unfinished one asked for last
    counts only if no other tells before which step that is.
    """
    asks = dict.fromkeys(ask for run in reversed(runs) for ask in _asks(run))
    placed = {(ask.names, ask.skip, ask.reason) for ask in asks if ask.before is not None}
    yield from (ask for ask in asks if ask.before is not None or (ask.names, ask.skip, ask.reason) not in placed)


def _asks(run: RunRecord) -> Iterator[KnownAsk]:
    names = list(run.steps)
    for asked in run.asked:
        before = names[asked.after] if 0 <= asked.after < len(names) else None
        yield KnownAsk(asked.names, asked.skip, asked.reason, before)


def _children(run: RunRecord) -> Iterator[tuple[str, KnownChild]]:
    names = list(run.steps)
    for child_id, child in run.children.items():
        after = names[child.after - 1] if 0 < child.after <= len(names) else None
        around = run.steps.get(child.step or "")
        yield child_id, KnownChild(child.workflow, child.step, after, around is None or around.run)


def _met_all(run: RunRecord) -> bool:
    return run.status == "completed" and run.generation == 0


def _check_names(run: RunRecord) -> None:
    """Check the names that a plan would use: anybody may have written the record.

    :raises InvalidInput: naming what no step, or no execution, may be called
    """
    for name, step in run.steps.items():
        check_step_name(name)
        check_selectors(step.dependents, "dependents")
    for asked in run.asked:
        check_selectors(asked.names, "asked")
    for child_id in run.children:
        check_workflow_id(child_id)


def _told(storage: Storage, workflow_id: str, ids: Iterable[str]) -> Iterator[RunRecord]:
    for run_id in ids:
        try:
            run = read_run(storage, workflow_id, run_id)
            _check_names(run)
        except (ObjectNotFound, RecordCorrupt, InvalidInput) as error:
            log.warning("a run's record cannot be read; what it tells is missing", run=run_id, error=str(error))
            continue
        yield run
        if tells_everything(run):
            return
