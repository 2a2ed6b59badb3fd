"""A storage that counts what is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps.testing.operations import Operation, Operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simpleflow_steps.storage.protocol import Body, ListedObject, Storage


class CountingStorage:
    """Pass everything on to a storage, and remember it in `operations`.

    :param storage: where the objects live
    """

    def __init__(self, storage: Storage) -> None:
        self.operations = Operations()
        self._storage = storage

    def __repr__(self) -> str:
        return f"CountingStorage({self._storage!r})"

    @property
    def url(self) -> str:
        """Name the storage that is counted."""
        return self._storage.url

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        """Pass it on."""
        self.operations.add(Operation("list", prefix))
        return self._storage.list(prefix)

    def folders(self, prefix: str = "") -> Iterator[str]:
        """Pass it on."""
        self.operations.add(Operation("folders", prefix))
        return self._storage.folders(prefix)

    def get(self, key: str, *, max_size: int | None = None, first: int | None = None) -> Body:
        """Pass it on."""
        self.operations.add(Operation("get", key, max_size=max_size, first=first))
        return self._storage.get(key, max_size=max_size, first=first)

    def put(self, key: str, body: bytes, *, if_none_match: str | None = None, if_match: str | None = None) -> str:
        """Pass it on."""
        self.operations.add(Operation("put", key, body, if_none_match=if_none_match, if_match=if_match))
        return self._storage.put(key, body, if_none_match=if_none_match, if_match=if_match)

    def delete(self, key: str) -> None:
        """Pass it on."""
        self.operations.add(Operation("delete", key))
        self._storage.delete(key)
