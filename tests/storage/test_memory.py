from __future__ import annotations

import gc

import pytest

from simpleflow_steps.storage import MemoryStorage, Storage, open_storage
from tests.storage.contract import StorageContract, keys


class TestMemoryStorage(StorageContract):
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
    listing = storage.list()
    storage.put("b", b"")

    assert [each.key for each in listing] == ["a"]
