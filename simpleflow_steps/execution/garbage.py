"""What of an execution may go, what stays, and why. Pure: nothing is read or removed here.

Two things may go: the record of an old run, and a large result that no marker names. A run leaves such a result behind
when it dies between the result and the marker, and whenever a step runs again: each write of a result has a key of its
own, and the new marker names the new one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from simpleflow_steps.execution.past import LOOKED_BACK, tells_everything
from simpleflow_steps.execution.positions import read_time

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from simpleflow_steps.execution.record import RunRecord
    from simpleflow_steps.storage import ListedObject

RUN, RESULT = "run", "result"
SETTLED = timedelta(minutes=10)  # a result comes right before its marker, whose write is given up after a minute
SETTLED_SHARED = timedelta(days=1)  # the same where executions whose leases nobody asked for may write too
LONG_AGO = datetime.min.replace(tzinfo=UTC)

_RUN_ID = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-[0-9a-f]+")
_RESULT = re.compile(r"([^/]+)/[0-9a-f]{32}\.json")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a person wants kept: the newest runs, so many, and all that are younger than a time."""

    keep_runs: int = 10
    older_than: timedelta | None = None


class Verdict(NamedTuple):
    """What becomes of an object, and why; `doubt` says that it stays only because nobody knows better."""

    found: ListedObject
    kind: str
    goes: bool
    why: str
    doubt: bool = False


class Naming(NamedTuple):
    """What a step's marker says of results: the key that it names, and the execution that wrote it.

    `there` is whether there is a marker, if only an invalidated one; `doubt` is why it cannot be understood.
    """

    there: bool = True
    key: str | None = None
    owner: str | None = None
    doubt: str | None = None


def is_run_id(run_id: str) -> bool:
    """Tell whether an id is one that a run gets here, so that it says when the run started."""
    return _start(run_id) is not None


def oldest_needed(newest_first: Iterable[tuple[str, RunRecord | None]]) -> str:
    """Give the oldest run that the next run may have to read; all newer ones are needed too.

    A resume reads back to the beginning of the last chain that continued as new. A plan reads some runs, and none older
    than one that completed without skipping anything. The newest run that completed stays in any case.

    :param newest_first: the runs, read no further than necessary; None for one that cannot be read
    """
    needed = _Needed()
    for run_id, record in newest_first:
        needed.add(run_id, record)
        if needed.all_found:
            break
    return needed.oldest


class _Needed:
    """Take in runs, newest first, until nobody needs an older one."""

    def __init__(self) -> None:
        self.all_found = False
        self._count = 0
        self._completed = False
        self._last = ""
        self._planned: str | None = None
        self._beginning: str | None = None

    @property
    def oldest(self) -> str:
        """Give the oldest run that is needed, of those taken in."""
        if self._completed:
            return self._last
        return min(self._planned or self._last, self._beginning or self._last)

    def add(self, run_id: str, record: RunRecord | None) -> None:
        """Take in the next older run."""
        self._count += 1
        self._last = run_id
        begins = record is not None and record.generation == 0
        self._completed |= record is not None and record.status == "completed"
        if begins and self._beginning is None:
            self._beginning = run_id
        last_planned = self._count == LOOKED_BACK or (record is not None and tells_everything(record))
        if self._planned is None and last_planned:
            self._planned = run_id
        self.all_found = begins and self._completed and self._planned is not None


def judge_runs(
    runs: Mapping[str, ListedObject],
    rules: Rules,
    now: datetime,
    *,
    needed_from: str,
    named: str | None,
    doubtful: Collection[str],
) -> Iterator[Verdict]:
    """Judge each run, by its id.

    :param needed_from: the oldest one that a plan or a resume may read
    :param named: the one that the lease names
    :param doubtful: those that may not be runs at all
    """
    times = {run_id: _start(run_id) or found.modified for run_id, found in runs.items()}
    ranked = sorted(runs, key=lambda run_id: (times[run_id] or LONG_AGO, run_id))
    newest = set(ranked[max(0, len(ranked) - rules.keep_runs) :])
    for run_id, found in runs.items():
        time = times[run_id]
        if run_id in doubtful:
            yield Verdict(found, RUN, False, "it cannot be read as a run", doubt=True)
        elif time is None:
            yield Verdict(found, RUN, False, "nobody knows how old it is", doubt=True)
        elif run_id in newest:
            yield Verdict(found, RUN, False, f"one of the newest {rules.keep_runs}")
        elif run_id >= needed_from:
            yield Verdict(found, RUN, False, "a plan or a resume reads it")
        elif run_id == named:
            yield Verdict(found, RUN, False, "the lease names it")
        elif rules.older_than is not None and now - time < rules.older_than:
            yield Verdict(found, RUN, False, "younger than --older-than")
        else:
            yield Verdict(found, RUN, True, f"older than the newest {rules.keep_runs}")


def step_of(key: str, results: str) -> str | None:
    """Give the step whose result lies under a key; None if that is no result's key.

    :param results: the prefix of the results
    """
    match = _RESULT.fullmatch(key[len(results) + 1 :])
    return match[1] if match else None


def judge_results(
    found: Iterable[ListedObject], results: str, names: Mapping[str, Naming], now: datetime, settled: timedelta
) -> Iterator[Verdict]:
    """Judge each object under the prefix of the results.

    :param names: what the marker says of every step that has results
    :param now: the time by the storage's clock
    :param settled: how old an object is whose marker is not on its way any more
    """
    named = {naming.key for naming in names.values()}
    for each in found:
        step = step_of(each.key, results)
        if step is None:
            yield Verdict(each, RESULT, False, "its key is not that of a result", doubt=True)
        elif each.key in named:
            yield Verdict(each, RESULT, False, "its marker names it")
        elif doubt := names[step].doubt:
            yield Verdict(each, RESULT, False, doubt, doubt=True)
        elif each.modified is None or now - each.modified < settled:
            yield Verdict(each, RESULT, False, "so young that its marker may be on its way")
        else:
            yield Verdict(each, RESULT, True, "no marker names it")


def keep_results(found: Iterable[ListedObject], why: str) -> Iterator[Verdict]:
    """Keep every result."""
    return (Verdict(each, RESULT, False, why, doubt=True) for each in found)


def _start(run_id: str) -> datetime | None:
    match = _RUN_ID.fullmatch(run_id)
    return read_time(match[1]) if match else None
