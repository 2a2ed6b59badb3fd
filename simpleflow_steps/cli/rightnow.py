"""What the lease of an execution tells of its steps: those that run now, and those that failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simpleflow_steps.cli.holding import state_of
from simpleflow_steps.exceptions import LeaseCorrupt
from simpleflow_steps.execution.account import read_account
from simpleflow_steps.execution.lease import NEVER_RUN, read_lease

if TYPE_CHECKING:
    from datetime import datetime

    from simpleflow_steps.storage import Storage

AT_WORK = ("running", "stale")


@dataclass(frozen=True, slots=True)
class RightNow:
    """The state of an execution, None if it never ran; running steps with their start, failed ones with their error.

    A run names some of them only if there are many.
    """

    state: str | None = None
    run_id: str = ""
    running: dict[str, datetime | None] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def read_right_now(storage: Storage, workflow_id: str) -> RightNow:
    """Read it, at the cost of one request."""
    try:
        found = read_lease(storage, workflow_id)
    except LeaseCorrupt:
        return RightNow()
    if found is None or found[0].status == NEVER_RUN:
        return RightNow()
    lease, body = found
    state, account = state_of(lease, body.age), read_account(lease.progress)
    running = {step.name: step.started for step in account.running if state in AT_WORK}
    return RightNow(state, lease.run_id, running, account.failed)
