"""The steps around the code that is running: outermost first, the current one last."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_steps: ContextVar[tuple[str, ...]] = ContextVar("simpleflow_steps_scope", default=())


def enclosing_steps() -> tuple[str, ...]:
    """Give the names of the steps around the caller."""
    return _steps.get()


def current_step() -> str | None:
    """Give the name of the innermost step around the caller, if there is one."""
    steps = _steps.get()
    return steps[-1] if steps else None


@contextmanager
def inside(*steps: str) -> Iterator[None]:
    """Make `steps` the steps around a block."""
    token = _steps.set(steps)
    try:
        yield
    finally:
        _steps.reset(token)
