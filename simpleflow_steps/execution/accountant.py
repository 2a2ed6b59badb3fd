"""Keep a run's account as the run goes on: each event costs the same, however many steps there are."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from simpleflow_steps.events import (
    ActivityHeartbeat,
    ActivityRetried,
    ChildStarted,
    StepCompleted,
    StepDecided,
    StepFailed,
    StepInvalidated,
    StepSkipped,
    StepsSubmitted,
    StepStarted,
)
from simpleflow_steps.execution.account import (
    COMPLETED,
    ERROR_KEPT,
    FAILED,
    INVALIDATED,
    MOST,
    RUNNING,
    SKIPPED,
    UNFINISHED,
    WAITING,
    Account,
    ChildAccount,
    GroupAccount,
    RunningStep,
    short_note,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from simpleflow_steps.events import Event


class _Running(Struct):
    within: str | None
    started: datetime | None = None
    retries: int = 0
    attempt: int = 1
    note: Any = None


class _Group(Struct):
    within: str | None
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_open(self) -> bool:
        return self.counts[RUNNING] + self.counts[WAITING] > 0


class Accountant:
    """Hold what the account of one run is made of."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._foretold = False
        self._running: dict[str, _Running] = {}
        self._groups: dict[str, _Group] = {}
        self._open_groups: dict[str, _Group] = {}
        self._failed: dict[str, str] = {}
        self._heartbeats: dict[str, Any] = {}
        self._children: dict[str, ChildAccount] = {}
        self._children_of: dict[str | None, list[str]] = {}

    def hear(self, event: Event) -> None:
        """Take an event of the run in."""
        heard = _HEARD.get(type(event))
        if heard is not None:
            heard(self, event)

    def note_child(self, child_id: str, status: str) -> None:
        """Note that a child runs, or how it ended: one that failed stays, any other that ended is over."""
        child = self._children.get(child_id)
        if child is not None and status in (RUNNING, FAILED):
            self._children[child_id] = replace(child, status=None if status == RUNNING else status)
        else:
            self._children.pop(child_id, None)

    def account(self, most: int = MOST) -> Account:
        """Give the account as it is now.

        :param most: how many running steps, groups, failures and children to name
        """
        named = self._open_groups if len(self._groups) > most else self._groups
        return Account(
            counts=+self._counts,
            foretold=self._foretold,
            running=tuple(_running(*each) for each in islice(self._running.items(), most)),
            groups={name: _group(group) for name, group in islice(named.items(), most)},
            failed=dict(islice(self._failed.items(), most)),
            children=dict(list(islice(reversed(self._children.items()), most))[::-1]),
            heartbeats=dict(self._heartbeats),
        )

    def _submitted(self, event: StepsSubmitted) -> None:
        self._foretold = True
        for name in event.steps:
            if name not in self._states:
                self._move(name, WAITING, None)

    def _decided(self, event: StepDecided) -> None:
        if not event.run:
            return
        self._failed.pop(event.step, None)
        self._running[event.step] = _Running(event.within)
        self._move(event.step, RUNNING, event.within)

    def _started(self, event: StepStarted) -> None:
        step = self._running.setdefault(event.step, _Running(None))
        step.started = event.at
        self._move(event.step, RUNNING, step.within)

    def _completed(self, event: StepCompleted) -> None:
        self._over(event.step, COMPLETED)

    def _skipped(self, event: StepSkipped) -> None:
        if self._states.get(event.step) != COMPLETED:
            self._over(event.step, SKIPPED)

    def _failed_to_run(self, event: StepFailed) -> None:
        self._over(event.step, UNFINISHED if event.canceled else FAILED)
        if not event.canceled:
            self._failed[event.step] = event.error[:ERROR_KEPT]

    def _invalidated(self, event: StepInvalidated) -> None:
        if event.step in self._states and event.step not in self._running:
            self._over(event.step, INVALIDATED)

    def _retried(self, event: ActivityRetried) -> None:
        step = self._running.get(event.step or "")
        if step is not None:
            step.retries += 1
            step.attempt = event.attempt + 1

    def _told(self, event: ActivityHeartbeat) -> None:
        note = short_note(event.details)
        if len(self._heartbeats) < MOST or event.activity in self._heartbeats:
            self._heartbeats[event.activity] = note
        step = self._running.get(event.step or "")
        if step is not None:
            step.note = note

    def _bore(self, event: ChildStarted) -> None:
        if event.child_id not in self._children:
            self._children[event.child_id] = ChildAccount(workflow=event.workflow, step=event.step)
            self._children_of.setdefault(event.step, []).append(event.child_id)

    def _over(self, name: str, state: str) -> None:
        step = self._running.pop(name, None)
        self._move(name, state, step.within if step is not None else None)
        if state != FAILED:
            for child_id in self._children_of.pop(name, ()):
                self._children.pop(child_id, None)

    def _move(self, name: str, state: str, within: str | None) -> None:
        """Count a step, and the group that it is in, from one state to another."""
        before = self._states.get(name)
        if before == state:
            return
        self._states[name] = state
        _count(self._counts, before, state)
        head, dot, _ = name.partition(".")
        if not dot:
            return
        group = self._groups.get(head)
        if group is None:
            group = self._groups[head] = _Group(within)
        group.within = group.within or within
        _count(group.counts, before, state)
        if group.is_open:
            self._open_groups[head] = group
        else:
            self._open_groups.pop(head, None)


_HEARD: dict[type[Event], Callable[[Accountant, Any], None]] = {
    StepsSubmitted: Accountant._submitted,  # noqa: SLF001  its own table
    StepDecided: Accountant._decided,  # noqa: SLF001
    StepStarted: Accountant._started,  # noqa: SLF001
    StepCompleted: Accountant._completed,  # noqa: SLF001
    StepSkipped: Accountant._skipped,  # noqa: SLF001
    StepFailed: Accountant._failed_to_run,  # noqa: SLF001
    StepInvalidated: Accountant._invalidated,  # noqa: SLF001
    ActivityRetried: Accountant._retried,  # noqa: SLF001
    ActivityHeartbeat: Accountant._told,  # noqa: SLF001
    ChildStarted: Accountant._bore,  # noqa: SLF001
}


def _count(counts: Counter[str], before: str | None, state: str) -> None:
    if before is not None:
        counts[before] -= 1
    counts[state] += 1


def _running(name: str, step: _Running) -> RunningStep:
    return RunningStep(
        name=name,
        started=step.started,
        retries=step.retries,
        attempt=step.attempt,
        within=step.within,
        note=step.note,
    )


def _group(group: _Group) -> GroupAccount:
    counts = group.counts
    return GroupAccount(
        done=counts[COMPLETED] + counts[SKIPPED],
        total=sum(counts.values()) - counts[INVALIDATED],
        running=counts[RUNNING],
        failed=counts[FAILED],
        within=group.within,
    )
