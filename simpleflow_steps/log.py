"""Write the package's log: one sentence for people, its facts as fields, through the standard `logging`.

Everything goes to the logger `simpleflow_steps`. A record's message is the sentence; the facts are attributes of the
record (`extra`). Handlers, levels and formats are the application's. Fields bound with `structlog.contextvars` are
taken along. The field `as_event` names the event of `simpleflow_steps.events` that tells the same to whoever follows
the run.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from simpleflow_steps.assigned import Assigned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_logger = logging.getLogger("simpleflow_steps")
_bound: ContextVar[Mapping[str, Any] | None] = ContextVar("simpleflow_steps_log_fields", default=None)
_muted: ContextVar[Callable[[], bool] | None] = ContextVar("simpleflow_steps_log_muted", default=None)
_CALL_KEYWORDS = frozenset({"exc_info", "stack_info", "stacklevel"})
_RESERVED = (frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "event"}) - _CALL_KEYWORDS
_CALLER = 3


def debug(event: str, /, **fields: Any) -> None:
    """Say what only someone who looks for a fault wants to read."""
    _log(logging.DEBUG, event, fields)


def info(event: str, /, **fields: Any) -> None:
    """Say what happened."""
    _log(logging.INFO, event, fields)


def warning(event: str, /, **fields: Any) -> None:
    """Say what the user should know, although the work goes on."""
    _log(logging.WARNING, event, fields)


def error(event: str, /, **fields: Any) -> None:
    """Say what went wrong; pass `exc_info=True` for the traceback of the exception at hand."""
    _log(logging.ERROR, event, fields)


def bound(**fields: Any) -> Assigned[Mapping[str, Any] | None]:
    """Add fields to everything that this thread or asyncio task logs inside the `with` block."""
    return Assigned(_bound, {**(_bound.get() or {}), **fields})


def muted_while(condition: Callable[[], bool]) -> Assigned[Callable[[], bool] | None]:
    """Log nothing inside the `with` block while the condition holds: a workflow that is replayed has said it before."""
    return Assigned(_muted, condition)


def bound_fields() -> dict[str, Any]:
    """Give the fields that `bound` adds around the caller."""
    return dict(_bound.get() or {})


def _log(level: int, event: str, fields: dict[str, Any]) -> None:
    muted = _muted.get()
    if not _logger.isEnabledFor(level) or (muted is not None and muted()):
        return
    # structlog imports rich, which costs more than most programs that never log at this level would pay
    from structlog.contextvars import merge_contextvars  # noqa: PLC0415
    from structlog.stdlib import render_to_log_kwargs  # noqa: PLC0415

    merged = merge_contextvars(_logger, "", {**bound_fields(), **fields})
    safe = {_safe_name(name): value for name, value in merged.items()}
    keywords = render_to_log_kwargs(_logger, "", {**safe, "event": event})
    _logger.log(level, **{"stacklevel": _CALLER, **keywords})


def _safe_name(name: str) -> str:
    """Keep a field from overwriting an attribute of the log record, which `logging` refuses with a `KeyError`."""
    return f"field_{name}" if name in _RESERVED else name
