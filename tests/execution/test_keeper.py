from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any

import pytest

from simpleflow_steps.clock import SystemClock
from simpleflow_steps.exceptions import LeaseHeld, LeaseLost, StorageUnavailable
from simpleflow_steps.execution.holder import is_gone, this_process
from simpleflow_steps.execution.keeper import Keeper
from simpleflow_steps.execution.lease import Lease, LeaseRecord, read_lease, steal_lease
from simpleflow_steps.storage import DirectoryStorage, MemoryStorage, Storage
from simpleflow_steps.testing import Crashes, Fails, Fault, FaultyStorage, LosesAnswer, ManualClock, Pauses
from tests.execution.conftest import MARGIN, TTL

ROOT = Path(__file__).parents[2]


def stored(storage: Storage) -> LeaseRecord:
    found = read_lease(storage, "w")
    assert found is not None
    return found[0]


class Kept:
    """A keeper, and what it said."""

    def __init__(self, storage: Storage, clock: Any, run_id: str = "r1", ttl: float = TTL, margin: float = MARGIN):
        self.renewals = 0
        self.lost: SimpleQueue[LeaseLost] = SimpleQueue()
        self.broken = ""
        facts = {"workflow_id": "w", "run_id": run_id, "workflow": "daily"}
        self.lease = Lease(storage, **facts, ttl=ttl, margin=margin, clock=clock)
        self.keeper = Keeper(self.lease, clock, progress=self._progress, renewed=self._renewed, lost=self.lost.put)

    def _progress(self) -> dict[str, Any]:
        return {}["broken"] if self.broken == "progress" else {"renewals": self.renewals}

    def _renewed(self) -> None:
        self.renewals += 1
        if self.broken == "renewed":
            raise KeyError(self.broken)


@pytest.fixture
def keep(storage: MemoryStorage, clock: ManualClock) -> Iterator[Callable[..., Kept]]:
    made: list[Kept] = []

    def start(on: Storage = storage, on_conflict: Any = "fail", **given: Any) -> Kept:
        kept = Kept(on, clock, **given)
        made.append(kept)
        kept.keeper.start(on_conflict)
        clock.await_waiters()
        return kept

    yield start
    for kept in made:
        kept.keeper.end("completed")
    assert not [thread for thread in threading.enumerate() if thread.name == "sfs-lease"]


def test_renews_at_a_quarter_of_the_time_to_live(
    keep: Callable[..., Kept], storage: MemoryStorage, clock: ManualClock
) -> None:
    kept = keep()
    clock.advance(10 * TTL)

    assert kept.renewals == 40
    assert stored(storage).progress == {"renewals": 39}
    kept.lease.check()
    assert kept.lost.empty()


def test_gives_the_lease_back_at_the_end(keep: Callable[..., Kept], storage: MemoryStorage) -> None:
    kept = keep()
    during = is_gone(this_process(), "r1")
    kept.keeper.end("failed")

    assert (stored(storage).held, stored(storage).status) == (False, "failed")
    assert not during
    assert is_gone(this_process(), "r1")


def test_the_end_may_be_said_twice(keep: Callable[..., Kept], storage: MemoryStorage) -> None:
    kept = keep()
    kept.keeper.end("failed")
    kept.keeper.end("completed")

    assert stored(storage).status == "failed"


def test_a_run_that_never_got_it_does_not_count_as_alive(keep: Callable[..., Kept], storage: MemoryStorage) -> None:
    keep()
    second = Kept(storage, ManualClock(), run_id="r2")

    with pytest.raises(LeaseHeld):
        second.keeper.start("fail")
    second.keeper.end("failed")
    assert is_gone(this_process(), "r2")
    assert stored(storage).run_id == "r1"


def test_says_at_once_that_the_lease_was_taken(
    keep: Callable[..., Kept], storage: MemoryStorage, clock: ManualClock
) -> None:
    kept = keep()
    steal_lease(storage, "w", "ada")
    clock.advance(TTL / 4)

    assert "another run took" in str(kept.lost.get(timeout=5))
    with pytest.raises(LeaseLost):
        kept.lease.check()


@pytest.mark.parametrize("effect", [Fails(), LosesAnswer()])
def test_a_renewal_that_fails_is_tried_again(
    keep: Callable[..., Kept], storage: MemoryStorage, clock: ManualClock, effect: Any
) -> None:
    kept = keep(on=FaultyStorage(storage, [Fault(effect, nth=2)]))
    clock.advance(TTL)

    assert kept.renewals == 3
    assert kept.lost.empty()


def test_stops_before_another_run_may_start_if_the_storage_is_away(
    keep: Callable[..., Kept], storage: MemoryStorage, clock: ManualClock
) -> None:
    faulty = FaultyStorage(storage, [Fault(Fails(), key="w/lease", nth=number) for number in range(2, 20)])
    kept = keep(on=faulty)
    clock.advance(TTL)

    assert "could not be renewed within 60 s" in str(kept.lost.get(timeout=5))
    assert clock.monotonic() == TTL


