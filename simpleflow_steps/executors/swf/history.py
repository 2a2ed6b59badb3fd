"""The history of one run on SWF: its events in order, and which of them say what the workflow had asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import RecordCorrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

MORE = "sfs-more"  # the id of the timers that ask for another decision task begins so; no task has such an id


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `facts` are its attributes, as the SWF API reference names them."""

    id: int
    kind: str
    at: datetime
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a decision asked for: `what` names the thing, None where the history does not tell."""

    decision: str
    what: str | None

    def __str__(self) -> str:
        return f"{self.decision} {self.what or '?'}"


def _activity(facts: Mapping[str, Any]) -> str:
    return f"{facts['activityId']} {facts['activityType']['name']}"


def _child(facts: Mapping[str, Any]) -> str:
    return f"{facts['workflowId']} {facts['workflowType']['name']}"


def _signal(facts: Mapping[str, Any]) -> str:
    return f"{facts['workflowId']} {facts['signalName']}"


def _named(fact: str) -> Callable[[Mapping[str, Any]], str | None]:
    return lambda facts: facts.get(fact)


_ASKING: dict[str, tuple[str, Callable[[Mapping[str, Any]], str | None]]] = {
    "ActivityTaskScheduled": ("ScheduleActivityTask", _activity),
    "ScheduleActivityTaskFailed": ("ScheduleActivityTask", _activity),
    "ActivityTaskCancelRequested": ("RequestCancelActivityTask", _named("activityId")),
    "RequestCancelActivityTaskFailed": ("RequestCancelActivityTask", _named("activityId")),
    "TimerStarted": ("StartTimer", _named("timerId")),
    "StartTimerFailed": ("StartTimer", _named("timerId")),
    "TimerCanceled": ("CancelTimer", _named("timerId")),
    "TimerCancelled": ("CancelTimer", _named("timerId")),  # moto's spelling
    "CancelTimerFailed": ("CancelTimer", _named("timerId")),
    "MarkerRecorded": ("RecordMarker", _named("markerName")),
    "RecordMarkerFailed": ("RecordMarker", _named("markerName")),
    "StartChildWorkflowExecutionInitiated": ("StartChildWorkflowExecution", _child),
    "StartChildWorkflowExecutionFailed": ("StartChildWorkflowExecution", _child),
    "SignalExternalWorkflowExecutionInitiated": ("SignalExternalWorkflowExecution", _signal),
    "RequestCancelExternalWorkflowExecutionInitiated": ("RequestCancelExternalWorkflowExecution", _named("workflowId")),
}
_LINKS = ("scheduledEventId", "initiatedEventId", "startedEventId")  # to the event that something came of


def asked_by(event: Event) -> Asked | None:
    """Say which decision left this event; None if it is the trace of none, or the end of the run."""
    if event.kind not in _ASKING:
        return None
    if event.kind == "StartChildWorkflowExecutionFailed" and event.facts.get("initiatedEventId"):
        return None
    decision, name = _ASKING[event.kind]
    what = name(event.facts)
    if decision in ("StartTimer", "CancelTimer") and what is not None and what.startswith(MORE):
        return None
    return Asked(decision, what)


def origin_of(event: Event) -> int:
    """Give the id of the event that asked for what this one tells of; its own if there is none."""
    return next((event.facts[link] for link in _LINKS if event.facts.get(link)), event.id)


@dataclass(frozen=True, slots=True)
class History:
    """All events of one run.

    :param replayed: the id of the last event that an earlier decision has seen
    """

    workflow_id: str
    run_id: str
    events: Sequence[Event]
    replayed: int = 0

    @property
    def started(self) -> Event:
        """The event that began it.

        :raises RecordCorrupt: if the history does not begin with it
        """
        if not self.events or self.events[0].kind != "WorkflowExecutionStarted":
            raise RecordCorrupt(f"the history of {self.workflow_id} does not begin with WorkflowExecutionStarted")
        return self.events[0]


def read_event(raw: Mapping[str, Any]) -> Event:
    """Read an event as the SWF API gives it.

    :raises RecordCorrupt: if it is none
    """
    try:
        kind = str(raw["eventType"])
        facts = raw.get(f"{kind[0].lower()}{kind[1:]}EventAttributes", {})
        return Event(int(raw["eventId"]), kind, _time(raw["eventTimestamp"]), facts)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise RecordCorrupt(f"this is no event of an SWF history: {raw!r:.200}: {error!r}") from None


def read_events(raw: Iterable[Mapping[str, Any]]) -> list[Event]:
    """Read events as the SWF API gives them."""
    return [read_event(each) for each in raw]


def _time(stamp: Any) -> datetime:
    if isinstance(stamp, datetime):
        return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(stamp), UTC)
