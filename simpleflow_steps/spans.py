"""Runs, steps and attempts as spans of OpenTelemetry.

A run's span is inside the span that is current where it is started; a step's inside the enclosing step's, else inside
the current one, which is the run's unless the workflow made another; an attempt's and a child run's likewise. A skipped
step is a span too, a short one: whoever looks for a step finds it in every run, with what became of it as an attribute,
and what was done instead of it is inside. A run that goes on as a new one is linked from that, not around it.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Any

from opentelemetry import context, trace

from simpleflow_steps import log
from simpleflow_steps.events import (
    ActivityEvent,
    ActivityFinished,
    ActivityHeartbeat,
    ActivityRetried,
    ActivityStarted,
    Event,
    RunFinished,
    RunStarted,
    StepCompleted,
    StepDecided,
    StepEvent,
    StepFailed,
    StepInvalidated,
    StepSkipped,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext, Tracer

    from simpleflow_steps.telemetry import Run

    Key = tuple[str | int | None, ...]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = 4096  # characters; an exception's message may have any number
RUN = ("run",)


class Spans:
    """Make the spans of one executor's runs; several threads may call it at once."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._lock = threading.Lock()
        self._open: dict[Run, dict[Key, Span]] = {}
        self._continued: dict[str, SpanContext] = {}

    def hear(self, event: Event) -> None:
        """Begin, note or end what the event tells of."""
        with _harmless():
            self._hear(event)

    @contextmanager
    def around(self) -> Iterator[None]:
        """Restore at the end what is current now."""
        with self.at(context.get_current()):
            yield

    def place(self, run: Run, step: str | None) -> Context:
        """Give the context of the step's span; the current one outside of steps."""
        span = self._find(run, ("step", step)) if step is not None else None
        return context.get_current() if span is None else trace.set_span_in_context(span)

    @contextmanager
    def at(self, place: Context) -> Iterator[None]:
        """Make a place the current context inside the block."""
        token = context.attach(place)
        try:
            yield
        finally:
            context.detach(token)

    def begin(self, started: ActivityStarted, *, here: bool) -> None:
        """Begin an attempt's span; here, it stays current for as long as the context of the thread or task lives."""
        with _harmless():
            facts = {**_activity(started), "activity.id": started.activity_id}
            span = self._start(started, f"activity {started.activity}", _attempt(started), facts)
            if here:
                context.attach(trace.set_span_in_context(span))

    def end(self) -> None:
        """End all spans that are still open: their runs left them behind."""
        with self._lock:
            left = list(self._open.values())
            self._open.clear()
        with _harmless():
            for spans in left:
                _leave(spans)

    @singledispatchmethod
    def _hear(self, event: Event) -> None:
        """Leave out what is no part of a trace, or what `begin` was told already."""

    @_hear.register
    def _(self, event: RunStarted) -> None:
        with self._lock:
            self._open[_run(event)] = {}
            before = self._continued.pop(event.workflow_id, None)
        facts = {"workflow.name": event.workflow, "workflow.version": event.version}
        if event.parent_workflow_id is not None:
            facts["workflow.parent_id"] = event.parent_workflow_id
        links = [trace.Link(before)] if before is not None else []
        span = self._start(event, f"workflow {event.workflow}", RUN, facts, links=links)
        context.attach(trace.set_span_in_context(span))

    @_hear.register
    def _(self, event: RunFinished) -> None:
        with self._lock:
            spans = self._open.pop(_run(event), {})
            span = spans.pop(RUN, None)
            if event.status == "continued" and span is not None:
                self._continued[event.workflow_id] = span.get_span_context()
        _leave(spans, _nanoseconds(event.at))
        if event.status in ("failed", "superseded"):
            _fail(span, event, event.error, event.error_type)
        _end(span, event, {"run.status": event.status})

    @_hear.register
    def _(self, event: StepDecided) -> None:
        with self.at(self.place(_run(event), event.within)):
            self._start(event, f"step {event.step}", ("step", event.step), _step(event))

    @_hear.register
    def _(self, event: StepCompleted) -> None:
        facts = {"step.status": "completed", "step.duplicate": event.duplicate}
        _end(self._take(event, ("step", event.step)), event, facts)

    @_hear.register
    def _(self, event: StepSkipped) -> None:
        facts = {"step.status": "skipped", "step.done": event.done}
        _end(self._take(event, ("step", event.step)), event, facts)

    @_hear.register
    def _(self, event: StepFailed) -> None:
        span = self._take(event, ("step", event.step))
        if not event.canceled:
            _fail(span, event, event.error, event.error_type)
        _end(span, event, {"step.status": "canceled" if event.canceled else "failed"})

    @_hear.register
    def _(self, event: StepInvalidated) -> None:
        _note(self._find(_run(event), RUN), event, "step invalidated", _step(event))

    @_hear.register
    def _(self, event: ActivityFinished) -> None:
        span = self._take(event, _attempt(event))
        if span is None:
            begun = {name: getattr(event, name) for name in ActivityStarted.__struct_fields__}
            self.begin(ActivityStarted(**begun), here=False)
            span = self._take(event, _attempt(event))
        if event.status in ("failed", "timed_out"):
            _fail(span, event, event.error, event.error_type)
        _end(span, event, {"activity.status": event.status})

    @_hear.register
    def _(self, event: ActivityRetried) -> None:
        place = self._find(_run(event), ("step", event.step)) or self._find(_run(event), RUN)
        facts = {**_activity(event), "retry.wait": event.wait, "retry.error": _short(event.error)}
        _note(place, event, "retry", facts)

    @_hear.register
    def _(self, event: ActivityHeartbeat) -> None:
        facts = {} if event.details is None else {"heartbeat.details": _short(str(event.details))}
        _note(self._find(_run(event), _attempt(event)), event, "heartbeat", facts)

    def _start(
        self, event: Event, name: str, key: Key, facts: dict[str, Any], links: Sequence[trace.Link] = ()
    ) -> Span:
        """Start a span at the current place; where its run is over, it is over too."""
        facts = {"workflow.id": event.workflow_id, "run.id": event.run_id, **facts}
        time = _nanoseconds(event.at)
        span = self._tracer.start_span(name, attributes=_attributes(facts), links=links, start_time=time)
        with self._lock:
            spans = self._open.get(_run(event))
            before = spans.pop(key, None) if spans is not None else span
            if spans is not None:
                spans[key] = span
        if before is not None:
            before.end(time)
        return span

    def _find(self, run: Run, key: Key) -> Span | None:
        with self._lock:
            return self._open.get(run, {}).get(key)

    def _take(self, event: Event, key: Key) -> Span | None:
        with self._lock:
            return self._open.get(_run(event), {}).pop(key, None)


