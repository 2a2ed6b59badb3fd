"""What every storage does: each one's own test module subclasses this, with a fixture `storage`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import FrameType

import pytest

from simpleflow_steps.exceptions import InvalidInput, ObjectNotFound, ObjectTooLarge, PreconditionFailed
from simpleflow_steps.storage import Body, ListedObject, Storage, open_storage

WRITERS = 6
UNUSUAL_KEYS = [
    "été/日本語/😀",
    "e\u0301",
    " a b ",
    "a%20b",
    "%41",
    "100%",
    "%",
    "%-",
    "%lock",
    "%tmp/x",
    "a%/b",
    "a%+/b",
    "a+b",
    "a&b=c?d#e",
    "a;b:c,d@e!f$g~h*i",
    "'\"`<>|^{}[]()",
    "back\\slash",
    ".hidden",
    "...",
    "-rf",
    "tab\tline\nreturn\r",
    "bell\x07\x7f\x85",
    "\u202e\ufeff\uffff",
    "nul\x00",
    ".",
    "..",
    "../up",
    "a/../b",
    "a/./b",
    "a/..",
    "/leading",
    "trailing/",
    "double//slash",
    "/",
    "//",
]


def writers(write: Callable[[int], str]) -> tuple[list[str], int]:
    """Let several threads write at the same moment; give the winners' etags and the number of those refused."""
    barrier = Barrier(WRITERS)

    def one(number: int) -> str | None:
        barrier.wait()
        try:
            return write(number)
        except PreconditionFailed:
            return None

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(one, range(WRITERS)))
    return [each for each in answers if each is not None], answers.count(None)


def keys(storage: Storage, prefix: str = "") -> list[str]:
    return [listed.key for listed in storage.list(prefix)]


def folders_of(names: Iterable[str], prefix: str) -> list[str]:
    """Say what `folders` gives, from the keys."""
    start = prefix.rfind("/") + 1
    below = (key for key in sorted(names) if key.startswith(prefix) and "/" in key[len(prefix) :])
    return list(dict.fromkeys(prefix[start:] + key[len(prefix) :].split("/")[0] for key in below))


def calls_of(act: Callable[[], object]) -> int:
    """Count the function calls of an act, but for what a library from elsewhere does when it is called."""
    count, outside = 0, 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal count, outside
        if event == "call" and (outside or "site-packages" in frame.f_code.co_filename):
            outside += 1
        elif event == "return" and outside:
            outside -= 1
        elif event in {"call", "c_call"} and not outside:
            count += 1

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count - 1  # the last one ends the counting


