"""What became of each step of a run, told from its events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Any

from simpleflow_steps.events import (
    Event,
    NamesUnmatched,
    RunFinished,
    RunStarted,
    StepCompleted,
    StepEvent,
    StepFailed,
    StepInvalidated,
    StepSkipped,
    StepStarted,
)
from simpleflow_steps.execution.account import COMPLETED, FAILED, INVALIDATED, RUNNING, SKIPPED, UNFINISHED

if TYPE_CHECKING:
    from datetime import datetime

    Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of one run, as it stands."""

    workflow_id: str
    name: str
    state: str
    forced: bool = False
    reasons: tuple[str, ...] = ()
    started: datetime | None = None
    finished: datetime | None = None
    seconds: float | None = None
    error: str | None = None


class Tally:
    """Keep the rows of all steps, those of child workflows too, in the order in which they began."""

    def __init__(self) -> None:
        self.workflow_id: str | None = None
        self.run_id: str | None = None
        self.status: str | None = None
        self.rows: dict[Key, StepRow] = {}
        self.running: dict[Key, StepRow] = {}
        self.counts: Counter[str] = Counter()
        self.unmatched: dict[str, list[str]] = {}

    @property
    def started(self) -> bool:
        """Whether the run began."""
        return self.workflow_id is not None

    @singledispatchmethod
    def follow(self, event: Event) -> None:
        """Take note of an event; of one that says nothing about steps, nothing."""

    @follow.register
    def _(self, event: RunStarted) -> None:
        if event.parent_workflow_id is None:
            self.workflow_id, self.run_id, self.status = event.workflow_id, event.run_id, RUNNING

    @follow.register
    def _(self, event: RunFinished) -> None:
        if event.parent_workflow_id is None:
            self.status = event.status
        for key in [key for key in self.running if key[:2] == (event.workflow_id, event.run_id)]:
            self._put(key, replace(self.running[key], state=UNFINISHED))

    @follow.register
    def _(self, event: StepStarted) -> None:
        self._change(event, RUNNING, started=event.at)

    @follow.register
    def _(self, event: StepCompleted) -> None:
        self._change(event, COMPLETED, finished=event.at, seconds=event.seconds)

    @follow.register
    def _(self, event: StepSkipped) -> None:
        self._change(event, SKIPPED, finished=event.at)

    @follow.register
    def _(self, event: StepFailed) -> None:
        state = UNFINISHED if event.canceled else FAILED
        self._change(event, state, finished=event.at, seconds=event.seconds, error=event.error)

    @follow.register
    def _(self, event: StepInvalidated) -> None:
        self._change(event, INVALIDATED, finished=event.at)

    @follow.register
    def _(self, event: NamesUnmatched) -> None:
        self.unmatched.update(event.nearest)

    def _change(self, event: StepEvent, state: str, **facts: Any) -> None:
        """A step that is played again starts afresh; any other change keeps when it began."""
        key = (event.workflow_id, event.run_id, event.step)
        before = self.rows.get(key)
        began = before.started if before is not None and before.state == RUNNING else None
        row = StepRow(event.workflow_id, event.step, state, event.forced, event.reasons, began)
        self._put(key, replace(row, **facts))

    def _put(self, key: Key, row: StepRow) -> None:
        before = self.rows.get(key)
        if before is not None:
            self.counts[before.state] -= 1
        self.counts[row.state] += 1
        self.rows[key] = row
        if row.state == RUNNING:
            self.running[key] = row
        else:
            self.running.pop(key, None)
