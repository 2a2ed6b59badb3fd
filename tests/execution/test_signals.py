from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from simpleflow_steps.exceptions import InvalidInput, ObjectNotFound, PreconditionFailed, RecordCorrupt
from simpleflow_steps.execution import signals
from simpleflow_steps.execution.signals import check_signal_name, read_signal, send_signal, signal_ids
from simpleflow_steps.storage import DirectoryStorage, MemoryStorage
from simpleflow_steps.testing import CountingStorage, Fault, FaultyStorage, RetriesAfterLostAnswer

HOSTILE = [
    ".",
    "..",
    "...",
    "a/b",
    "/",
    "../../other/lease",
    "%",
    "%2F",
    "a b",
    " a ",
    "~",
    "*",
    "été 😀",
    "x" * 200,
    "😀" * 50,
]


def payloads(storage: MemoryStorage, name: str) -> list[Any]:
    return [read_signal(storage, "w", name, found).payload for found in signal_ids(storage, "w", name)]


def test_a_signal_waits_to_be_read(storage: MemoryStorage) -> None:
    sent = send_signal(storage, "w", "go", {"by": ["Ada", 1, None]})
    found = read_signal(storage, "w", "go", sent)

    assert signal_ids(storage, "w", "go") == [sent]
    assert (found.name, found.payload) == ("go", {"by": ["Ada", 1, None]})
    assert "@" in found.sender
    assert abs((datetime.now(UTC) - found.sent).total_seconds()) < 60


def test_costs_one_write(storage: MemoryStorage) -> None:
    counting = CountingStorage(storage)
    send_signal(counting, "w", "go")

    assert counting.operations.count() == 1


def test_those_of_one_sender_keep_their_order(storage: MemoryStorage) -> None:
    for number in range(200):
        send_signal(storage, "w", "go", number)

    assert payloads(storage, "go") == list(range(200))


def test_they_keep_it_when_the_clock_goes_back(storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    class Backwards(datetime):
        year_now = 2100

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            cls.year_now -= 1
            return datetime(cls.year_now, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(signals, "datetime", Backwards)
    monkeypatch.setattr(signals, "_last", datetime(2000, 1, 1, tzinfo=UTC))
    for number in range(5):
        send_signal(storage, "w", "go", number)

    assert payloads(storage, "go") == list(range(5))


def test_those_of_many_threads_are_all_there(storage: MemoryStorage) -> None:
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda number: send_signal(storage, "w", "go", number), range(100)))

    assert len(set(sent)) == 100
    assert sorted(payloads(storage, "go")) == list(range(100))


def test_names_and_executions_do_not_mix(storage: MemoryStorage) -> None:
    for workflow_id, name in (("w", "a"), ("w", "a/b"), ("w", "ab"), ("w2", "a")):
        send_signal(storage, workflow_id, name, [workflow_id, name])

    assert payloads(storage, "a") == [["w", "a"]]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_visible_name_will_do(storage: MemoryStorage, tmp_path: Any, name: str) -> None:
    for store in (storage, DirectoryStorage(tmp_path)):
        sent = send_signal(store, "w", name, name)

        (key,) = (found.key for found in store.list())
        assert key.startswith("w/signals/")
        assert not {"", ".", ".."} & set(key.split("/"))
        assert max(len(part.encode()) for part in key.split("/")) <= 255
        assert signal_ids(store, "w", name) == [sent]
        assert read_signal(store, "w", name, sent).name == name


@pytest.mark.parametrize(
    "name", ["", " ", "a\nb", "\0", "\x1b[31m", "\u202ea", "\ud800", "x" * 201, "😀" * 51, None, 1]
)
def test_other_names_are_refused(storage: MemoryStorage, name: Any) -> None:
    for attempt in (lambda: check_signal_name(name), lambda: send_signal(storage, "w", name)):
        with pytest.raises(InvalidInput, match="signal name"):
            attempt()
    assert list(storage.list()) == []


@pytest.mark.parametrize(
    "payload", [object(), {1: 2}, float("nan"), "\ud800", (1,), b"x", datetime(2026, 1, 1, tzinfo=UTC)]
)
def test_a_payload_that_is_not_json_is_refused(storage: MemoryStorage, payload: Any) -> None:
    with pytest.raises(InvalidInput, match="signal 'go': its payload is not JSON"):
        send_signal(storage, "w", "go", payload)
    assert list(storage.list()) == []


def test_a_payload_that_is_too_large_is_refused(storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "LIMIT", 1000)

    with pytest.raises(InvalidInput, match="more than 1000"):
        send_signal(storage, "w", "go", "x" * 1000)


def test_a_lost_answer_is_no_failure(storage: MemoryStorage) -> None:
    sent = send_signal(FaultyStorage(storage, [Fault(RetriesAfterLostAnswer())]), "w", "go", 1)

    assert signal_ids(storage, "w", "go") == [sent]
    assert payloads(storage, "go") == [1]


def test_no_signal_is_written_over_another(storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals.os, "urandom", lambda _: b"same")
    monkeypatch.setattr(signals, "_next_moment", lambda: datetime(2026, 1, 1, tzinfo=UTC))
    send_signal(storage, "w", "go", 1)

    with pytest.raises(PreconditionFailed):
        send_signal(storage, "w", "go", 2)
    assert payloads(storage, "go") == [1]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"name": "go", "sent": "never", "sender": "x"}'])
def test_one_that_cannot_be_read_is_named(storage: MemoryStorage, body: bytes) -> None:
    storage.put("w/signals/go/1.json", body)

    with pytest.raises(RecordCorrupt, match=r"signal w/signals/go/1\.json cannot be read"):
        read_signal(storage, "w", "go", "1")


def test_one_that_is_too_large_is_named(storage: MemoryStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = send_signal(storage, "w", "go", "x" * 1000)
    monkeypatch.setattr(signals, "LIMIT", 1000)

    with pytest.raises(RecordCorrupt, match="more than 1000"):
        read_signal(storage, "w", "go", sent)


def test_one_that_is_not_there_is_not_found(storage: MemoryStorage) -> None:
    with pytest.raises(ObjectNotFound):
        read_signal(storage, "w", "go", "1")


def test_what_is_no_signal_is_passed_over(storage: MemoryStorage) -> None:
    storage.put("w/signals/go/readme.txt", b"")

    assert signal_ids(storage, "w", "go") == []
