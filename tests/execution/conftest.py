from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from simpleflow_steps import log
from simpleflow_steps.execution.holder import Living
from simpleflow_steps.execution.lease import Lease
from simpleflow_steps.storage import MemoryStorage, Storage
from simpleflow_steps.testing import ManualClock

TTL, MARGIN = 60.0, 6.0


@pytest.fixture(scope="session", autouse=True)
def _load_what_logs() -> None:
    """Load it now: in a thread for which a manual clock waits, it takes longer than the clock's patience."""
    log.warning("the tests begin")


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def make_lease(storage: MemoryStorage, clock: ManualClock) -> Iterator[Callable[..., Lease]]:
    """Make leases of runs that count as alive until the test ends."""
    with ExitStack() as stack:

        def make(run_id: str = "r1", on: Storage = storage, **given: Any) -> Lease:
            living = Living(run_id)
            stack.callback(living.end)
            facts = {"workflow_id": "w", "workflow": "daily", "ttl": TTL, "margin": MARGIN, "clock": clock, **given}
            return Lease(on, run_id=run_id, **facts)

        yield make
