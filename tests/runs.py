"""The runs that a test has left behind."""

from __future__ import annotations

from simpleflow_steps.execution.record import RunRecord, read_run, run_ids
from simpleflow_steps.storage import Storage


def last_run(storage: Storage, workflow_id: str) -> RunRecord:
    """Read the newest run of an execution."""
    return read_run(storage, workflow_id, max(run_ids(storage, workflow_id)))
