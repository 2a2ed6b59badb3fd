from __future__ import annotations

from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.testing import CountingStorage


def test_counts_by_kind_and_remembers_keys() -> None:
    storage = CountingStorage(MemoryStorage("counted"))
    etag = storage.put("a", b"1")
    storage.put("a", b"2", if_match=etag)
    assert storage.get("a", max_size=9, first=7) == b"2"
    assert list(storage.folders("b")) == []
    assert [found.key for found in storage.list("a")] == ["a"]
    storage.delete("a")

    assert storage.url == "memory://counted"
    assert storage.operations.count("put") == 2
    assert storage.operations.count() == 6
    assert storage.operations.writes == 3
    assert storage.operations.keys("put", "delete") == ["a", "a", "a"]
    assert storage.operations.of("put")[1].if_match == etag
    assert [(each.max_size, each.first) for each in storage.operations.of("get")] == [(9, 7)]
    assert repr(storage.operations) == "Operations(put a, put a, get a, folders b, list a, delete a)"

    storage.operations.clear()
    assert storage.operations.count() == 0
