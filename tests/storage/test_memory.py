from __future__ import annotations

import gc
import time
from typing import Any

import pytest

from simpleflow_steps.storage import MemoryStorage, Storage, memory, open_storage
from simpleflow_steps.storage.conditions import demand
from tests.storage.contract import WRITERS, StorageContract, keys, writers


class TestMemoryStorage(StorageContract):
    most_calls = 15

    @pytest.fixture
    def storage(self) -> Storage:
        return MemoryStorage()


def test_storages_of_one_name_share_their_objects() -> None:
    open_storage("memory://shared").put("key", b"body")
    gc.collect()

    assert open_storage("memory://shared").get("key") == b"body"
    assert keys(open_storage("memory://other")) == []


def test_storages_without_a_name_share_nothing() -> None:
    first, second = MemoryStorage(), MemoryStorage()
    first.put("key", b"body")

    assert keys(second) == []


@pytest.mark.parametrize("condition", [{"if_none_match": "*"}, {"if_match": "old"}])
def test_nobody_writes_between_the_look_and_the_write(
    condition: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = MemoryStorage()
    if "if_match" in condition:
        condition = {"if_match": storage.put("key", b"")}
    monkeypatch.setattr(memory, "demand", _slow_demand)

    won, refused = writers(lambda number: storage.put("key", b"", **condition))

    assert (len(won), refused) == (1, WRITERS - 1)


def _slow_demand(*arguments: Any, **keywords: Any) -> None:
    demand(*arguments, **keywords)
    time.sleep(0.005)


def test_every_write_has_an_etag_of_its_own() -> None:
    storage = MemoryStorage()

    assert len({storage.put("key", b"same") for _ in range(100)}) == 100


def test_a_body_that_changes_later_was_copied() -> None:
    storage = MemoryStorage()
    body = bytearray(b"before")
    storage.put("key", body)
    body[:] = b"after!"

    assert storage.get("key") == b"before"


def test_a_listing_is_a_snapshot() -> None:
    storage = MemoryStorage()
    storage.put("a", b"")
    storage.put("a/b", b"")
    listing, folders = storage.list(), storage.folders()
    storage.put("b/c", b"")

    assert [each.key for each in listing] == ["a", "a/b"]
    assert list(folders) == ["a"]
