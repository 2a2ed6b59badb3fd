"""Storages that count, fail, lose answers or ignore conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple

from simpleflow_steps.storage import Body, ListedObject, Storage


class Call(NamedTuple):
    """One call of a storage; `number` counts the calls of its method from 1."""

    method: str
    key: str
    number: int


def is_of_the_run(key: str) -> bool:
    """Tell whether a key is one of those that each run has whatever its steps: lease, record, waits."""
    return key.endswith("/lease") or "/runs/" in key or "/waits/" in key


def nothing(call: Call) -> None:
    """Let a call pass."""


@dataclass
class Watched:
    """Pass every call on and remember it; what belongs to the run as such is remembered apart, and never disturbed.

    :param before: called first; what it raises keeps the call from happening
    :param after: called afterwards; what it raises loses the answer
    :param conditional: whether conditions are passed on
    """

    inner: Storage
    before: Callable[[Call], object] = nothing
    after: Callable[[Call], object] = nothing
    conditional: bool = True

    def __post_init__(self) -> None:
        self.calls: list[Call] = []
        self.of_the_run: list[str] = []
        self._lock = Lock()

    @property
    def url(self) -> str:
        return self.inner.url

    @property
    def counts(self) -> dict[str, int]:
        """How often each method was called."""
        return dict(Counter(call.method for call in self.calls))

    @property
    def writes(self) -> list[str]:
        """The keys written, in order."""
        return [call.key for call in self.calls if call.method == "put"]

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        return self._call("list", prefix, lambda: self.inner.list(prefix))

    def folders(self, prefix: str = "") -> Iterator[str]:
        return self._call("folders", prefix, lambda: self.inner.folders(prefix))

    def get(self, key: str, *, max_size: int | None = None, first: int | None = None) -> Body:
        return self._call("get", key, lambda: self.inner.get(key, max_size=max_size, first=first))

    def put(self, key: str, body: bytes, *, if_none_match: str | None = None, if_match: str | None = None) -> str:
        conditions = {"if_none_match": if_none_match, "if_match": if_match} if self.conditional else {}
        return self._call("put", key, lambda: self.inner.put(key, body, **conditions))

    def delete(self, key: str) -> None:
        self._call("delete", key, lambda: self.inner.delete(key))

    def _call(self, method: str, key: str, carry_out: Callable[[], Any]) -> Any:
        if is_of_the_run(key):
            self.of_the_run.append(method)
            return carry_out()
        with self._lock:
            call = Call(method, key, 1 + sum(call.method == method for call in self.calls))
            self.calls.append(call)
        self.before(call)
        outcome = carry_out()
        self.after(call)
        return outcome


def at(method: str, number: int, act: Callable[[], object]) -> Callable[[Call], None]:
    """Do something at the n-th call of a method."""

    def hook(call: Call) -> None:
        if (call.method, call.number) == (method, number):
            act()

    return hook


def at_key(method: str, key: str, act: Callable[[], object]) -> Callable[[Call], None]:
    """Do something at the first call of a method with a key."""
    left = [act]

    def hook(call: Call) -> None:
        if (call.method, call.key) == (method, key) and left:
            left.pop()()

    return hook


def raising(error: BaseException) -> Callable[[], None]:
    """Make something to do: raise this."""

    def act() -> None:
        raise error

    return act
