from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simpleflow_steps import codec
from simpleflow_steps.cli.sight import Watcher
from simpleflow_steps.exceptions import InvalidInput, StorageUnavailable
from simpleflow_steps.execution.holder import this_process
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.testing import CountingStorage, Fails, Fault, FaultyStorage

START = datetime(2026, 11, 20, tzinfo=UTC)
PROGRESS = {
    "steps": {"running": 2, "completed": 1, "waiting": 2},
    "foretold": True,
    "running": ["load", "load.b"],
    "details": {"load.b": {"started": START.isoformat(), "within": "load"}},
    "groups": {"load": {"done": 1, "total": 4, "running": 1}},
}

READS = ("get", "list")
Write = Callable[..., None]


def _calls(counting: CountingStorage) -> list[str]:
    return [operation.kind for operation in counting.operations.of()]


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def write(storage: MemoryStorage) -> Write:
    """Write a lease of a run that lives."""

    def put(progress: dict[str, Any], workflow_id: str = "w", **changes: Any) -> None:
        lease = {
            "workflow_id": workflow_id,
            "run_id": "r",
            "workflow": "daily",
            "nonce": "n",
            "held": True,
            "status": "running",
            "ttl": 60,
            "holder": {**codec.document(this_process()), "boot_id": "elsewhere"},
            "acquired": START.isoformat(),
            "renewed": (START + timedelta(seconds=15)).isoformat(),
            "progress": progress,
            **changes,
        }
        storage.put(f"{workflow_id}/lease", json.dumps(lease).encode())

    return put


def test_a_running_step_whose_marker_is_there_has_completed_since(storage: MemoryStorage, write: Write) -> None:
    write(PROGRESS)
    storage.put("w/steps/load.a", b"done")
    storage.put("w/steps/load.b", b"done")

    account = Watcher(storage, "w").look().account

    assert account.counts == {"running": 1, "completed": 2, "waiting": 2}
    assert [step.name for step in account.running] == ["load"]
    assert account.groups["load"].done == 2


def test_a_marker_that_was_written_between_two_looks_is_counted_until_the_run_tells_more(
    storage: MemoryStorage, write: Write
) -> None:
    write(PROGRESS)
    storage.put("w/steps/load.a", b"done")
    watcher = Watcher(storage, "w")
    watcher.look()
    storage.put("w/steps/load.c", b"done")

    assert watcher.look().account.counts == {"running": 2, "completed": 2, "waiting": 1}

    write({**PROGRESS, "steps": {"running": 2, "completed": 2, "waiting": 1}})
    assert watcher.look().account.counts == {"running": 2, "completed": 2, "waiting": 1}


def test_an_invalidated_marker_tells_of_nothing(storage: MemoryStorage, write: Write) -> None:
    write(PROGRESS)
    storage.put("w/steps/load.b", b"")

    assert Watcher(storage, "w").look().account.counts == PROGRESS["steps"]


def test_markers_of_more_than_one_page_are_not_listed_again(storage: MemoryStorage, write: Write) -> None:
    write(PROGRESS)
    for number in range(1001):
        storage.put(f"w/steps/x.{number}", b"done")
    counting = CountingStorage(storage)
    watcher = Watcher(counting, "w")
    watcher.look()
    watcher.look()

    assert _calls(counting) == ["get", "list", "get"]


def test_a_look_costs_one_read_and_one_listing(storage: MemoryStorage, write: Write) -> None:
    write(PROGRESS)
    counting = CountingStorage(storage)
    Watcher(counting, "w").look()

    assert _calls(counting) == ["get", "list"]


def test_children_are_looked_at_while_they_run(storage: MemoryStorage, write: Write) -> None:
    write({**PROGRESS, "children": {"c": {"step": "load"}, "d": {}, "\x1b/..": {}}})
    write(PROGRESS, "c")
    write(PROGRESS, "d", held=False, status="completed")
    counting = CountingStorage(storage)
    watcher = Watcher(counting, "w")
    first = watcher.look()
    before = _calls(counting).count("get")

    assert set(first.children) == {"c"}
    assert set(watcher.look().children) == {"c"}
    assert _calls(counting).count("get") - before == 2


def test_time_goes_on_by_the_clock_of_the_run_alone(storage: MemoryStorage, write: Write) -> None:
    write(PROGRESS)

    scene = Watcher(storage, "w").look().scene()

    assert timedelta(seconds=15) <= scene.now - START < timedelta(seconds=30)


def test_a_hiccup_is_told_beside_what_was_seen_last(storage: MemoryStorage, write: Write) -> None:
    write(PROGRESS)
    faulty = FaultyStorage(storage, [Fault(Fails(), nth=3, kinds=READS)])
    watcher = Watcher(faulty, "w")
    watcher.look()

    troubled, after = watcher.look(), watcher.look()

    assert (troubled.state, troubled.account.total) == ("running", 5)
    assert troubled.trouble
    assert not after.trouble


def test_the_first_look_must_succeed(storage: MemoryStorage) -> None:
    with pytest.raises(StorageUnavailable):
        Watcher(FaultyStorage(storage, [Fault(Fails(), kinds=READS)]), "w").look()
    with pytest.raises(InvalidInput, match="never ran"):
        Watcher(storage, "w").look()
