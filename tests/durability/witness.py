"""One run of a race, in a process of its own: it tells the journal what it believes to hold, and what it writes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simpleflow_steps import LocalExecutor
from simpleflow_steps.exceptions import PreconditionFailed, RunSuperseded
from simpleflow_steps.execution.lease import Conflict, Lease
from simpleflow_steps.executors.local import tenure
from simpleflow_steps.storage import Storage, open_storage
from simpleflow_steps.storage.protocol import Body, ListedObject
from tests.durability import journal
from tests.durability.subject import Subject

COMPLETED, SUPERSEDED = 0, 3
"""How a process ends that nobody killed."""


def race(url: str, workflow_id: str, path: str, ttl: float, seconds: float, force: list[str]) -> int:
    """Wait for the execution, and run it, unless another run takes it over."""
    tenure.Lease = _witnessed(path)  # type: ignore[attr-defined]
    storage = WitnessedStorage(open_storage(url), path)
    executor = LocalExecutor(
        Subject, storage=storage, workflow_id=workflow_id, force=force, on_conflict="wait", lease_ttl=ttl
    )
    try:
        executor.run(path, seconds)
    except RunSuperseded as error:
        journal.note(path, "superseded", error=repr(error))
        return SUPERSEDED
    return COMPLETED


def _witnessed(path: str) -> type[Lease]:
    class WitnessedLease(Lease):
        """Note from when to when this run believes to hold the lease; before it may act on it."""

        def acquire(self, on_conflict: Conflict, *arguments: Any, **named: Any) -> None:
            super().acquire(on_conflict, *arguments, **named)
            self._claim()

        def renew(self, *arguments: Any, **named: Any) -> None:
            super().renew(*arguments, **named)
            self._claim()

        def _give_back(self, changes: dict[str, Any]) -> None:
            journal.note(path, "release", sync=False)
            super()._give_back(changes)

        def check(self) -> None:
            before = time.monotonic()
            super().check()
            journal.note(path, "check", sync=False, held=before)

        def _claim(self) -> None:
            journal.note(path, "claim", sync=False, until=self._valid_until)

    return WitnessedLease


class WitnessedStorage:
    """Note each write of a marker, before and after."""

    def __init__(self, storage: Storage, path: str | Path) -> None:
        self._storage = storage
        self._path = path

    @property
    def url(self) -> str:
        return self._storage.url

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        return self._storage.list(prefix)

    def folders(self, prefix: str = "") -> Iterator[str]:
        return self._storage.folders(prefix)

    def get(self, key: str, *, max_size: int | None = None, first: int | None = None) -> Body:
        return self._storage.get(key, max_size=max_size, first=first)

    def delete(self, key: str) -> None:
        self._storage.delete(key)

    def put(self, key: str, body: bytes, *, if_none_match: str | None = None, if_match: str | None = None) -> str:
        if "/steps/" not in key:
            return self._storage.put(key, body, if_none_match=if_none_match, if_match=if_match)
        write = {"key": key, "body": hashlib.sha256(body).hexdigest(), "size": len(body), "if_match": if_match}
        number = time.monotonic_ns()
        journal.note(self._path, "write", sync=False, number=number, **write)
        try:
            etag = self._storage.put(key, body, if_none_match=if_none_match, if_match=if_match)
        except PreconditionFailed:
            journal.note(self._path, "refused", sync=False, number=number, **write)
            raise
        journal.note(self._path, "written", sync=False, number=number, etag=etag, **write)
        return etag
