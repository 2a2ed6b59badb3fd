"""A check before every attempt at a request: who waits to try again may have lost the right to write meanwhile."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from simpleflow_steps.assigned import Assigned

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[], object]

_check: ContextVar[Check | None] = ContextVar("simpleflow_steps_fence", default=None)


def fenced(check: Check) -> Assigned[Check | None]:
    """Call `check` before each attempt at a request inside the block; what it raises ends the request."""
    return Assigned(_check, check)


def pass_fence() -> None:
    """Call the check, if there is one around the caller."""
    check = _check.get()
    if check is not None:
        check()
