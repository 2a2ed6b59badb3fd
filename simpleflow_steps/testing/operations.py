"""What was asked of a storage."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

Kind = Literal["list", "folders", "get", "put", "delete"]
READS: frozenset[Kind] = frozenset({"list", "folders", "get"})
WRITES: frozenset[Kind] = frozenset({"put", "delete"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of a storage's method; `key` is the prefix of a `list` or `folders`."""

    kind: Kind
    key: str
    body: bytes = b""
    max_size: int | None = None
    first: int | None = None
    if_none_match: str | None = None
    if_match: str | None = None


class Operations:
    """The operations on one storage, in the order in which they were asked for, by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Operation] = []

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return f"Operations({', '.join(f'{each.kind} {each.key}' for each in self.of())})"

    def add(self, operation: Operation) -> None:
        """Note one."""
        with self._lock:
            self._all.append(operation)

    def of(self, *kinds: Kind) -> list[Operation]:
        """Give those of some kinds, or all."""
        with self._lock:
            return [each for each in self._all if not kinds or each.kind in kinds]

    def count(self, *kinds: Kind) -> int:
        """Count those of some kinds, or all."""
        return len(self.of(*kinds))

    def keys(self, *kinds: Kind) -> list[str]:
        """Give the keys of those of some kinds, or of all; a key comes as often as it was asked for."""
        return [each.key for each in self.of(*kinds)]

    @property
    def writes(self) -> int:
        """Count those that write."""
        return self.count(*WRITES)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._all.clear()
