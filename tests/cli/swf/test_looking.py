from __future__ import annotations

import json

import pytest

from simpleflow_steps.cli.swf.telltale import told
from simpleflow_steps.executors.swf import SwfClient
from tests.cli.conftest import Sfs, document


def test_status_tells_of_the_open_run_and_then_how_it_ended(client: SwfClient, sfs: Sfs) -> None:
    run_id = sfs("swf", "start", "swfflows:Daily", "--workflow-id", "d").stdout.split()[1]
    before = sfs("swf", "status", "d").stdout
    sfs("swf", "terminate", "d", "--reason", "the wrong day")
    after = document(sfs("swf", "status", "d", "--json"))

    lines = dict(line.split(maxsplit=1) for line in before.splitlines())
    assert lines["state"] == "running"
    assert lines["run_id"] == run_id
    assert lines["open"] == "1 decisions"
    assert (after["state"], after["reason"]) == ("terminated", "the wrong day")
    assert (after["workflow"], after["version"], after["task_list"]) == ("daily", "1", "default")


def test_an_execution_that_is_not_known_is_wrong_use(client: SwfClient, sfs: Sfs) -> None:
    sfs("swf", "start", "swfflows:Daily", "--workflow-id", "other")

    result = sfs("swf", "status", "d")

    assert result.exit_code == 2
    assert f"domain '{client.domain}' knows no execution 'd'" in result.stderr


def test_history_is_a_line_for_each_event(served: SwfClient, sfs: Sfs) -> None:
    sfs("swf", "start", "swfflows:Daily", "3", "--workflow-id", "d", "--wait", "--timeout", "60")

    lines = sfs("swf", "history", "d").stdout.splitlines()
    newest = sfs("swf", "history", "d", "--reverse", "--limit", "2").stdout.splitlines()
    events = document(sfs("swf", "history", "d", "--json"))

    assert lines[0].split()[0] == "1"
    assert lines[0].split()[2] == "WorkflowExecutionStarted"
    assert any("ActivityTaskScheduled" in line and "swfflows.double (default)  list default" in line for line in lines)
    assert newest == lines[: -len(newest) - 1 : -1]
    assert newest[0].split()[2] == "WorkflowExecutionCompleted"
    assert [event["eventId"] for event in events] == list(range(1, len(lines) + 1))


def test_what_an_event_says_is_shown_and_not_obeyed() -> None:
    event = {
        "eventId": 7,
        "eventType": "MarkerRecorded",
        "markerRecordedEventAttributes": {"markerName": "\x1b[31mred", "details": "a\nb" + "x" * 500},
    }

    line = told(event)

    assert "\x1b" not in line
    assert "\n" not in line
    assert line.endswith("...")
    assert len(line) < 300


@pytest.mark.usefixtures("moto_only")
def test_a_run_is_found_by_its_id(client: SwfClient, sfs: Sfs) -> None:
    runs = []
    for _ in range(2):
        runs.append(sfs("swf", "start", "swfflows:Daily", "--workflow-id", "d").stdout.split()[1])
        sfs("swf", "terminate", "d")

    found = [document(sfs("swf", "status", "d", "--run-id", run, "--json"))["run_id"] for run in runs]
    events = json.loads(sfs("swf", "history", "d", "--run-id", runs[0], "--json").stdout)

    assert found == runs
    assert events[-1]["eventType"] == "WorkflowExecutionTerminated"
