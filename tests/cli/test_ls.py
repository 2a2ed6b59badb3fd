from __future__ import annotations

import json

import pytest

from simpleflow_steps.storage import MemoryStorage, open_storage
from simpleflow_steps.testing import CountingStorage
from tests.cli.conftest import Sfs, document

LEASE = {
    "run_id": "20261120T081502.412907Z-5b1f0c",
    "workflow": "daily",
    "nonce": "n",
    "held": False,
    "status": "completed",
    "ttl": 60,
    "holder": {"host": "elsewhere", "pid": 1, "user": "ada"},
    "acquired": "2026-11-20T08:15:02Z",
    "renewed": "2026-11-20T08:15:09Z",
    "progress": {"steps": {"completed": 3, "failed": 0, "odd": "x"}},
}


def _put_lease(storage: MemoryStorage, name: str, **changes: object) -> None:
    storage.put(f"{name}/lease", json.dumps({**LEASE, "workflow_id": name, **changes}).encode())


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> CountingStorage:
    """Leave many executions behind, one of them running, and count what is asked of their storage."""
    storage = MemoryStorage()
    for number in range(150):
        _put_lease(storage, f"daily-{number:03}", status="failed" if number % 50 == 0 else "completed")
    _put_lease(storage, "weekly-1", held=True, status="running")
    storage.put("foreign/steps/a", b'{"run_id": "r"}')
    counting = CountingStorage(storage)
    monkeypatch.setattr("simpleflow_steps.cli.executions.open_place", lambda _: counting)
    return counting


def _names(sfs: Sfs, *args: str) -> list[str]:
    return [each["workflow_id"] for each in document(sfs("ls", "--json", *args))["executions"]]


def test_tells_state_progress_and_last_run(sfs: Sfs) -> None:
    sfs("run", "flows:Parent", "--workflow-id", "p1")
    sfs("run", "flows:Failing", "--workflow-id", "f1")

    result = sfs("ls")

    titles, failing, parent, child = result.stdout.splitlines()
    assert titles.split()[0] == "STATE"
    assert failing.startswith("failed ")
    assert failing.endswith("1 completed, 1 failed")
    assert parent.startswith("finished ")
    assert " p1." in child
    assert result.stderr.startswith("3 executions in file://")


def test_only_those_that_are_shown_are_read(sfs: Sfs, crowd: CountingStorage) -> None:
    result = sfs("ls", "daily", "--limit", "3")

    assert crowd.operations.keys("folders") == ["daily"]
    assert sorted(crowd.operations.keys("get")) == [f"daily-{number}/lease" for number in (147, 148, 149)]
    assert crowd.operations.count("list") == 0
    assert "150 executions like 'daily'" in result.stderr
    assert "147 before them are not shown" in result.stderr


def test_a_pattern_narrows_the_listing_down_by_its_beginning(sfs: Sfs, crowd: CountingStorage) -> None:
    assert _names(sfs, "daily-*[37]", "--limit", "2") == ["daily-143", "daily-147"]
    assert crowd.operations.keys("folders") == ["daily-"]
    assert _names(sfs, "*-1") == ["weekly-1"]
    assert _names(sfs, "nothing") == []


def test_a_state_can_be_asked_for(sfs: Sfs, crowd: CountingStorage) -> None:
    assert _names(sfs, "--state", "failed") == ["daily-000", "daily-050", "daily-100"]
    assert _names(sfs, "--state", "no-lease") == ["foreign"]
    assert len(_names(sfs, "--limit", "0")) == 152
    assert _names(sfs, "weekly", "--state", "running", "--state", "stale") == ["weekly-1"]
    assert sfs("ls", "--state", "asleep").exit_code == 2


def test_a_document_has_the_facts(sfs: Sfs, crowd: CountingStorage) -> None:
    found = document(sfs("ls", "daily-001", "--json"))

    assert (found["count"], found["pattern"]) == (1, "daily-001")
    (execution,) = found["executions"]
    assert execution["steps"] == {"completed": 3}
    assert (execution["state"], execution["run_id"]) == ("finished", LEASE["run_id"])


@pytest.mark.parametrize("body", [b"", b"\x00", b"[]", b'{"run_id": 3}', b"x" * 300_000])
def test_what_is_no_execution_breaks_nothing(sfs: Sfs, crowd: CountingStorage, body: bytes) -> None:
    crowd.put("broken/lease", body)
    crowd.put("\x1b[31m/lease", b"x")
    crowd.put("/nameless", b"x")
    crowd.put(" blank/x", b"x")
    crowd.put("top", b"x")

    result = sfs("ls", "--limit", "0")

    assert result.exit_code == 0
    states = {line.split()[0] for line in result.stdout.splitlines()[1:]}
    assert states == {"finished", "failed", "running", "no-lease", "unreadable"}
    assert "\x1b" not in result.output


def test_what_was_only_marked_by_hand_never_ran(sfs: Sfs) -> None:
    sfs("steps", "mark", "d1", "load")

    assert sfs("ls").stdout.splitlines()[1].startswith("never-run")


def test_a_storage_that_is_empty_lists_nothing(sfs: Sfs) -> None:
    result = sfs("ls")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("0 executions in file://")


def test_a_slash_is_wrong_use(sfs: Sfs) -> None:
    assert sfs("ls", "a/b").exit_code == 2


def test_works_on_s3(sfs: Sfs, bucket_url: str) -> None:
    open_storage(bucket_url).put("foreign/steps/a", b"x")
    sfs("run", "flows:Daily", "--workflow-id", "d1", "--storage", bucket_url)

    found = document(sfs("ls", "--json", "--storage", bucket_url))["executions"]

    assert [(each["workflow_id"], each["state"]) for each in found] == [("d1", "finished"), ("foreign", "no-lease")]
