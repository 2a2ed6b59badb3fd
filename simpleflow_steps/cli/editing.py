"""Hold an execution while its markers are changed by hand, so that no run is at work at the same time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from simpleflow_steps.clock import SystemClock
from simpleflow_steps.exceptions import LeaseHeld
from simpleflow_steps.execution.keeper import Keeper
from simpleflow_steps.execution.lease import Lease
from simpleflow_steps.identity import new_run_id
from simpleflow_steps.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simpleflow_steps.storage import Storage

EDITING = "(changed by hand)"  # where a lease names the workflow of its run


@contextmanager
def held(storage: Storage, workflow_id: str) -> Iterator[Callable[[], None]]:
    """Hold an execution's lease in the block, and leave it as it was found; what is given raises once it is lost.

    :raises LeaseHeld: if a run holds it
    """
    settings, clock = load_settings(), SystemClock()
    margin = settings.lease_ttl / 10 if settings.lease_margin is None else settings.lease_margin
    lease = Lease(
        storage,
        workflow_id=workflow_id,
        run_id=new_run_id(clock.now()),
        workflow=EDITING,
        ttl=settings.lease_ttl,
        margin=margin,
        clock=clock,
    )
    keeper = Keeper(lease, clock, progress=dict, renewed=_nothing, lost=_nothing)
    try:
        keeper.start("fail")
    except LeaseHeld as error:
        cure = f"give the command again once that is over: sfs status {workflow_id} --watch"
        raise LeaseHeld(error.holder, error.workflow_id, cure) from None
    try:
        yield lease.check
    finally:
        keeper.end(None)


def _nothing(*_: object) -> None:
    """Do nothing: whoever writes asks the lease before each write."""
