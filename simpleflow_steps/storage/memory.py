"""Objects in this process's memory, for tests and trials."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4
from weakref import WeakValueDictionary

from msgspec import Struct

from simpleflow_steps.exceptions import ObjectNotFound
from simpleflow_steps.storage.conditions import check_conditions, demand
from simpleflow_steps.storage.keys import check_key, check_prefix, folder_of, in_key_order
from simpleflow_steps.storage.protocol import Body, ListedObject
from simpleflow_steps.storage.reads import check_first, check_size

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Object(Struct, frozen=True, gc=False):
    body: bytes
    etag: str
    modified: datetime


@dataclass(eq=False)
class _Store:
    objects: dict[str, _Object] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


_writes = count(1)
_stores: WeakValueDictionary[str, _Store] = WeakValueDictionary()
_kept: dict[str, _Store] = {}
_stores_lock = Lock()


class MemoryStorage:
    """Keep objects in memory.

    :param name: all storages of one name share their objects for the life of the process; without a name the objects
        are this storage's own, and go when it goes
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = name or uuid4().hex
        self._url = f"memory://{quote(self._name)}"
        with _stores_lock:
            self._store = _stores.setdefault(self._name, _Store())
            if name:
                _kept[name] = self._store

    def __repr__(self) -> str:
        return f"MemoryStorage({self._name!r})"

    @property
    def url(self) -> str:
        """Name this storage so that `open_storage(url)` gives the same objects, within this process."""
        return self._url

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        """Give the objects under a prefix as they are now, in the order of their keys."""
        check_prefix(prefix)
        with self._store.lock:
            found = [(key, each) for key, each in self._store.objects.items() if key.startswith(prefix)]
        # text without lone surrogates sorts like its UTF-8 bytes
        found.sort(key=lambda item: item[0])
        return (ListedObject(key, each.etag, len(each.body), each.modified) for key, each in found)

    def folders(self, prefix: str = "") -> Iterator[str]:
        """Give the folders under a prefix as they are now."""
        check_prefix(prefix)
        with self._store.lock:
            found = {folder_of(key, prefix) for key in self._store.objects if key.startswith(prefix)}
        return iter(in_key_order(name for name in found if name is not None))

    def get(self, key: str, *, max_size: int | None = None, first: int | None = None) -> Body:
        """Read an object, or its beginning."""
        check_key(key)
        check_first(first)
        found = self._store.objects.get(key)
        if found is None:
            raise ObjectNotFound(f"{self._place(key)} does not exist")
        total = len(found.body)
        size = check_size(total, first, max_size, place=self._place(key))
        age = max(0.0, (datetime.now(UTC) - found.modified).total_seconds())
        return Body(found.body[:size], found.etag, age, total)

    def put(self, key: str, body: bytes, *, if_none_match: str | None = None, if_match: str | None = None) -> str:
        """Write an object if the condition holds, and give its new etag."""
        check_key(key)
        check_conditions(if_none_match, if_match)
        new = _Object(bytes(body), f"{next(_writes):x}", datetime.now(UTC))
        with self._store.lock:
            old = self._store.objects.get(key)
            demand(old.etag if old else None, if_none_match, if_match, place=self._place(key))
            self._store.objects[key] = new
        return new.etag

    def delete(self, key: str) -> None:
        """Remove an object if it is there."""
        check_key(key)
        with self._store.lock:
            self._store.objects.pop(key, None)

    def _place(self, key: str) -> str:
        return f"{self._url} key {key!r}"
