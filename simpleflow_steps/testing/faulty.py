"""A storage on which things go wrong as planned."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.testing.effects import SimulatedCrash
from simpleflow_steps.testing.operations import WRITES, Operation, Operations

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from simpleflow_steps.storage.protocol import Body, ListedObject, Storage
    from simpleflow_steps.testing.effects import Effect
    from simpleflow_steps.testing.operations import Kind


@dataclass(frozen=True)
class Fault:
    """Say what goes wrong, and when.

    :param effect: what happens
    :param nth: to which of the operations that match, counted from 1; to every one if None
    :param kinds: the kinds of operations that match: those that write, if not given
    :param key: the keys that match, as a pattern such as `*/lease` or as a function; for a `list` and for
        `folders` it is the prefix
    """

    effect: Effect
    nth: int | None = None
    kinds: Collection[Kind] = WRITES
    key: str | Callable[[str], bool] = "*"

    def __post_init__(self) -> None:
        if self.nth is not None and self.nth < 1:
            raise InvalidInput(f"nth={self.nth!r}: operations are counted from 1")
        if isinstance(self.kinds, str):
            raise InvalidInput(f"kinds={self.kinds!r}: pass a collection, such as [{self.kinds!r}]")

    def matches(self, operation: Operation) -> bool:
        """Tell whether an operation counts."""
        if operation.kind not in self.kinds:
            return False
        return fnmatchcase(operation.key, self.key) if isinstance(self.key, str) else self.key(operation.key)


class FaultyStorage:
    """Pass everything on to a storage, save where the plan says that something goes wrong.

    What was asked for is in `operations`, so that a run without faults tells how many writes there are to fail at.
    Where several faults meet, the first of the plan is the outermost.

    :param storage: where the objects live; another wrapper over the same one is another process, so to speak
    :param plan: the faults
    """

    def __init__(self, storage: Storage, plan: Iterable[Fault] = ()) -> None:
        self.operations = Operations()
        self._storage = storage
        self._plan = tuple(plan)
        self._met = [0] * len(self._plan)
        self._crash: SimulatedCrash | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"FaultyStorage({self._storage!r}, {list(self._plan)!r})"

    @property
    def url(self) -> str:
        """Name the storage behind."""
        return self._storage.url

    @property
    def crashed(self) -> bool:
        """Whether a fault has ended this storage."""
        return self._crash is not None

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        """List, unless something goes wrong."""
        found: Iterator[ListedObject] = self._ask(Operation("list", prefix))
        return found

    def folders(self, prefix: str = "") -> Iterator[str]:
        """List the folders, unless something goes wrong."""
        found: Iterator[str] = self._ask(Operation("folders", prefix))
        return found

    def get(self, key: str, *, max_size: int | None = None, first: int | None = None) -> Body:
        """Read, unless something goes wrong."""
        body: Body = self._ask(Operation("get", key, max_size=max_size, first=first))
        return body

    def put(self, key: str, body: bytes, *, if_none_match: str | None = None, if_match: str | None = None) -> str:
        """Write, unless something goes wrong."""
        etag: str = self._ask(Operation("put", key, body, if_none_match=if_none_match, if_match=if_match))
        return etag

    def delete(self, key: str) -> None:
        """Remove, unless something goes wrong."""
        self._ask(Operation("delete", key))

    def _ask(self, operation: Operation) -> Any:
        self._stop_if_crashed()
        self.operations.add(operation)
        perform = self._perform
        for effect in reversed(self._effects(operation)):
            perform = partial(_around, effect, perform)
        try:
            return perform(operation)
        except SimulatedCrash as crash:
            self._crash = self._crash or crash
            raise

    def _effects(self, operation: Operation) -> tuple[Effect, ...]:
        """Count the operation for each fault, and give the effects whose turn it is."""
        met = []
        with self._lock:
            for place, fault in enumerate(self._plan):
                if fault.matches(operation):
                    self._met[place] += 1
                    if fault.nth in (None, self._met[place]):
                        met.append(fault.effect)
        return tuple(met)

    def _perform(self, operation: Operation) -> Any:
        self._stop_if_crashed()
        match operation.kind:
            case "list":
                return self._storage.list(operation.key)
            case "folders":
                return self._storage.folders(operation.key)
            case "get":
                return self._storage.get(operation.key, max_size=operation.max_size, first=operation.first)
            case "put":
                conditions = {"if_none_match": operation.if_none_match, "if_match": operation.if_match}
                return self._storage.put(operation.key, operation.body, **conditions)
            case "delete":
                return self._storage.delete(operation.key)

    def _stop_if_crashed(self) -> None:
        """Keep a dead process from doing anything."""
        if self._crash is not None:
            raise SimulatedCrash(*self._crash.args)


def _around(effect: Effect, perform: Callable[[Operation], Any], operation: Operation) -> Any:
    return effect.around(operation, perform)
