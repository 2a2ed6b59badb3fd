from __future__ import annotations

import pytest

from simpleflow_steps.executors.swf.decisions import decision, duration, first_of, types_in
from tests.executors.swf.shapes import check


def markers(number: int, details: str = ""):
    return [lambda n=n: decision("RecordMarker", {"markerName": f"m{n}", "details": details}) for n in range(number)]


def end():
    return decision("CompleteWorkflowExecution", {"result": None})


@pytest.mark.parametrize(
    ("asked", "last", "made", "complete"),
    [(0, end, 1, True), (99, end, 100, True), (100, None, 100, True), (100, end, 100, False), (500, end, 100, False)],
)
def test_a_response_holds_a_hundred_at_most(asked, last, made, complete):
    decisions = first_of(markers(asked), last)

    check(decisions, "DecisionList")
    assert len(decisions) == made
    assert (decisions[-1]["decisionType"] == "StartTimer") is not complete


def test_a_response_holds_a_megabyte_at_most():
    decisions = first_of(markers(60, "x" * 30_000), end)

    assert decisions[-1]["decisionType"] == "StartTimer"
    assert len(str(decisions)) < 1_000_000


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "NONE"), (0, "0"), (0.01, "1"), (1.0, "1"), (1.2, "2"), (1e12, "99999999")]
)
def test_durations_are_whole_seconds_rounded_up(seconds, text):
    assert duration(seconds) == text


def test_the_types_that_decisions_need_are_found():
    activity = decision("ScheduleActivityTask", {"activityType": {"name": "a", "version": "1"}})
    child = decision("StartChildWorkflowExecution", {"workflowType": {"name": "c", "version": "2"}})

    assert types_in([activity, child, end()]) == {("activity", "a", "1"), ("workflow", "c", "2")}
