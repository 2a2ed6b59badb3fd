"""What the lease of an execution tells of its steps: those that run now, and those that failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simpleflow_steps.cli.holding import state_of
from simpleflow_steps.exceptions import LeaseCorrupt
from simpleflow_steps.execution.lease import NEVER_RUN, read_lease

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    state = state_of(lease, body.age)
    running = dict(_running(lease.progress)) if state in AT_WORK else {}
    return RightNow(state, lease.run_id, running, _failed(lease.progress.get("failed")))


def _running(progress: dict[str, Any]) -> Iterator[tuple[str, datetime | None]]:
    names, details = progress.get("running"), progress.get("details")
    for name in names if isinstance(names, list) else ():
        if isinstance(name, str):
            told = details.get(name) if isinstance(details, dict) else None
            yield name, _time(told.get("started")) if isinstance(told, dict) else None


def _failed(told: object) -> dict[str, str]:
    match told:
        case dict():
            return {str(name): str(error) for name, error in told.items()}
        case list():
            return {name: "" for name in told if isinstance(name, str)}
        case _:
            return {}


def _time(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
