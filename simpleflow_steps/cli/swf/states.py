"""What `sfs swf status` and `sfs swf history` do."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.swf.connection import connect, find_run
from simpleflow_steps.cli.swf.telltale import facts_of, told
from simpleflow_steps.cli.table import print_fields, time_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simpleflow_steps.executors.swf import SwfClient

OPEN = {
    "openActivityTasks": "activities",
    "openDecisionTasks": "decisions",
    "openTimers": "timers",
    "openChildWorkflowExecutions": "children",
}
LONGEST = 400  # characters of one field, for people


def show_status(
    workflow_id: str, run_id: str | None, domain: str | None, region: str | None, as_json: bool, debug: bool
) -> None:
    """Show how an execution is."""
    del debug  # the command itself heeds it
    client = connect(domain, region)
    found = find_run(client, workflow_id, run_id)
    fields = _fields(found, _ending(client, found["executionInfo"]))
    if as_json:
        print_json({name: _plain(value) for name, value in fields.items()})
        return
    print_fields({name: _text(value) for name, value in fields.items() if value not in (None, "", [], {})})


def show_history(
    workflow_id: str,
    run_id: str | None,
    reverse: bool,
    limit: int | None,
    domain: str | None,
    region: str | None,
    as_json: bool,
    debug: bool,
) -> None:
    """Show the events of a run."""
    del debug  # the command itself heeds it
    client = connect(domain, region)
    found = run_id or find_run(client, workflow_id, None)["executionInfo"]["execution"]["runId"]
    events = islice(client.history(workflow_id, found, newest_first=reverse), limit)
    if as_json:
        print_json([_plain(event) for event in events])
        return
    for event in events:
        click.echo(told(event))


def _fields(found: Mapping[str, Any], ending: Mapping[str, Any]) -> dict[str, Any]:
    info, settings = found["executionInfo"], found.get("executionConfiguration", {})
    counts = found.get("openCounts", {})
    return {
        "state": _state(info),
        "workflow_id": info["execution"]["workflowId"],
        "run_id": info["execution"]["runId"],
        "workflow": info["workflowType"]["name"],
        "version": info["workflowType"]["version"],
        "started": info.get("startTimestamp"),
        "closed": info.get("closeTimestamp"),
        "open": {name: counts[key] for key, name in OPEN.items() if counts.get(key)},
        "last_activity": found.get("latestActivityTaskTimestamp"),
        "cancel_requested": info.get("cancelRequested", False) or None,
        "task_list": settings.get("taskList", {}).get("name"),
        "parent": info.get("parent", {}).get("workflowId"),
        "tags": list(info.get("tagList", ())),
        "reason": ending.get("reason") or ending.get("cause"),
        "details": ending.get("details"),
        "result": ending.get("result"),
    }


def _state(info: Mapping[str, Any]) -> str:
    if info["executionStatus"] == "OPEN":
        return "running"
    return str(info.get("closeStatus", "closed")).lower().replace("_", " ")


def _ending(client: SwfClient, info: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what the last event of a closed run says."""
    if info["executionStatus"] == "OPEN":
        return {}
    execution = info["execution"]
    events = client.history(execution["workflowId"], execution["runId"], newest_first=True)
    return facts_of(next(iter(events), {}))


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items())
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _plain(value: Any) -> Any:
    """Give what boto3 gives as JSON: times in ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
