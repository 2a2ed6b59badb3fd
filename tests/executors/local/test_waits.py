"""Signals through the bucket, and timers that outlive their run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import simpleflow_steps
from simpleflow_steps import LocalExecutor, Step, Workflow, WorkflowStepMixin, futures
from simpleflow_steps.clock import SystemClock
from simpleflow_steps.exceptions import RecordCorrupt, StorageUnavailable
from simpleflow_steps.execution.signals import send_signal, signal_ids
from simpleflow_steps.executors.local.waits import POLLS
from simpleflow_steps.storage import DirectoryStorage, MemoryStorage, Storage
from simpleflow_steps.testing import (
    CountingStorage,
    Crashes,
    Fails,
    Fault,
    FaultyStorage,
    ManualClock,
    SimulatedCrash,
)
from tests.apart import apart
from tests.executors.activities import echo
from tests.executors.local.conftest import LONG

ROOT = Path(simpleflow_steps.__file__).parents[1]
HOUR = 3600.0
QUIET = 0.3  # real seconds; a storage that is slow to answer must not let hours pass


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


def executor(run: Callable[..., Any], storage: Storage, **options: Any) -> LocalExecutor:
    """Make an executor of the execution `w` for a function as a workflow's `run`."""
    workflow = type("Flow", (Workflow, WorkflowStepMixin), {"run": run})
    return LocalExecutor(workflow, **{"storage": storage, "workflow_id": "w", **options})


def send_from_elsewhere(directory: Path, *payloads: Any) -> None:
    """Send signals to the execution `w` from a process of its own."""
    script = f"""
from simpleflow_steps.execution.signals import send_signal
from simpleflow_steps.storage import open_storage

for payload in {payloads!r}:
    send_signal(open_storage({str(directory)!r}), "w", "go", payload)
"""
    subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, timeout=LONG
    )


def two_go(self: Workflow) -> list[Any]:
    return [self.submit(self.wait_signal("go")).result for _ in range(2)]


# Signals


def test_signals_that_another_process_sent_before_the_run_are_read_in_order(tmp_path):
    send_from_elsewhere(tmp_path, {"n": 1}, {"n": 2}, {"n": 3})

    assert executor(two_go, DirectoryStorage(tmp_path)).run() == [{"n": 1}, {"n": 2}]


def test_signals_that_another_process_sends_during_the_wait_are_read_in_order(tmp_path):
    listed = CountingStorage(DirectoryStorage(tmp_path))
    running = apart(executor(two_go, listed).run)
    while "w/signals/go/" not in listed.operations.keys("list"):
        SystemClock().wait(threading.Event(), 0.01)
    send_from_elsewhere(tmp_path, "first", "second")

    assert running.result(LONG) == ["first", "second"]


def test_another_workflow_may_send_one_by_the_executions_id(storage):
    def send(self):
        self.submit(self.signal("go", "from a workflow", workflow_id="w")).wait()

    executor(send, storage, workflow_id="sender").run()

    assert executor(lambda self: self.submit(self.wait_signal("go")).result, storage).run() == "from a workflow"


def test_a_signal_sent_in_vain_waits_in_the_bucket(storage):
    send_signal(storage, "w", "go", 1)
    executor(lambda self: None, storage).run()

    assert len(signal_ids(storage, "w", "go")) == 1
    assert executor(lambda self: self.submit(self.wait_signal("go")).result, storage).run() == 1


def test_a_signal_of_another_name_or_execution_ends_no_wait(storage):
    send_signal(storage, "w", "going", "wrong name")
    send_signal(storage, "w2", "go", "wrong execution")
    send_signal(storage, "w", "go", "right")

    assert executor(lambda self: self.submit(self.wait_signal("go")).result, storage).run() == "right"