class StorageContract:
    prefix_bytes = 0
    most_calls = 34

    def unable(self, key: str) -> str | None:
        """Say why this storage cannot hold a key that others can."""
        return None

    def test_is_a_storage(self, storage: Storage) -> None:
        assert isinstance(storage, Storage)

    def test_gives_back_what_was_put_with_its_etag(self, storage: Storage) -> None:
        etag = storage.put("key", b"body")
        body = storage.get("key")

        assert body == b"body"
        assert isinstance(body, Body)
        assert body.etag == etag

    def test_tells_how_old_an_object_is_by_its_own_clock(self, storage: Storage) -> None:
        storage.put("key", b"body")

        age = storage.get("key").age

        assert age is not None
        assert 0 <= age < 30

    def test_its_url_opens_the_same_objects(self, storage: Storage) -> None:
        storage.put("key", b"body")

        assert open_storage(storage.url).get("key") == b"body"

    def test_replaces_an_object_and_its_etag(self, storage: Storage) -> None:
        first = storage.put("key", b"one")
        second = storage.put("key", b"two")

        assert first != second
        assert storage.get("key") == b"two"
        assert keys(storage) == ["key"]

    @pytest.mark.parametrize("body", [b"", bytes(range(256)) * 20_000], ids=["empty", "5 MB"])
    def test_holds_bodies_of_any_size(self, storage: Storage, body: bytes) -> None:
        etag = storage.put("key", body)

        assert storage.get("key") == body
        assert [(each.key, each.etag, each.size) for each in storage.list()] == [("key", etag, len(body))]

    def test_a_missing_object_is_an_error_to_read_and_none_to_delete(self, storage: Storage) -> None:
        storage.delete("missing")
        storage.delete("not/there/either")

        with pytest.raises(ObjectNotFound, match="missing"):
            storage.get("missing")
        assert keys(storage) == []

    def test_deletes_an_object_and_no_other(self, storage: Storage) -> None:
        for key in ("a", "a/b", "ab"):
            storage.put(key, b"body")

        storage.delete("a")

        assert keys(storage) == ["a/b", "ab"]
        with pytest.raises(ObjectNotFound):
            storage.get("a")

    def test_reads_no_body_over_the_limit(self, storage: Storage) -> None:
        storage.put("key", b"12345")

        assert storage.get("key", max_size=5) == b"12345"
        with pytest.raises(ObjectTooLarge, match=r"5 bytes.*4"):
            storage.get("key", max_size=4)

    def test_reads_the_beginning_of_an_object_and_tells_the_size_of_all_of_it(self, storage: Storage) -> None:
        etag = storage.put("key", bytes(range(256)) * 1000)

        body = storage.get("key", first=10)

        assert body == bytes(range(10))
        assert (body.etag, body.total) == (etag, 256_000)
        assert body.age is not None
        assert storage.get("key").total == 256_000

    @pytest.mark.parametrize(("first", "content"), [(0, b""), (1, b"1"), (4, b"1234"), (5, b"12345"), (6, b"12345")])
    def test_the_beginning_is_no_longer_than_the_object(self, storage: Storage, first: int, content: bytes) -> None:
        storage.put("key", b"12345")

        body = storage.get("key", first=first)

        assert (body, body.total) == (content, 5)

    @pytest.mark.parametrize("first", [0, 1, 1000])
    def test_an_empty_object_has_an_empty_beginning(self, storage: Storage, first: int) -> None:
        etag = storage.put("key", b"")

        body = storage.get("key", first=first)

        assert (body, body.etag, body.total) == (b"", etag, 0)
        assert body.age is not None

    def test_the_limit_is_for_the_bytes_that_are_asked_for(self, storage: Storage) -> None:
        storage.put("key", b"12345")

        assert storage.get("key", first=3, max_size=3) == b"123"
        assert storage.get("key", first=9, max_size=5).total == 5
        with pytest.raises(ObjectTooLarge, match=r"3 bytes.*2"):
            storage.get("key", first=3, max_size=2)

    def test_a_missing_object_has_no_beginning(self, storage: Storage) -> None:
        with pytest.raises(ObjectNotFound, match="missing"):
            storage.get("missing", first=10)

    def test_refuses_to_read_less_than_nothing(self, storage: Storage) -> None:
        storage.put("key", b"12345")

        with pytest.raises(InvalidInput, match="first=-1"):
            storage.get("key", first=-1)

    def test_creates_only_where_nothing_is(self, storage: Storage) -> None:
        etag = storage.put("key", b"first", if_none_match="*")

        with pytest.raises(PreconditionFailed, match="key"):
            storage.put("key", b"second", if_none_match="*")
        assert storage.get("key") == b"first"
        assert storage.get("key").etag == etag

    def test_creates_again_after_a_delete(self, storage: Storage) -> None:
        storage.put("key", b"first", if_none_match="*")
        storage.delete("key")

        storage.put("key", b"second", if_none_match="*")

        assert storage.get("key") == b"second"

    def test_replaces_only_what_was_seen(self, storage: Storage) -> None:
        first = storage.put("key", b"first")
        second = storage.put("key", b"second", if_match=first)

        with pytest.raises(PreconditionFailed, match="key"):
            storage.put("key", b"third", if_match=first)
        assert storage.get("key") == b"second"
        assert storage.get("key").etag == second

    def test_replaces_an_empty_body_by_its_etag_from_a_listing(self, storage: Storage) -> None:
        storage.put("key", b"")
        (listed,) = storage.list()

        storage.put("key", b"full", if_match=listed.etag)

        assert storage.get("key") == b"full"

    def test_a_missing_object_matches_no_etag(self, storage: Storage) -> None:
        etag = storage.put("gone", b"body")
        storage.delete("gone")

        for key in ("gone", "never"):
            with pytest.raises(PreconditionFailed):
                storage.put(key, b"body", if_match=etag)
        assert keys(storage) == []

    def test_of_many_that_create_at_once_one_wins(self, storage: Storage) -> None:
        won, refused = writers(lambda number: storage.put("key", b"%d" % number, if_none_match="*"))

        assert len(won) == 1
        assert refused == WRITERS - 1
        assert storage.get("key").etag == won[0]

    def test_of_many_that_replace_at_once_one_wins(self, storage: Storage) -> None:
        etag = storage.put("key", b"old")

        won, refused = writers(lambda number: storage.put("key", b"%d" % number, if_match=etag))

        assert len(won) == 1
        assert refused == WRITERS - 1
        assert storage.get("key").etag == won[0]

    def test_lists_more_than_a_page_in_order_with_the_etags_of_the_writes(self, storage: Storage) -> None:
        names = [f"many/{number * 7919 % 1103}" for number in range(1103)]
        with ThreadPoolExecutor(8) as pool:
            etags = dict(zip(names, pool.map(lambda key: storage.put(key, key.encode()), names), strict=True))

        listed = list(storage.list("many/"))

        assert [each.key for each in listed] == sorted(names)
        assert {each.key: each.etag for each in listed} == etags
        assert all(each.size == len(each.key) for each in listed)
        assert storage.get(names[500]).etag == etags[names[500]]

    def test_orders_keys_by_their_bytes(self, storage: Storage) -> None:
        names = ["b", "B", "a.b", "a/b", "a", "a-b", "a0", "é", "z", "\uff5e", "😀", "a%b"]
        for name in names:
            storage.put(name, b"body")

        assert keys(storage) == sorted(names, key=str.encode)

    @pytest.mark.parametrize(
        ("prefix", "found"),
        [
            ("", ["a", "a/b", "a/b/c", "a/bc", "ab", "b/a"]),
            ("a", ["a", "a/b", "a/b/c", "a/bc", "ab"]),
            ("a/", ["a/b", "a/b/c", "a/bc"]),
            ("a/b", ["a/b", "a/b/c", "a/bc"]),
            ("a/b/", ["a/b/c"]),
            ("ab", ["ab"]),
            ("ab/", []),
            ("b", ["b/a"]),
            ("none/at/all", []),
        ],
    )
    def test_a_prefix_is_a_text(self, storage: Storage, prefix: str, found: list[str]) -> None:
        for key in ("a/b/c", "ab", "a", "a/bc", "b/a", "a/b"):
            storage.put(key, key.encode())

        assert keys(storage, prefix) == found
        assert [storage.get(key) for key in found] == [key.encode() for key in found]

    @pytest.mark.parametrize(
        ("prefix", "found"),
        [
            ("", ["a-b", "a", "ab", "b", "é"]),
            ("a", ["a-b", "a", "ab"]),
            ("a-", ["a-b"]),
            ("a/", ["b"]),
            ("a/b", ["b"]),
            ("a/b/", ["c"]),
            ("a/b/c/", []),
            ("b/c", []),
            ("top", []),
            ("top/", []),
            ("none/at/all", []),
        ],
    )
    def test_folders_are_what_is_before_the_next_slash(self, storage: Storage, prefix: str, found: list[str]) -> None:
        for key in ("a/x", "a/y", "a/b/c/d", "a/b/c/e", "a-b/x", "ab/x", "b/c", "top", "é/x"):
            storage.put(key, b"")

        assert list(storage.folders(prefix)) == found

    @pytest.mark.parametrize("order", [("a", "a/b", "a/b/c"), ("a/b/c", "a/b", "a")])
    def test_a_folder_may_be_an_object_too(self, storage: Storage, order: tuple[str, ...]) -> None:
        for key in order:
            storage.put(key, b"body")

        assert list(storage.folders()) == ["a"]
        assert list(storage.folders("a/")) == ["b"]

    def test_a_folder_goes_with_its_last_object(self, storage: Storage) -> None:
        if reason := self.unable("an empty folder"):
            pytest.skip(reason)
        for key in ("a/b/c", "a/d", "e/f"):
            storage.put(key, b"")
        storage.delete("a/b/c")
        storage.delete("e/f")

        assert list(storage.folders()) == ["a"]
        assert list(storage.folders("a/")) == []

    def test_gives_more_folders_than_a_page_in_order_and_each_once(self, storage: Storage) -> None:
        names = [f"many/{number * 7919 % 1103}/{key}" for number in range(1103) for key in ("lease", "steps/a")]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: storage.put(key, b""), names))

        assert list(storage.folders("many/")) == folders_of(names, "many/")
        assert list(storage.folders("many/10")) == folders_of(names, "many/10")
        assert len(folders_of(names, "many/")) == 1103

    @pytest.mark.parametrize("order", [("a", "a/b", "a/b/c"), ("a/b/c", "a/b", "a"), ("a/b", "a/b/c", "a")])
    def test_a_key_may_begin_with_another_key(self, storage: Storage, order: tuple[str, ...]) -> None:
        etags = {key: storage.put(key, key.encode()) for key in order}

        assert {each.key: each.etag for each in storage.list()} == etags
        for key in order:
            assert storage.get(key) == key.encode()
        for key in order:
            storage.delete(key)
        assert keys(storage) == []

    def test_a_key_that_begins_another_can_be_created(self, storage: Storage) -> None:
        if reason := self.unable("a beside a/b"):
            pytest.skip(reason)
        storage.put("a/b", b"body")

        storage.put("a", b"body", if_none_match="*")

        assert keys(storage) == ["a", "a/b"]

    @pytest.mark.parametrize("key", UNUSUAL_KEYS, ids=lambda key: ascii(key)[:20])
    def test_holds_unusual_keys(self, storage: Storage, key: str) -> None:
        if reason := self.unable(key):
            pytest.skip(reason)
        _hold(storage, key)

    @pytest.mark.parametrize("character", ["x", "é", "%", "/y", "\u0300"])
    def test_holds_keys_as_long_as_is_allowed(self, storage: Storage, character: str) -> None:
        room = 1024 - self.prefix_bytes
        key = (character * (room // len(character.encode()))).ljust(1, "x").lstrip("/")

        if reason := self.unable(key):
            pytest.skip(reason)
        _hold(storage, key)

    def test_refuses_a_key_a_byte_too_long(self, storage: Storage) -> None:
        key = "x" * (1025 - self.prefix_bytes)

        for use in (storage.get, storage.delete, storage.list, storage.folders, lambda key: storage.put(key, b"body")):
            with pytest.raises(InvalidInput, match="1025 UTF-8 bytes"):
                use(key)

    @pytest.mark.parametrize(("key", "reason"), [("", "empty"), ("a\udc80b", "surrogate")])
    def test_refuses_what_cannot_be_a_key(self, storage: Storage, key: str, reason: str) -> None:
        for use in (storage.get, storage.delete, lambda key: storage.put(key, b"body")):
            with pytest.raises(InvalidInput, match=reason):
                use(key)
        for use in (storage.list, storage.folders) if key else ():
            with pytest.raises(InvalidInput, match=reason):
                use(key)

    def test_refuses_conditions_that_nobody_knows(self, storage: Storage) -> None:
        with pytest.raises(InvalidInput, match="if_none_match='x'"):
            storage.put("key", b"body", if_none_match="x")
        with pytest.raises(InvalidInput, match="exclude"):
            storage.put("key", b"body", if_none_match="*", if_match="etag")
        assert keys(storage) == []

    def test_a_write_takes_few_calls_of_ours(self, storage: Storage) -> None:
        storage.put("w/steps/a", b"body")
        storage.put("w/steps/b", b"body", if_none_match="*")

        assert calls_of(lambda: storage.put("w/steps/c", b"body", if_none_match="*")) <= self.most_calls

    def test_a_listing_says_when(self, storage: Storage) -> None:
        storage.put("key", b"body")
        (listed,) = storage.list()

        assert isinstance(listed, ListedObject)
        assert listed.modified is not None
        assert listed.modified.utcoffset() is not None


def _hold(storage: Storage, key: str) -> None:
    etag = storage.put(key, b"body", if_none_match="*")

    with pytest.raises(PreconditionFailed):
        storage.put(key, b"other", if_none_match="*")
    assert storage.get(key) == b"body"
    assert [(each.key, each.etag) for each in storage.list()] == [(key, etag)]
    assert keys(storage, key) == [key]
    assert keys(storage, key[: len(key) // 2]) == [key]
    for prefix in ("", key[:1], key[: len(key) // 2], key[: key.rfind("/") + 1], key):
        assert list(storage.folders(prefix)) == folders_of([key], prefix)
    storage.delete(key)
    assert keys(storage) == []
