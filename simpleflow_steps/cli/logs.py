"""Logging for the command line: sentences for people, or a JSON object a line, on the standard error."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import structlog

from simpleflow_steps.cli.text import shown, shown_lines
from simpleflow_steps.log import bound_fields

if TYPE_CHECKING:
    from typing import TextIO

    from structlog.typing import EventDict, Processor

CHATTY = ("asyncio", "boto3", "botocore", "concurrent", "s3transfer", "urllib3")


class _StderrHandler(logging.StreamHandler["TextIO"]):
    """Write to what is the standard error now: a live display puts itself in its place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        """The standard error."""
        return sys.stderr

    @stream.setter
    def stream(self, _: Any) -> None:
        """Stay with the standard error."""


def configure(level: str, form: str, *, colors: bool) -> None:
    """Set the logging of this process up.

    :param level: `debug`, `info`, `warning` or `error`, for everything but libraries that tell of each request: these
        stay at `warning`
    :param form: `human`, or `json` for an object a line
    :param colors: whether human lines are coloured
    """
    handler = _StderrHandler()
    handler.setFormatter(_formatter(form, colors=colors))
    if form == "human":
        handler.addFilter(lambda record: not hasattr(record, "as_event"))  # the progress of a run shows those anyway
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _StderrHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _formatter(form: str, *, colors: bool) -> logging.Formatter:
    processors: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _add_bound_fields,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
    ]
    if form == "json":
        processors += [structlog.processors.TimeStamper(fmt="iso"), structlog.processors.JSONRenderer()]
    else:
        time = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
        processors += [time, _fit_to_show, structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), _without_leavings], processors=processors
    )


def _without_leavings(_: Any, __: str, event: EventDict) -> EventDict:
    """Drop what the formatters of other handlers leave behind on a record."""
    return {name: value for name, value in event.items() if name not in ("message", "asctime")}


def _add_bound_fields(_: Any, __: str, event: EventDict) -> EventDict:
    """Say of every record, of the user's own loggers too, in which run, step and activity it came about."""
    return {**bound_fields(), **event}


def _fit_to_show(_: Any, __: str, event: EventDict) -> EventDict:
    """Leave out what says nothing to the person who started the run, and what a terminal would obey."""
    hidden = {"run_id"} | ({"logger"} if event.get("logger") == "simpleflow_steps" else set())
    return {name: _shown(name, value) for name, value in event.items() if name not in hidden and value is not None}


def _shown(name: str, value: Any) -> Any:
    text = value if isinstance(value, str) else repr(value)
    return shown_lines(text) if name in ("exception", "stack") else shown(text)
