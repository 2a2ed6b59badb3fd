"""Fixtures for pytest: write `pytest_plugins = ["simpleflow_steps.testing.plugin"]` in your top `conftest.py`.

It is no plugin that pytest finds by itself, so that it costs nothing where nobody asked for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simpleflow_steps.storage.memory import MemoryStorage
from simpleflow_steps.testing.clock import ManualClock
from simpleflow_steps.testing.runner import Runner

if TYPE_CHECKING:
    from simpleflow_steps.storage import Storage


@pytest.fixture
def sfs_storage() -> MemoryStorage:
    """Give an empty storage in memory."""
    return MemoryStorage()


@pytest.fixture
def sfs_clock() -> ManualClock:
    """Give a clock that moves by itself when everybody waits."""
    return ManualClock(auto=True)


@pytest.fixture
def sfs_run(sfs_storage: Storage, sfs_clock: ManualClock) -> Runner:
    """Run a workflow on `sfs_storage` and `sfs_clock`: `sfs_run(Daily, "2026-11-20").log.assert_ran("report")`."""
    return Runner(sfs_storage, sfs_clock)
