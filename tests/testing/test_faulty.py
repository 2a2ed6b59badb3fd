from __future__ import annotations

import errno
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import pytest

from simpleflow_steps.exceptions import (
    InvalidInput,
    ObjectNotFound,
    PreconditionFailed,
    StorageDenied,
    StorageError,
    StorageUnavailable,
)
from simpleflow_steps.storage import DirectoryStorage, MemoryStorage, Storage, open_storage
from simpleflow_steps.testing import (
    Crashes,
    Delays,
    Fails,
    Fault,
    FaultyStorage,
    IgnoresConditions,
    Kills,
    LosesAnswer,
    ManualClock,
    Pauses,
    RetriesAfterLostAnswer,
    SimulatedCrash,
)
from simpleflow_steps.testing.operations import READS
from tests.apart import apart


@pytest.fixture
def memory() -> MemoryStorage:
    return MemoryStorage()


def keys(storage: Storage) -> list[str]:
    return [found.key for found in storage.list()]


def test_passes_everything_on_without_a_plan(memory: MemoryStorage) -> None:
    storage = FaultyStorage(memory)
    etag = storage.put("a", b"1", if_none_match="*")
    storage.put("a", b"2", if_match=etag)
    storage.delete("b")

    assert storage.get("a", max_size=1) == b"2"
    assert (storage.get("a", first=0), storage.get("a", first=0).total) == (b"", 1)
    assert list(storage.folders()) == []
    assert keys(storage) == ["a"]
    assert storage.url == memory.url
    assert open_storage(storage) is storage
    with pytest.raises(PreconditionFailed):
        storage.put("a", b"3", if_none_match="*")
    with pytest.raises(ObjectNotFound):
        storage.get("b")


def test_counts_operations_so_that_a_test_knows_where_to_fail(memory: MemoryStorage) -> None:
    storage = FaultyStorage(memory)
    storage.put("a", b"")
    storage.delete("a")
    keys(storage)

    assert storage.operations.writes == 2
    assert storage.operations.keys("put", "list") == ["a", ""]


def test_fails_before_the_nth_write(memory: MemoryStorage) -> None:
    storage = FaultyStorage(memory, [Fault(Fails(), nth=2)])
    storage.put("a", b"")

    with pytest.raises(StorageUnavailable, match="put 'b' failed"):
        storage.put("b", b"")
    storage.put("c", b"")
    assert keys(memory) == ["a", "c"]


def test_fails_with_the_error_that_was_given(memory: MemoryStorage) -> None:
    full = StorageError(errno.ENOSPC, "no space left")
    storage = FaultyStorage(memory, [Fault(Fails(full), nth=1), Fault(Fails(StorageDenied), kinds=["get"])])

    with pytest.raises(StorageError) as raised:
        storage.put("a", b"")
    assert raised.value is full
    with pytest.raises(StorageDenied):
        storage.get("a")


def test_a_fault_counts_only_what_it_matches(memory: MemoryStorage) -> None:
    leases = Fault(Fails(), nth=2, key="*/lease")
    long_reads = Fault(Fails(), kinds={"get", "list"}, key=lambda key: len(key) > 3)
    storage = FaultyStorage(memory, [leases, long_reads])
    for key in ("w/lease", "w/other", "w/steps/a"):
        storage.put(key, b"")

    with pytest.raises(StorageUnavailable):
        storage.put("w/lease", b"")
    with pytest.raises(StorageUnavailable):
        storage.list("w/steps/")
    assert list(storage.list("w/"))


def test_folders_and_beginnings_can_fail_too(memory: MemoryStorage) -> None:
    memory.put("w/lease", b"held")
    storage = FaultyStorage(memory, [Fault(Fails(), nth=1, kinds=READS, key="w*")])

    with pytest.raises(StorageUnavailable, match="folders 'w' failed"):
        storage.folders("w")
    assert list(storage.folders("w")) == ["w"]
    assert storage.get("w/lease", first=2) == b"he"
    assert storage.operations.count("folders") == 2


def test_loses_the_answer_of_a_write_that_happened(memory: MemoryStorage) -> None:
    storage = FaultyStorage(memory, [Fault(LosesAnswer(), nth=1)])

    with pytest.raises(StorageUnavailable, match="the answer was lost"):
        storage.put("a", b"1")
    assert storage.get("a") == b"1"


def test_a_retry_after_a_lost_answer_is_refused_by_our_own_write(memory: MemoryStorage) -> None:
    storage = FaultyStorage(memory, [Fault(RetriesAfterLostAnswer())])

    with pytest.raises(PreconditionFailed):
        storage.put("a", b"1", if_none_match="*")
    assert storage.put("b", b"1")
    assert storage.get("a") == b"1"


@pytest.mark.parametrize(("when", "left"), [("before", []), ("after", ["a"])])
def test_a_crash_ends_everything(memory: MemoryStorage, when: str, left: list[str]) -> None:
    storage = FaultyStorage(memory, [Fault(Crashes(when), nth=1)])  # type: ignore[arg-type]

    with pytest.raises(SimulatedCrash, match=f"crashed {when} put 'a'"):
        storage.put("a", b"")
    assert storage.crashed
    for operation in (
        lambda: storage.put("b", b""),
        lambda: storage.get("a"),
        storage.list,
        storage.folders,
        lambda: storage.delete("a"),
    ):
        with pytest.raises(SimulatedCrash):
            operation()
    assert keys(memory) == left


