"""The steps around the code that is running: outermost first, the current one last."""

from __future__ import annotations

from contextvars import ContextVar

from simpleflow_steps.assigned import Assigned

_steps: ContextVar[tuple[str, ...]] = ContextVar("simpleflow_steps_scope", default=())


def enclosing_steps() -> tuple[str, ...]:
    """Give the names of the steps around the caller."""
    return _steps.get()


def current_step() -> str | None:
    """Give the name of the innermost step around the caller, if there is one."""
    steps = _steps.get()
    return steps[-1] if steps else None


def inside(*steps: str) -> Assigned[tuple[str, ...]]:
    """Make `steps` the steps around a block."""
    return Assigned(_steps, steps)
