"""The domain that a command is about, and the run."""

from __future__ import annotations

from typing import Any

from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.executors.swf import SwfClient
from simpleflow_steps.settings import load_settings


def domain_of(domain: str | None) -> str:
    """Give the domain of `--domain`, or that of the environment.

    :raises InvalidInput: if there is none
    """
    found = domain or load_settings().swf_domain
    if not found:
        raise InvalidInput("no SWF domain: pass --domain, or set SWF_DOMAIN")
    return found


def connect(domain: str | None, region: str | None, *, connections: int = 50) -> SwfClient:
    """Give the requests about a domain."""
    return SwfClient(domain_of(domain), region=region, connections=connections)


def find_run(client: SwfClient, workflow_id: str, run_id: str | None) -> dict[str, Any]:
    """Give what SWF says of a run: of the one that is asked for, else of the open one, else of the last one.

    :raises InvalidInput: if there is none
    """
    if run_id is None:
        listed = _runs(client, workflow_id, is_open=True) or _runs(client, workflow_id, is_open=False)
        if not listed:
            raise InvalidInput(
                f"domain {client.domain!r} knows no execution {workflow_id!r}; SWF lists one a few seconds after it "
                "began, and --run-id finds it at once"
            )
        run_id = listed[0]
    return client.describe(workflow_id, run_id)


def _runs(client: SwfClient, workflow_id: str, *, is_open: bool) -> list[str]:
    """List the ids of runs, the newest first; a server that does not filter tells of other executions too."""
    found = [each["execution"] for each in client.executions(workflow_id, is_open=is_open)]
    return [each["runId"] for each in found if each["workflowId"] == workflow_id]
