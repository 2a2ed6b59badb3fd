"""The record of a run: what went in, what was decided, how it ended."""

from __future__ import annotations

import traceback
from datetime import datetime  # noqa: TC003  pydantic reads it at run time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simpleflow_steps import codec
from simpleflow_steps.exceptions import InvalidInput, LeaseCorrupt, ObjectTooLarge, RecordCorrupt
from simpleflow_steps.execution.lease import hold_of, read_lease

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simpleflow_steps.execution.lease import LeaseRecord
    from simpleflow_steps.storage import Storage

LIMIT = 256 * 1024 * 1024  # bytes; nothing larger is read as a run's record


class _Part(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True, extra="ignore")


class RetryRecord(_Part):
    """An attempt at an activity that failed and was followed by another."""

    activity: str
    attempt: int
    error: str
    at: datetime


class StepRecord(_Part):
    """One step of a run: `state` is `running`, `completed`, `skipped`, `failed` or `invalidated`.

    `run` is what was decided first, and `plays` is how often it ran; `within` is the nearest step around it, `asked`
    its own `force` argument and `dependents` the names that it forces if it runs, `instead` whether it does something
    when it is skipped; `retried` has its last retries.
    """

    state: str
    run: bool = True
    forced: bool = False
    reasons: tuple[str, ...] = ()
    within: str | None = None
    asked: bool = False
    dependents: tuple[str, ...] = ()
    instead: bool = False
    started: datetime | None = None
    finished: datetime | None = None
    seconds: float | None = None
    plays: int = 1
    retries: int = 0
    retried: tuple[RetryRecord, ...] = ()
    error: str | None = None
    traceback: str | None = None


class ChildRecord(_Part):
    """A child workflow that a run started, inside `step` if inside any; `after` counts the steps decided before."""

    workflow: str
    step: str | None = None
    after: int = 0


class AskedRecord(_Part):
    """Names that the workflow itself asked to force, or to `skip`; `after` counts the steps decided before."""

    names: tuple[str, ...]
    skip: bool
    reason: str | None = None
    after: int = 0


class ErrorRecord(_Part):
    """What ended a run badly."""

    type: str
    message: str
    traceback: str


class MarkerRecord(_Part):
    """A log marker."""

    name: str
    details: Any = None
    at: datetime


class RunHead(_Part):
    """What the beginning of a run's record tells: all but what may be large.

    `target` is the workflow's class as `module:qualname`, for people and as a hint: nothing is imported for its sake.
    `counts` says how many steps are in each state.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="ignore", populate_by_name=True)

    run_id: str
    workflow_id: str
    workflow: str
    target: str | None = None
    version: str
    parent_workflow_id: str | None = None
    generation: int = 0
    status: str = "running"
    started: datetime
    finished: datetime | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    force: dict[str, str] = Field(default_factory=dict)
    skip: dict[str, str] = Field(default_factory=dict)
    from_: dict[str, str] = Field(default_factory=dict, alias="from")
    until: dict[str, str] = Field(default_factory=dict)
    only: dict[str, str] = Field(default_factory=dict)
    error: ErrorRecord | None = None


class RunRecord(RunHead):
    """A run, as JSON; `status` is what the run itself last said, and a crashed one says `running` for ever.

    What may be large comes last, so that the beginning of the object tells what a list of runs shows. `steps` are in
    the order in which they were decided.
    """

    input: dict[str, Any] | None
    asked: tuple[AskedRecord, ...] = ()
    children: dict[str, ChildRecord] = Field(default_factory=dict)
    steps: dict[str, StepRecord] = Field(default_factory=dict)
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
        run = RunRecord.model_validate(codec.loads(storage.get(key, max_size=LIMIT), f"run {key}"))
    except (ValidationError, ValueError, ObjectTooLarge) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise RecordCorrupt(f"run {key} cannot be read: {why}") from None
    check_run_id(run, run_id)
    return run


def check_run_id(run: RunHead, run_id: str) -> None:
    """Refuse a record that lies under another run's key.

    :raises RecordCorrupt: if it does
    """
    if run.run_id != run_id:
        raise RecordCorrupt(f"run {run_id} cannot be read: its record is of run {run.run_id[:100]!r}")


def last_run(storage: Storage, workflow_id: str) -> RunRecord:
    """Read the newest run of an execution.

    :raises InvalidInput: if the execution has none
    """
    newest = max(run_ids(storage, workflow_id), default=None)
    if newest is None:
        raise InvalidInput(f"execution {workflow_id!r} has no run in {storage.url}")
    return read_run(storage, workflow_id, newest)


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
