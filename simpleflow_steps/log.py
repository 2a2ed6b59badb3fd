"""Write the package's log: one sentence for people, its facts as fields, through the standard `logging`.

Everything goes to the logger `simpleflow_steps`. A record's message is the sentence; the facts are attributes of the
record (`extra`). Handlers, levels and formats are the application's. Fields bound with `structlog.contextvars` are
taken along. The field `as_event` names the event of `simpleflow_steps.events` that tells the same to whoever follows
the run.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

from simpleflow_steps.assigned import Assigned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from logging import Logger

_DEBUG, _INFO, _WARNING, _ERROR = 10, 20, 30, 40  # as in logging, which is slow to import
_bound: ContextVar[Mapping[str, Any] | None] = ContextVar("simpleflow_steps_log_fields", default=None)
_muted: ContextVar[Callable[[], bool] | None] = ContextVar("simpleflow_steps_log_muted", default=None)
_CALL_KEYWORDS = frozenset({"exc_info", "stack_info", "stacklevel"})
_CALLER = 3


def debug(event: str, /, **fields: Any) -> None:
    """Say what only someone who looks for a fault wants to read."""
    _log(_DEBUG, event, fields)


def info(event: str, /, **fields: Any) -> None:
    """Say what happened."""
    _log(_INFO, event, fields)


def warning(event: str, /, **fields: Any) -> None:
    """Say what the user should know, although the work goes on."""
    _log(_WARNING, event, fields)


def error(event: str, /, **fields: Any) -> None:
    """Say what went wrong; pass `exc_info=True` for the traceback of the exception at hand."""
    _log(_ERROR, event, fields)


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
    # where nobody has imported logging, nobody has asked for more than warnings
    if level < _WARNING and "logging" not in sys.modules:
        return
    muted, logger = _muted.get(), _logger()
    if not logger.isEnabledFor(level) or (muted is not None and muted()):
        return
    # structlog imports rich, which costs more than most programs that never log at this level would pay
    from structlog.contextvars import merge_contextvars  # noqa: PLC0415
    from structlog.stdlib import render_to_log_kwargs  # noqa: PLC0415

    merged = merge_contextvars(logger, "", {**bound_fields(), **fields})
    safe = {_safe_name(name): value for name, value in merged.items()}
    keywords = render_to_log_kwargs(logger, "", {**safe, "event": event})
    logger.log(level, **{"stacklevel": _CALLER, **keywords})


@cache
def _logger() -> Logger:
    from logging import getLogger  # noqa: PLC0415  slow to import

    return getLogger("simpleflow_steps")


@cache
def _reserved() -> frozenset[str]:
    from logging import makeLogRecord  # noqa: PLC0415  slow to import

    return (frozenset(vars(makeLogRecord({}))) | {"message", "asctime", "event"}) - _CALL_KEYWORDS


def _safe_name(name: str) -> str:
    """Keep a field from overwriting an attribute of the log record, which `logging` refuses with a `KeyError`."""
    return f"field_{name}" if name in _reserved() else name
