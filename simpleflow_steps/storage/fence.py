"""A check before every attempt at a request: who waits to try again may have lost the right to write meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_check: ContextVar[Callable[[], object] | None] = ContextVar("simpleflow_steps_fence", default=None)


@contextmanager
def fenced(check: Callable[[], object]) -> Iterator[None]:
    """Call `check` before each attempt at a request inside the block; what it raises ends the request."""
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def pass_fence() -> None:
    """Call the check, if there is one around the caller."""
    check = _check.get()
    if check is not None:
        check()
