"""An event of an SWF history in one line."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from simpleflow_steps.cli.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 160  # characters of what one fact says
KIND = 34  # characters
_NAMES = (
    "activityId",
    "activityType",
    "workflowId",
    "workflowType",
    "workflowExecution",
    "timerId",
    "markerName",
    "signalName",
    "taskList",
    "startToFireTimeout",
    "timeoutType",
    "cause",
    "reason",
    "identity",
    "newExecutionRunId",
    "input",
    "result",
    "details",
)
_PLAIN = {"activityId", "workflowId", "timerId", "markerName", "signalName"}
_ORIGINS = ("scheduledEventId", "initiatedEventId")


def told(event: Mapping[str, Any]) -> str:
    """Write an event for people, fit for a terminal."""
    stamp = event.get("eventTimestamp")
    at = f"{stamp.astimezone():%H:%M:%S.%f}"[:-3] if isinstance(stamp, datetime) else ""
    facts = facts_of(event)
    words = [_fact(name, facts[name]) for name in _NAMES if facts.get(name) not in (None, "", {})]
    origin = next((f"of {facts[name]}" for name in _ORIGINS if facts.get(name)), "")
    said = "  ".join(word for word in (origin, *words) if word)
    return shown(f"{event.get('eventId', '?'):>6}  {at}  {event.get('eventType', '?'):<{KIND}}  {said}").rstrip()


def facts_of(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the attributes of an event, whatever its kind."""
    kind = str(event.get("eventType", ""))
    found: Mapping[str, Any] = event.get(f"{kind[:1].lower()}{kind[1:]}EventAttributes", {})
    return found


def _fact(name: str, value: Any) -> str:
    text = _short(_value(value))
    if name in _PLAIN or isinstance(value, dict):
        return f"list {text}" if name == "taskList" else text
    return f"{name} {text}"


def _value(value: Any) -> str:
    match value:
        case {"name": name, "version": version}:
            return f"{name} ({version})"
        case {"name": name}:
            return str(name)
        case {"workflowId": workflow_id}:
            return str(workflow_id)
    return str(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
