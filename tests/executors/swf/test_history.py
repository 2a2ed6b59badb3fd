from __future__ import annotations

from datetime import UTC, datetime

import pytest

from simpleflow_steps.exceptions import RecordCorrupt
from simpleflow_steps.executors.swf.history import Asked, History, asked_by, origin_of, read_event

AT = datetime(2026, 11, 20, tzinfo=UTC)


def event(kind: str, **facts):
    attributes = f"{kind[0].lower()}{kind[1:]}EventAttributes"
    return read_event({"eventId": 7, "eventType": kind, "eventTimestamp": AT, attributes: facts})


FAILED = {"workflowId": "c", "workflowType": {"name": "child"}, "decisionTaskCompletedEventId": 4}


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        (event("TimerStarted", timerId="t"), Asked("StartTimer", "t")),
        (event("TimerStarted", timerId="sfs-more"), None),
        (event("TimerCancelled"), Asked("CancelTimer", None)),
        (
            event("StartChildWorkflowExecutionFailed", initiatedEventId=0, **FAILED),
            Asked("StartChildWorkflowExecution", "c child"),
        ),
        (event("StartChildWorkflowExecutionFailed", initiatedEventId=5, **FAILED), None),
        (event("WorkflowExecutionSignaled", signalName="s"), None),
        (event("CompleteWorkflowExecutionFailed", cause="UNHANDLED_DECISION"), None),
    ],
)
def test_an_event_tells_which_decision_left_it(found, asked):
    assert asked_by(found) == asked


@pytest.mark.parametrize(
    ("found", "origin"),
    [
        (event("ActivityTaskCompleted", scheduledEventId=3, startedEventId=4), 3),
        (event("ChildWorkflowExecutionCompleted", initiatedEventId=3, startedEventId=4), 3),
        (event("TimerFired", startedEventId=3), 3),
        (event("TimerStarted", timerId="t", decisionTaskCompletedEventId=3), 7),
    ],
)
def test_an_event_leads_to_that_which_it_came_of(found, origin):
    assert origin_of(found) == origin


@pytest.mark.parametrize("raw", [{}, {"eventType": ""}, {"eventType": "TimerFired", "eventId": "x"}])
def test_what_is_no_event_is_told(raw):
    with pytest.raises(RecordCorrupt, match="no event of an SWF history"):
        read_event(raw)


def test_a_history_without_its_beginning_is_told():
    with pytest.raises(RecordCorrupt, match="does not begin with WorkflowExecutionStarted"):
        _ = History("w", "r", [event("TimerFired", startedEventId=3)]).started
