"""The record of a run: what went in, what was decided, how it ended."""

from __future__ import annotations

import traceback
from datetime import datetime  # noqa: TC003  pydantic reads it at run time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simpleflow_steps import codec
from simpleflow_steps.exceptions import InvalidInput, ObjectTooLarge, RecordCorrupt
from simpleflow_steps.execution.lease import hold_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simpleflow_steps.execution.lease import LeaseRecord
    from simpleflow_steps.storage import Storage

LIMIT = 256 * 1024 * 1024  # bytes; nothing larger is read as a run's record


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class StepRecord(_Part):
    """One step of a run: `state` is `running`, `completed`, `skipped` or `failed`; `plays` is how often it was
    submitted.
    """

    state: str
    forced: bool = False
    reasons: tuple[str, ...] = ()
    started: datetime | None = None
    finished: datetime | None = None
    seconds: float | None = None
    plays: int = 1
    retries: int = 0
    error: str | None = None


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


class RunRecord(_Part):
    """A run, as JSON; `status` is what the run itself last said, and a crashed one says `running` for ever.

    `target` is the workflow's class as `module:qualname`, for people and as a hint: nothing is imported for its sake.
    """

    run_id: str
    workflow_id: str
    workflow: str
    target: str | None = None
    version: str
    parent_workflow_id: str | None = None
    generation: int = 0
    input: dict[str, Any] | None
    force: dict[str, str] = Field(default_factory=dict)
    skip: dict[str, str] = Field(default_factory=dict)
    status: str = "running"
    started: datetime
    finished: datetime | None = None
    error: ErrorRecord | None = None
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
        return RunRecord.model_validate(codec.loads(storage.get(key, max_size=LIMIT), f"run {key}"))
    except (ValidationError, ValueError, ObjectTooLarge) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise RecordCorrupt(f"run {key} cannot be read: {why}") from None


def last_run(storage: Storage, workflow_id: str) -> RunRecord:
    """Read the newest run of an execution.

    :raises InvalidInput: if the execution has none
    """
    newest = max(run_ids(storage, workflow_id), default=None)
    if newest is None:
        raise InvalidInput(f"execution {workflow_id!r} has no run in {storage.url}")
    return read_run(storage, workflow_id, newest)


def status_of(run: RunRecord, lease: LeaseRecord | None, age: float | None = None) -> str:
    """Say how a run is: its own word, except that one which says `running` without the lease has crashed.

    :param age: how many seconds ago the lease was written, by the storage's clock
    """
    if run.status != "running":
        return run.status
    if lease is None or not lease.held or lease.run_id != run.run_id:
        return "crashed"
    return hold_of(lease, age)


def error_record(error: BaseException) -> ErrorRecord:
    """Describe an exception."""
    text = "".join(traceback.format_exception(error))
    return ErrorRecord(type=type(error).__name__, message=str(error), traceback=text)