def test_no_exception_handler_swallows_a_crash() -> None:
    assert not issubclass(SimulatedCrash, Exception)


def test_what_is_held_at_a_crash_does_not_happen_later(memory: MemoryStorage) -> None:
    go_on, reached = Event(), Event()
    plan = [Fault(Pauses(go_on, reached), key="held"), Fault(Crashes(), key="fatal")]
    storage = FaultyStorage(memory, plan)
    held = apart(storage.put, "held", b"")
    assert reached.wait(5)
    with pytest.raises(SimulatedCrash):
        storage.put("fatal", b"")
    go_on.set()

    assert isinstance(held.exception(), SimulatedCrash)
    assert keys(memory) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_pauses_until_the_test_goes_on(memory: MemoryStorage, when: str) -> None:
    go_on, reached = Event(), Event()
    storage = FaultyStorage(memory, [Fault(Pauses(go_on, reached, when))])  # type: ignore[arg-type]
    thread = Thread(target=storage.put, args=("a", b""))
    thread.start()
    assert reached.wait(5)
    before = keys(memory)
    go_on.set()
    thread.join()

    assert before == ([] if when == "before" else ["a"])
    assert keys(memory) == ["a"]


def test_a_pause_that_nobody_ends_is_an_error(memory: MemoryStorage) -> None:
    storage = FaultyStorage(memory, [Fault(Pauses(Event(), Event(), timeout=0.01))])

    with pytest.raises(TimeoutError, match="set `go_on`"):
        storage.put("a", b"")


@pytest.mark.parametrize("when", ["before", "after"])
def test_delays_by_a_clock(memory: MemoryStorage, when: str) -> None:
    clock = ManualClock()
    storage = FaultyStorage(memory, [Fault(Delays(60, clock, when))])  # type: ignore[arg-type]
    thread = Thread(target=storage.put, args=("a", b""))
    thread.start()
    clock.await_waiters()
    before = keys(memory)
    clock.advance(60)
    thread.join(5)

    assert before == ([] if when == "before" else ["a"])
    assert keys(memory) == ["a"]


def test_delays_by_the_systems_clock_if_no_other_is_given(memory: MemoryStorage) -> None:
    FaultyStorage(memory, [Fault(Delays(0.001))]).put("a", b"")

    assert keys(memory) == ["a"]


def test_ignores_conditions(memory: MemoryStorage) -> None:
    storage = FaultyStorage(memory, [Fault(IgnoresConditions())])
    storage.put("a", b"1")
    storage.put("a", b"2", if_none_match="*")
    storage.put("a", b"3", if_match="another")

    assert memory.get("a") == b"3"


def test_faults_compose_the_first_outermost(memory: MemoryStorage) -> None:
    storage = FaultyStorage(memory, [Fault(LosesAnswer()), Fault(IgnoresConditions())])
    memory.put("a", b"1")

    with pytest.raises(StorageUnavailable):
        storage.put("a", b"2", if_none_match="*")
    assert memory.get("a") == b"2"


@pytest.mark.parametrize("when", ["before", "after"])
def test_kills_a_real_process(tmp_path: Path, when: str) -> None:
    script = (
        "import sys\n"
        "from simpleflow_steps.storage import open_storage\n"
        "from simpleflow_steps.testing import Fault, FaultyStorage, Kills\n"
        "storage = FaultyStorage(open_storage(sys.argv[1]), [Fault(Kills(sys.argv[2]), nth=2)])\n"
        "storage.put('a', b'')\n"
        "storage.put('b', b'')\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "s"), when],
        check=False,
        timeout=60,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )

    assert process.returncode == -signal.SIGKILL
    assert keys(DirectoryStorage(tmp_path / "s")) == (["a"] if when == "before" else ["a", "b"])


def test_any_signal_will_do(memory: MemoryStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[int] = []
    monkeypatch.setattr("os.kill", lambda _, number: heard.append(number))
    for when in ("before", "after"):
        FaultyStorage(memory, [Fault(Kills(when, signal.SIGSTOP))]).put(when, b"")  # type: ignore[arg-type]

    assert heard == [signal.SIGSTOP, signal.SIGSTOP]
    assert keys(memory) == ["after", "before"]


def test_each_operation_meets_its_turn_once_from_many_threads(memory: MemoryStorage) -> None:
    storage = FaultyStorage(memory, [Fault(Fails(), nth=number) for number in (3, 50, 99)])

    def put(number: int) -> bool:
        try:
            storage.put(f"{number}", b"")
        except StorageUnavailable:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(put, range(100)))

    assert outcomes.count(False) == 3
    assert len(keys(memory)) == 97
    assert storage.operations.writes == len(storage.operations) == 100


def test_refuses_a_plan_that_can_never_happen() -> None:
    with pytest.raises(InvalidInput, match="counted from 1"):
        Fault(Fails(), nth=0)
    with pytest.raises(InvalidInput, match="pass a collection"):
        Fault(Fails(), kinds="put")  # type: ignore[arg-type]
