"""Runs in a distributed trace: the seam, and how it is found out whether anybody traces."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from simpleflow_steps.events import ActivityStarted, Event

    Run = tuple[str, str]


class Telemetry(Protocol):
    """Trace what the runs of one executor do. Nothing that goes wrong in it touches them.

    A run is named by its workflow id and run id. A place is where in the trace something belongs.
    """

    def hear(self, event: Event) -> None:
        """Take in what happened; call it in the thread of the event's run."""

    def around(self) -> AbstractContextManager[None]:
        """Play a run inside the block: what becomes current in it is not so after it."""

    def place(self, run: Run, step: str | None) -> Any:
        """Give the place of something that is submitted now, in this step if in any; None if it has none."""

    def at(self, place: Any) -> AbstractContextManager[None]:
        """Make a place the current one inside the block."""

    def begin(self, started: ActivityStarted, *, here: bool) -> None:
        """Begin an attempt at the current place; call it before its `ActivityStarted` is heard, in any thread.

        :param here: whether this thread or asyncio task is the attempt's own, so that what it traces is inside
        """

    def end(self) -> None:
        """Leave nothing open."""


class NoTelemetry:
    """Trace nothing."""

    def hear(self, event: Event) -> None:
        """Do nothing."""

    def around(self) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()

    def place(self, run: Run, step: str | None) -> Any:
        """Give no place."""

    def at(self, place: Any) -> AbstractContextManager[None]:  # noqa: ARG002  there are no places
        """Do nothing."""
        return nullcontext()

    def begin(self, started: ActivityStarted, *, here: bool) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


def find_telemetry() -> Telemetry:
    """Give what traces if the program has set up OpenTelemetry, so that nothing is imported for one that has not."""
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is None or isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        return NoTelemetry()
    from simpleflow_steps.spans import Spans  # noqa: PLC0415  it needs the extra `otel`

    tracer = trace.get_tracer("simpleflow_steps")
    return NoTelemetry() if isinstance(tracer, trace.NoOpTracer) else Spans(tracer)
