"""Simpleflow's two activities: list the done steps, mark one done. They work on a bucket alone, without a run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simpleflow_steps import codec
from simpleflow_steps.activity import context
from simpleflow_steps.step.marker import ByHand, Marker, MarkerRegister, Seen, fresh_nonce
from simpleflow_steps.step.names import check_step_name
from simpleflow_steps.storage import open_bucket

if TYPE_CHECKING:
    from simpleflow_steps.storage import Storage

UNKNOWN = "unknown"


class GetStepsDoneTask:
    """List the names of the done steps.

    :param bucket: a bucket's name, `host/bucket`, a URL, or a storage
    :param path: the markers' prefix
    """

    def __init__(self, bucket: str | Storage, path: str) -> None:
        self.bucket = bucket
        self.path = path

    def execute(self) -> list[str]:
        """Give the names, sorted."""
        return sorted(name for name, seen in open_register(self.bucket, self.path).list().items() if seen.done)


class MarkStepDoneTask:
    """Mark one step done, whatever its marker was before.

    :param bucket: a bucket's name, `host/bucket`, a URL, or a storage
    :param path: the markers' prefix
    :param step_name: the step
    :param reason: why it is marked, if not by its own success
    """

    def __init__(self, bucket: str | Storage, path: str, step_name: str, reason: str | None = None) -> None:
        self.bucket = bucket
        self.path = path
        self.step_name = check_step_name(step_name)
        self.reason = reason

    def execute(self) -> None:
        """Write the marker, on top of the one that is listed now."""
        register = open_register(self.bucket, self.path)
        key = register.key(self.step_name)
        seen = next((Seen(found.etag, found.size) for found in register.storage.list(key) if found.key == key), None)
        mark_by_hand(register, self.step_name, seen, self.reason, **_who())


def mark_by_hand(
    register: MarkerRegister,
    name: str,
    seen: Seen | None,
    reason: str | ByHand | None = None,
    *,
    result: Any = None,
    workflow_id: str = UNKNOWN,
    run_id: str = UNKNOWN,
    version: str = UNKNOWN,
) -> None:
    """Mark a step done that no run has played.

    :param seen: its marker as it was listed, which is replaced; None if there was none
    :param reason: why it is marked, or also by whom
    :param result: what a run that skips the step is to get, as plain JSON
    :raises RunSuperseded: if the marker was written since it was listed; nothing is changed then
    """
    now = datetime.now(UTC)
    by_hand = reason if isinstance(reason, ByHand) else None
    said = str(by_hand) if by_hand else reason
    marker = Marker(
        step=check_step_name(name),
        workflow_id=workflow_id,
        run_id=run_id,
        name=UNKNOWN,
        version=version,
        started=now,
        finished=now,
        forced=said is not None,
        reasons=(str(said),) if said else (),
        by_hand=by_hand,
        nonce=fresh_nonce(),
    )
    register.mark(marker, lambda: codec.encode_result(result), seen, ours=True)


def _who() -> dict[str, str]:
    try:
        running = context()
    except LookupError:
        return {}
    return {"workflow_id": running.workflow_id, "run_id": running.run_id, "version": running.version}


def open_register(bucket: str | Storage, path: str) -> MarkerRegister:
    """Open the markers under a path of a bucket; large results lie beside them."""
    prefix = path.rstrip("/")
    storage = open_bucket(bucket) if isinstance(bucket, str) else bucket
    return MarkerRegister(storage, prefix, results_prefix(prefix))


def results_prefix(prefix: str) -> str:
    """Give the prefix of large results: beside the markers', never under it."""
    parent, _, last = prefix.rpartition("/")
    return f"{parent}/results" if parent and last == "steps" else f"{prefix}.results"
