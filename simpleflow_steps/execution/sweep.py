"""Look for what of an execution may go, and remove it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from simpleflow_steps.exceptions import MarkerCorrupt, ObjectNotFound, RecordCorrupt
from simpleflow_steps.execution.garbage import (
    SETTLED,
    SETTLED_SHARED,
    Naming,
    Verdict,
    is_run_id,
    judge_results,
    judge_runs,
    keep_results,
    oldest_needed,
    step_of,
)
from simpleflow_steps.execution.lease import lease_key
from simpleflow_steps.execution.record import read_run, runs_prefix
from simpleflow_steps.step.tasks import open_register
from simpleflow_steps.storage.sidebyside import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from simpleflow_steps.execution.garbage import Rules
    from simpleflow_steps.execution.lease import LeaseRecord
    from simpleflow_steps.execution.record import RunRecord
    from simpleflow_steps.step.marker import MarkerRegister
    from simpleflow_steps.storage import ListedObject, Storage

    Told = Callable[[int, int], object]

AT_ONCE = 16  # records
BY_HAND = "unknown"  # the execution of a marker that was written without one


@dataclass(frozen=True, slots=True)
class Place:
    """Where an execution's objects lie: everything in one storage, the markers under one prefix."""

    storage: Storage
    workflow_id: str
    prefix: str

    @property
    def register(self) -> MarkerRegister:
        """Open the markers."""
        return open_register(self.storage, self.prefix)


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found of an execution, each object with its verdict."""

    place: Place
    verdicts: tuple[Verdict, ...]

    @property
    def going(self) -> list[Verdict]:
        """Give what may go."""
        return [each for each in self.verdicts if each.goes]


def survey(place: Place, rules: Rules, now: datetime, lease: LeaseRecord | None, told: Told) -> Survey:
    """Look at the runs and the results of an execution.

    What it says to go is sure only while nobody but the caller can write to the execution.

    :param now: the time by the storage's clock
    :param lease: the lease before the caller took it
    :param told: called with how many markers were read, of how many
    """
    prefix = runs_prefix(place.workflow_id)
    objects = [found for found in place.storage.list(prefix) if found.key.endswith(".json")]
    runs = {found.key[len(prefix) : -len(".json")]: found for found in objects}
    results = list(place.storage.list(f"{place.register.results}/"))
    verdicts = [
        *_judged_runs(place, runs, rules, now, lease),
        *_judged_results(place, results, now, told, ran_here=bool(runs)),
    ]
    return Survey(place, tuple(verdicts))


def remove(storage: Storage, going: Sequence[Verdict], check: Callable[[], object], told: Told) -> None:
    """Remove what may go, side by side; whatever interrupts it, the rest is as it was.

    :param check: raises as soon as another run may own the execution
    :param told: called with how many objects are gone, of how many
    """

    def drop(key: str) -> None:
        check()
        storage.delete(key)

    side_by_side(drop, [each.found.key for each in going], told)


def storage_time(storage: Storage, workflow_id: str) -> datetime:
    """Tell the time at which the lease was written, by the storage's own clock; by this machine's if it cannot."""
    key = lease_key(workflow_id)
    written = next((found.modified for found in storage.list(key) if found.key == key), None)
    return written or datetime.now(UTC)


def _judged_runs(
    place: Place, runs: Mapping[str, ListedObject], rules: Rules, now: datetime, lease: LeaseRecord | None
) -> list[Verdict]:
    odd = [run_id for run_id in runs if not is_run_id(run_id)]
    doubtful = {run_id for run_id, record in _read_runs(place, odd) if record is None}
    needed = _noting(_read_runs(place, sorted(runs, reverse=True)), doubtful)
    needed_from = oldest_needed(needed) if len(runs) > rules.keep_runs else ""
    named = None if lease is None else lease.run_id
    return list(judge_runs(runs, rules, now, needed_from=needed_from, named=named, doubtful=doubtful))


def _read_runs(place: Place, run_ids: Sequence[str]) -> Iterator[tuple[str, RunRecord | None]]:
    """Read runs in this order, more and more at a time, as the first ones mostly say all that there is to know."""
    start, count = 0, 1
    while batch := run_ids[start : start + count]:
        yield from zip(batch, side_by_side(partial(_read_run, place), batch), strict=True)
        start, count = start + count, min(2 * count, AT_ONCE)


def _read_run(place: Place, run_id: str) -> RunRecord | None:
    try:
        record = read_run(place.storage, place.workflow_id, run_id)
    except (RecordCorrupt, ObjectNotFound):
        return None
    return record if (record.run_id, record.workflow_id) == (run_id, place.workflow_id) else None


def _noting(
    records: Iterable[tuple[str, RunRecord | None]], unreadable: set[str]
) -> Iterator[tuple[str, RunRecord | None]]:
    for run_id, record in records:
        if record is None:
            unreadable.add(run_id)
        yield run_id, record


def _judged_results(
    place: Place, found: Sequence[ListedObject], now: datetime, told: Told, *, ran_here: bool
) -> Iterable[Verdict]:
    if not found:
        return ()
    if not ran_here:
        return keep_results(found, "no run of it is known here, and its lease may be elsewhere")
    register = place.register
    steps = {step for each in found if (step := step_of(each.key, register.results)) is not None}
    names = dict(side_by_side(partial(_name, register), sorted(steps), told))
    if not any(naming.there for naming in names.values()) and not register.list():
        return keep_results(found, f"no marker lies under {register.prefix}/: if they are elsewhere, pass --prefix")
    owners = {naming.owner for naming in names.values()} - {None, BY_HAND, place.workflow_id}
    if owners:
        return keep_results(found, "other executions have their markers here too")
    apart = register.results.startswith(f"{place.workflow_id}/")
    return judge_results(found, register.results, names, now, SETTLED if apart else SETTLED_SHARED)


def _name(register: MarkerRegister, step: str) -> tuple[str, Naming]:
    """Learn which result a step's marker names."""
    try:
        body = register.get(step)
        marker = register.parse(step, body) if body else None
    except ObjectNotFound:
        return step, Naming(there=False)
    except MarkerCorrupt:
        return step, Naming(doubt="the marker of its step cannot be read")
    if not body:
        return step, Naming()
    if marker is None:
        return step, Naming(doubt="simpleflow or a person wrote the marker of its step")
    return step, Naming(key=marker.result_key, owner=marker.workflow_id)
