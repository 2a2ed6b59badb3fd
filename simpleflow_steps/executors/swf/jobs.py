"""What a worker is told of one attempt at an activity, and what it gives back."""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from simpleflow_steps import codec
from simpleflow_steps.activity import Activity
from simpleflow_steps.codec import UnknownTarget
from simpleflow_steps.exceptions import InvalidInput, RecordCorrupt
from simpleflow_steps.step.operations import InvalidateStep, MarkStep, carry_out

STEP_ACTIVITY = "simpleflow_steps.step."  # begins the names of the activities that list, mark, invalidate and read

WRITING = {InvalidateStep.kind, MarkStep.kind}


class Job(BaseModel):
    """The input of an activity.

    :param activity: its reference, `module:qualname`; None for an operation on steps
    :param operation: that operation
    :param number: what this activity is called in its run
    :param storage: the URL of the storage of long payloads
    :param heartbeat: how many seconds may pass without one
    :param watched: whether the activity's own heartbeats are meant; else those of its worker
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    activity: str | None = None
    operation: dict[str, Any] | None = None
    arguments: dict[str, Any] = {}
    number: str = "0"
    attempt: int = 1
    step: str | None = None
    workflow: str = ""
    version: str = ""
    storage: str | None = None
    heartbeat: float = 60.0
    watched: bool = False


def read_job(document: Any) -> Job:
    """Read an activity's input.

    :raises RecordCorrupt: if it is not ours
    """
    try:
        return Job.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RecordCorrupt(f"the activity's input is nothing of ours: {where}: {first['msg']}") from None


def activity_of(job: Job) -> Activity[Any, Any]:
    """Find the activity among the modules that are imported.

    :raises InvalidInput: if it is not there
    """
    try:
        found = codec.resolve(job.activity or "")
    except UnknownTarget as error:
        raise InvalidInput(f"{error}; start the worker with its module") from None
    if not isinstance(found, Activity):
        raise InvalidInput(f"{job.activity} is no activity")
    return found


def writes(job: Job) -> bool:
    """Tell whether an operation on steps writes a marker."""
    return job.operation is not None and job.operation.get("operation") in WRITING


def do_operation(job: Job, run_id: str) -> dict[str, Any]:
    """Carry out an operation on steps.

    Its nonce is the same at each attempt, and another in each run: one attempt knows the write of another as its own.
    """
    if job.operation is None:
        raise InvalidInput("the activity's input names neither an activity nor an operation on steps")
    nonce = hashlib.sha256(f"{run_id}.{job.number}".encode()).hexdigest()[:32]
    return {"value": carry_out(job.operation, nonce), "shape": None}