def test_the_run_learns_it_while_a_renewal_hangs(
    keep: Callable[..., Kept], storage: MemoryStorage, clock: ManualClock
) -> None:
    go_on, reached = Event(), Event()
    kept = keep(on=FaultyStorage(storage, [Fault(Pauses(go_on, reached), nth=2)]))
    clock.advance(TTL / 4)
    assert reached.wait(5)
    kept.lease.check()
    clock.advance(TTL * 3 / 4 - MARGIN)

    with pytest.raises(LeaseLost):
        kept.lease.check()
    go_on.set()


def test_a_lease_that_cannot_be_given_back_runs_out_by_itself(
    keep: Callable[..., Kept], storage: MemoryStorage
) -> None:
    kept = keep(on=FaultyStorage(storage, [Fault(Fails(), nth=2)]))
    kept.keeper.end("completed")

    assert stored(storage).held
    assert is_gone(this_process(), "r1")


def test_no_error_in_the_progress_costs_the_run_its_lease(
    keep: Callable[..., Kept], storage: MemoryStorage, clock: ManualClock
) -> None:
    kept = keep()
    kept.broken = "progress"
    clock.advance(2 * TTL)

    assert kept.renewals == 8
    assert stored(storage).progress == {}
    kept.lease.check()


def test_no_error_after_a_renewal_costs_the_run_its_lease(keep: Callable[..., Kept], clock: ManualClock) -> None:
    kept = keep()
    kept.broken = "renewed"
    clock.advance(2 * TTL)

    kept.lease.check()
    assert kept.lost.empty()


def test_whatever_ends_the_renewals_is_told(
    keep: Callable[..., Kept], storage: MemoryStorage, clock: ManualClock
) -> None:
    faulty = FaultyStorage(storage, [Fault(Crashes(), nth=2)])
    kept = Kept(faulty, clock)
    kept.keeper.start("fail")
    clock.await_waiters()
    clock.advance(TTL / 4)

    assert "SimulatedCrash" in str(kept.lost.get(timeout=5))
    with pytest.raises(BaseException, match="crashed"):
        kept.keeper.end("failed")
    assert is_gone(this_process(), "r1")


def test_a_failed_start_leaves_no_thread(storage: MemoryStorage, clock: ManualClock) -> None:
    kept = Kept(FaultyStorage(storage, [Fault(LosesAnswer())]), clock)

    with pytest.raises(StorageUnavailable):
        kept.keeper.start("fail")
    kept.keeper.end("failed")
    assert is_gone(this_process(), "r1")


HOLD = """
import sys
from simpleflow_steps.clock import SystemClock
from simpleflow_steps.storage import open_storage
from tests.execution.test_keeper import Kept

Kept(open_storage(sys.argv[1]), SystemClock(), run_id="other", ttl=float(sys.argv[2]), margin=0.2).keeper.start("fail")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which processes are gone")
class TestAnotherProcess:
    @pytest.fixture
    def directory(self, tmp_path: Path) -> DirectoryStorage:
        return DirectoryStorage(tmp_path / "storage")

    @pytest.fixture
    def hold(self, directory: DirectoryStorage) -> Iterator[Callable[[float], subprocess.Popen[bytes]]]:
        started: list[subprocess.Popen[bytes]] = []

        def start(ttl: float) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [sys.executable, "-c", HOLD, str(directory.root), str(ttl)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            started.append(process)
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            return process

        yield start
        for process in started:
            process.kill()
            process.communicate()

    def test_one_that_was_killed_is_taken_over_at_once(
        self, directory: DirectoryStorage, hold: Callable[[float], subprocess.Popen[bytes]]
    ) -> None:
        process = hold(3600)
        live = Kept(directory, SystemClock())
        with pytest.raises(LeaseHeld, match=f"pid {process.pid}"):
            live.keeper.start("fail")
        process.kill()
        process.wait()
        heir = Kept(directory, SystemClock(), run_id="heir")
        heir.keeper.start("fail")
        heir.lease.check()
        heir.keeper.end("completed")

        assert stored(directory).run_id == "heir"

    def test_one_that_is_stopped_is_waited_for_and_stops_itself_when_it_goes_on(
        self, directory: DirectoryStorage, hold: Callable[[float], subprocess.Popen[bytes]]
    ) -> None:
        process = hold(1.0)
        process.send_signal(signal.SIGSTOP)
        heir = Kept(directory, SystemClock(), run_id="heir")
        with pytest.raises(LeaseHeld):
            heir.keeper.start("fail")
        started = SystemClock().monotonic()
        heir = Kept(directory, SystemClock(), run_id="heir")
        heir.keeper.start("wait")
        waited = SystemClock().monotonic() - started
        process.send_signal(signal.SIGCONT)
        process.communicate()

        heir.lease.check()
        heir.keeper.end("completed")
        assert waited >= 1.0
        assert (stored(directory).run_id, stored(directory).status) == ("heir", "completed")