def test_two_waits_at_once_get_a_signal_each(storage):
    def run(self):
        waits = [self.submit(self.wait_signal("go")) for _ in range(2)]
        futures.wait(*waits)
        return [wait.result for wait in waits]

    send_signal(storage, "w", "go", 1)
    send_signal(storage, "w", "go", 2)

    assert executor(run, storage).run() == [1, 2]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_resumed_run_gets_the_same_signals_for_the_same_waits(storage, when):
    def run(self):
        return [*two_go(self), self.submit(Step("last", (echo, "c"))).result]

    for payload in ("a", "b", "c"):
        send_signal(storage, "w", "go", payload)
    crashing = FaultyStorage(storage, [Fault(Crashes(when), key="*/steps/*")])
    with pytest.raises(SimulatedCrash):
        executor(run, crashing).run()

    assert executor(run, storage).run() == ["a", "b", "c"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_crash_as_a_signal_is_consumed_neither_loses_it_nor_reads_it_twice(storage, nth, when):
    send_signal(storage, "w", "go", "a")
    send_signal(storage, "w", "go", "b")
    crashing = FaultyStorage(storage, [Fault(Crashes(when), nth=nth, key="*/waits/*")])
    with pytest.raises(SimulatedCrash):
        executor(two_go, crashing).run()

    assert executor(two_go, storage).run() == ["a", "b"]


def test_a_step_that_is_played_anew_waits_for_fresh_signals(storage):
    def run(self):
        return self.submit(Step("ask", self.wait_signal("go"))).result

    send_signal(storage, "w", "go", "old")
    send_signal(storage, "w", "go", "fresh")
    first = executor(run, storage).run()
    skipped = executor(run, storage).run()
    forced = executor(run, storage, force=["ask"]).run()

    assert (first, skipped, forced) == ("old", "old", "fresh")


def test_a_step_that_was_not_done_keeps_its_signal(storage):
    def run(self):
        return self.submit(Step("ask", self.wait_signal("go"))).result

    send_signal(storage, "w", "go", "the one")
    crashing = FaultyStorage(storage, [Fault(Crashes("before"), key="*/steps/ask")])
    with pytest.raises(SimulatedCrash):
        executor(run, crashing).run()

    assert executor(run, storage).run() == "the one"


def test_a_continued_run_waits_for_fresh_signals(storage):
    def run(self, left=1, got=()):
        found = (*got, self.submit(self.wait_signal("go")).result)
        return self.continue_as_new(left - 1, found) if left else list(found)

    send_signal(storage, "w", "go", 1)
    send_signal(storage, "w", "go", 2)

    assert executor(run, storage).run() == [1, 2]


def test_a_workflow_looks_for_signals_only_while_it_waits(storage):
    clock, counting = ManualClock(auto=True, quiet=QUIET), CountingStorage(storage)

    def looks() -> int:
        return counting.operations.keys("list").count("w/signals/go/")

    def run(self):
        before = looks()
        waiting = self.submit(self.wait_signal("go"))
        self.submit(self.start_timer("while", sum(POLLS) + 2 * POLLS[-1] + 0.1)).wait()
        send_signal(storage, "w", "go")
        waiting.wait()
        after = looks()
        self.submit(self.start_timer("idle", HOUR)).wait()
        return before, after, looks()

    assert executor(run, counting, clock=clock, lease_ttl=24 * HOUR).run() == (0, 1 + len(POLLS) + 2 + 1, 9)


def test_a_signal_that_cannot_be_read_fails_its_wait(storage):
    storage.put("w/signals/go/20260101T000000.000000Z-00000000.json", b"not JSON")

    with pytest.raises(RecordCorrupt, match=r"signal w/signals/go/2026.* cannot be read"):
        executor(lambda self: self.submit(self.wait_signal("go")).result, storage).run()


def test_a_signal_whose_end_cannot_be_written_is_not_consumed(storage):
    send_signal(storage, "w", "go", "kept")
    faulty = FaultyStorage(storage, [Fault(Fails(), key="w/waits/*")])

    def run(self):
        return self.submit(self.wait_signal("go")).result

    with pytest.raises(StorageUnavailable):
        executor(run, faulty).run()
    assert executor(run, storage).run() == "kept"


def test_a_bucket_that_cannot_be_looked_into_fails_those_who_wait(storage):
    faulty = FaultyStorage(storage, [Fault(Fails(), kinds=["list"], key="w/signals/*")])

    with pytest.raises(StorageUnavailable):
        executor(lambda self: self.submit(self.wait_signal("go")).result, faulty).run()


# Timers


def seconds_from(start: Any, moment: Any) -> float:
    return round((moment - start).total_seconds(), 2)


@pytest.mark.parametrize(("later", "left"), [(0.0, 1.0), (0.5, 0.5), (9.0, 0.0)], ids=["at once", "later", "too late"])
def test_a_timer_of_two_hours_interrupted_after_one_fires_when_it_was_to_fire(storage, later, left):
    clock = ManualClock(auto=True, quiet=QUIET)
    started = clock.now()

    def run(self):
        alarm = self.submit(self.start_timer("interrupt", HOUR)) if interrupting else None
        nap = self.submit(self.start_timer("nap", 2 * HOUR))
        if alarm is not None:
            alarm.wait()
            raise KeyboardInterrupt
        nap.wait()
        return seconds_from(started, self.executor.now())

    interrupting = True
    with pytest.raises(KeyboardInterrupt):
        executor(run, storage, clock=clock, lease_ttl=24 * HOUR).run()
    interrupting = False
    clock.wait(threading.Event(), later * HOUR)

    assert executor(run, storage, clock=clock, lease_ttl=24 * HOUR).run() == pytest.approx(
        (1 + later + left) * HOUR, abs=1
    )


def test_a_cancelled_timer_does_not_fire_and_the_next_of_its_name_is_another(storage):
    clock = ManualClock(auto=True, quiet=QUIET)
    started = clock.now()

    def run(self):
        first = self.submit(self.start_timer("nap", 2 * HOUR))
        self.submit(self.start_timer("short", HOUR)).wait()
        self.submit(self.cancel_timer("nap"))
        self.submit(self.start_timer("nap", 2 * HOUR)).wait()
        return first.cancelled, seconds_from(started, self.executor.now())

    cancelled, seconds = executor(run, storage, clock=clock, lease_ttl=24 * HOUR).run()

    assert cancelled
    assert seconds == pytest.approx(3 * HOUR, abs=1)


def test_a_timer_is_cancelled_before_it_is_written(storage):
    def run(self):
        nap = self.submit(self.start_timer("nap", 2 * HOUR))
        self.submit(self.cancel_timer("nap"))
        return nap.cancelled

    assert executor(run, storage).run() is True


def test_a_timer_in_a_step_that_is_played_anew_starts_anew(storage):
    clock = ManualClock(auto=True, quiet=QUIET)

    def run(self):
        began = self.executor.now()
        self.submit(Step("sleep", self.start_timer("nap", HOUR))).wait()
        return seconds_from(began, self.executor.now())

    took = [executor(run, storage, clock=clock, lease_ttl=24 * HOUR, force=["sleep"]).run() for _ in range(2)]

    assert took == pytest.approx([HOUR, HOUR], abs=1)


def test_a_short_timer_leaves_nothing_in_the_bucket(storage):
    executor(lambda self: self.submit(self.start_timer("blink", 0.01)).result, storage).run()

    assert list(storage.list("w/waits/")) == []


def test_a_timer_that_cannot_be_written_is_not_started(storage):
    faulty = FaultyStorage(storage, [Fault(Fails(), key="*/waits/*")])

    with pytest.raises(StorageUnavailable):
        executor(lambda self: self.submit(self.start_timer("nap", HOUR)).result, faulty).run()
