"""The record of a run: what went in, what was decided, how it ended."""

from __future__ import annotations

import traceback
from types import NoneType
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from simpleflow_steps import codec
from simpleflow_steps.codec import Moment, always
from simpleflow_steps.exceptions import LeaseCorrupt, ObjectTooLarge, RecordCorrupt
from simpleflow_steps.execution.lease import hold_of, read_lease

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simpleflow_steps.execution.lease import LeaseRecord
    from simpleflow_steps.storage import Storage

LIMIT = 256 * 1024 * 1024  # bytes; nothing larger is read as a run's record


class RetryRecord(Struct, frozen=True, kw_only=True, gc=False):
    """An attempt at an activity that failed and was followed by another."""

    activity: str
    attempt: int
    error: str
    at: Moment


class StepRecord(Struct, kw_only=True, omit_defaults=True, gc=False):
    """One step of a run: `state` is `running`, `completed`, `skipped`, `failed` or `invalidated`.

    `run` is what was decided first, and `plays` is how often it ran; `within` is the nearest step around it, `asked`
    its own `force` argument and `dependents` the names that it forces if it runs, `instead` whether it does something
    when it is skipped; `retried` has its last retries. `seconds` is written, and not known before. A run keeps one for
    each of its steps, and changes it as it goes on.
    """

    state: str
    run: bool = True
    forced: bool = False
    reasons: tuple[str, ...] = ()
    within: str | None = None
    asked: bool = False
    dependents: tuple[str, ...] = ()
    instead: bool = False
    started: Moment | None = None
    finished: Moment | None = None
    plays: int = 1
    retries: int = 0
    retried: tuple[RetryRecord, ...] = ()
    error: str | None = None
    traceback: str | None = None
    seconds: float | None = None


class ChildRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A child workflow that a run started, inside `step` if inside any; `after` counts the steps decided before."""

    workflow: str
    step: str | None = None
    after: int = 0


class AskedRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Names that the workflow itself asked to force, or to `skip`; `after` counts the steps decided before."""

    names: tuple[str, ...]
    skip: bool
    reason: str | None = None
    after: int = 0


class ErrorRecord(Struct, frozen=True, kw_only=True):
    """What ended a run badly."""

    type: str
    message: str
    traceback: str


class MarkerRecord(Struct, frozen=True, kw_only=True):
    """A log marker."""

    name: str
    details: Any = None
    at: Moment


class RunHead(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the beginning of a run's record tells: all but what may be large.

    `target` is the workflow's class as `module:qualname`, for people and as a hint: nothing is imported for its sake.
    `counts` says how many steps are in each state.
    """

    run_id: str
    workflow_id: str
    workflow: str
    target: str | None = always(NoneType)
    version: str
    parent_workflow_id: str | None = always(NoneType)
    generation: int = always(int)
    status: str = always(lambda: "running")
    started: Moment
    finished: Moment | None = always(NoneType)
    counts: dict[str, int] = always(dict)
    force: dict[str, str] = always(dict)
    skip: dict[str, str] = always(dict)
    from_: dict[str, str] = always(dict, name="from")
    until: dict[str, str] = always(dict)
    only: dict[str, str] = always(dict)
    error: ErrorRecord | None = always(NoneType)


class RunRecord(RunHead, frozen=True, kw_only=True, omit_defaults=True):
    """A run, as JSON; `status` is what the run itself last said, and a crashed one says `running` for ever.

    What may be large comes last, so that the beginning of the object tells what a list of runs shows. `steps` are in
    the order in which they were decided.
    """

    input: dict[str, Any] | None
    asked: tuple[AskedRecord, ...] = ()
    children: dict[str, ChildRecord] = field(default_factory=dict)
    steps: dict[str, StepRecord] = field(default_factory=dict)
    markers: tuple[MarkerRecord, ...] = ()


def runs_prefix(workflow_id: str) -> str:
    """Give the prefix of the keys of an execution's runs."""
    return f"{workflow_id}/runs/"


def run_ids(storage: Storage, workflow_id: str) -> Iterator[str]:
    """List the ids of an execution's runs, oldest first."""
    prefix = runs_prefix(workflow_id)
    for found in storage.list(prefix):
        if found.key.endswith(".json"):
            yield found.key[len(prefix) : -len(".json")]


def read_run(storage: Storage, workflow_id: str, run_id: str) -> RunRecord:
    """Read a run.

    :raises ObjectNotFound: if there is none of this id
    :raises RecordCorrupt: if it cannot be read
    """
    key = f"{runs_prefix(workflow_id)}{run_id}.json"
    try:
        run = codec.read(RunRecord, storage.get(key, max_size=LIMIT), f"run {key}")
    except (ValueError, ObjectTooLarge) as error:
        raise RecordCorrupt(f"run {key} cannot be read: {error}") from None
    check_run_id(run, run_id)
    return run


def check_run_id(run: RunHead, run_id: str) -> None:
    """Refuse a record that lies under another run's key.

    :raises RecordCorrupt: if it does
    """
    if run.run_id != run_id:
        raise RecordCorrupt(f"run {run_id} cannot be read: its record is of run {run.run_id[:100]!r}")


def status_of(run: RunHead, lease: LeaseRecord | None, age: float | None = None) -> str:
    """Say how a run is: its own word, except that one which says `running` without the lease has crashed.

    :param age: how many seconds ago the lease was written, by the storage's clock
    """
    if run.status != "running":
        return run.status
    if lease is None or not lease.held or lease.run_id != run.run_id:
        return "crashed"
    return hold_of(lease, age)


def statuses(storage: Storage, workflow_id: str) -> Callable[[RunHead], str]:
    """Give what tells a run's status, from one read of the lease."""
    try:
        found = read_lease(storage, workflow_id)
    except LeaseCorrupt:
        found = None
    if found is None:
        return lambda run: status_of(run, None)
    lease, body = found
    return lambda run: status_of(run, lease, body.age)


def error_record(error: BaseException) -> ErrorRecord:
    """Describe an exception."""
    text = "".join(traceback.format_exception(error))
    return ErrorRecord(type=type(error).__name__, message=str(error), traceback=text)