@contextmanager
def _harmless() -> Iterator[None]:
    """Keep what goes wrong in tracing away from the run."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  samplers, processors and exporters are anybody's code
        log.error(f"a span was lost: tracing raised {error!r}", error=repr(error), exc_info=True)


def _leave(spans: dict[Key, Span], time: int | None = None) -> None:
    """End the spans of what had no end of its own, the inner ones first."""
    for span in reversed(spans.values()):
        span.set_attributes(_attributes({"unfinished": True}))
        span.end(time)


def _fail(span: Span | None, event: Event, error: str | None, kind: str | None = None) -> None:
    if span is None:
        return
    message = _short(error or "")
    facts = {"exception.message": message, **({"exception.type": kind} if kind else {})}
    span.add_event("exception", facts, timestamp=_nanoseconds(event.at))
    span.set_status(trace.Status(trace.StatusCode.ERROR, message))


def _note(span: Span | None, event: Event, name: str, facts: dict[str, Any]) -> None:
    if span is not None:
        span.add_event(name, _attributes(facts), timestamp=_nanoseconds(event.at))


def _end(span: Span | None, event: Event, facts: dict[str, Any]) -> None:
    if span is not None:
        span.set_attributes(_attributes(facts))
        span.end(_nanoseconds(event.at))


def _run(event: Event) -> Run:
    return (event.workflow_id, event.run_id)


def _attempt(event: ActivityEvent) -> Key:
    return ("activity", event.activity_id, event.attempt)


def _step(event: StepEvent) -> dict[str, Any]:
    reasons = [_short(reason) for reason in event.reasons]
    return {"step.name": event.step, "step.forced": event.forced, "step.reasons": reasons}


def _activity(event: ActivityEvent) -> dict[str, Any]:
    facts = {"activity.name": event.activity, "activity.attempt": event.attempt}
    return facts if event.step is None else {**facts, "step.name": event.step}


def _attributes(facts: dict[str, Any]) -> dict[str, Any]:
    return {f"simpleflow_steps.{name}": value for name, value in facts.items()}


def _nanoseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1) * 1000


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."
