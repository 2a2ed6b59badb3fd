"""Read the beginning of a run's record, which tells what a list of runs shows, however many steps the run has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from simpleflow_steps import codec
from simpleflow_steps.exceptions import RecordCorrupt
from simpleflow_steps.execution.record import RunHead, RunRecord, check_run_id, read_run, runs_prefix

if TYPE_CHECKING:
    from simpleflow_steps.storage import Storage

HEAD = 64 * 1024  # bytes
Head = TypeVar("Head", bound=RunHead)
FIELDS = frozenset(RunHead.__struct_encode_fields__)


def read_head(storage: Storage, workflow_id: str, run_id: str, *, first: int = HEAD) -> RunHead:
    """Read the head of a run, at the cost of its record's first bytes; of the whole record if that is not enough.

    A record of up to `first` bytes is given whole, as a `RunRecord`.

    :raises ObjectNotFound: if there is none of this id
    :raises RecordCorrupt: if it cannot be read
    """
    document, complete = _beginning(storage, workflow_id, run_id, first)
    if complete:
        return _checked(RunRecord, document, workflow_id, run_id)
    # the head is all there once what follows it has begun
    if "input" not in document or not document.keys() >= FIELDS:
        return read_run(storage, workflow_id, run_id)
    return _checked(RunHead, document, workflow_id, run_id)


def read_first_steps(storage: Storage, workflow_id: str, run_id: str, *, first: int) -> RunRecord:
    """Read as much of a run as its record's first bytes tell: the steps that come late may be missing.

    :raises ObjectNotFound: if there is none of this id
    :raises RecordCorrupt: if it cannot be read
    """
    document, complete = _beginning(storage, workflow_id, run_id, first)
    if not complete:
        cut = next(reversed(document), None)
        if cut in ("asked", "children", "steps"):
            _drop_last(document[cut])
        document = {"input": None, **document, "markers": ()}
    return _checked(RunRecord, document, workflow_id, run_id)


def _beginning(storage: Storage, workflow_id: str, run_id: str, first: int) -> tuple[dict[str, Any], bool]:
    """Give what the first bytes say, and whether they are all."""
    from pydantic_core import from_json  # noqa: PLC0415  slow to import, and nothing else reads what is cut off

    key = f"{runs_prefix(workflow_id)}{run_id}.json"
    body = storage.get(key, first=first)
    complete = body.total <= len(body)
    try:
        document = codec.loads(body, f"run {key}") if complete else from_json(body, allow_partial=True)
    except ValueError as error:
        raise RecordCorrupt(f"run {key} cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise RecordCorrupt(f"run {key} cannot be read: it holds no JSON object")
    return document, complete


def _checked(kind: type[Head], document: dict[str, Any], workflow_id: str, run_id: str) -> Head:
    try:
        run = codec.as_record(kind, document)
    except codec.NotARecord as error:
        key = f"{runs_prefix(workflow_id)}{run_id}.json"
        raise RecordCorrupt(f"run {key} cannot be read: {error}") from None
    check_run_id(run, run_id)
    return run


def _drop_last(members: Any) -> None:
    """Drop the last of several members, which the cut may have hit."""
    if isinstance(members, dict) and members:
        members.popitem()
    elif isinstance(members, list) and members:
        members.pop()
