"""For the tests of your own workflows: storages that fail on demand, a clock to hold in your hands, a log of the steps.

    from simpleflow_steps.testing import Crashes, Fault, FaultyStorage, Runner, SimulatedCrash

    def test_the_report_survives_a_crash():
        run = Runner()
        with pytest.raises(SimulatedCrash):
            run.options(storage=FaultyStorage(run.storage, [Fault(Crashes("after"), nth=3)]))(Daily, "2026-11-20")

        played = run(Daily, "2026-11-20")

        played.log.assert_skipped("fetch", reason="Step was already played")
        played.log.assert_ran("report")

With pytest, the same as fixtures, once your top `conftest.py` says so:

    pytest_plugins = ["simpleflow_steps.testing.plugin"]

They are `sfs_run` (a `Runner`), and what it runs on: `sfs_storage` (a `MemoryStorage`) and `sfs_clock` (a
`ManualClock` that moves by itself, so that a timer of two hours costs nothing).
"""

from __future__ import annotations

from simpleflow_steps.storage.memory import MemoryStorage
from simpleflow_steps.testing.clock import ManualClock
from simpleflow_steps.testing.counting import CountingStorage
from simpleflow_steps.testing.effects import (
    Crashes,
    Delays,
    Effect,
    Fails,
    IgnoresConditions,
    Kills,
    LosesAnswer,
    Pauses,
    RetriesAfterLostAnswer,
    SimulatedCrash,
)
from simpleflow_steps.testing.faulty import Fault, FaultyStorage
from simpleflow_steps.testing.operations import WRITES, Operation, Operations
from simpleflow_steps.testing.pool import WorkPool
from simpleflow_steps.testing.runner import Played, Runner
from simpleflow_steps.testing.steplog import StepLog, StepPlay

__all__ = [
    "WRITES",
    "CountingStorage",
    "Crashes",
    "Delays",
    "Effect",
    "Fails",
    "Fault",
    "FaultyStorage",
    "IgnoresConditions",
    "Kills",
    "LosesAnswer",
    "ManualClock",
    "MemoryStorage",
    "Operation",
    "Operations",
    "Pauses",
    "Played",
    "RetriesAfterLostAnswer",
    "Runner",
    "SimulatedCrash",
    "StepLog",
    "StepPlay",
    "WorkPool",
]
