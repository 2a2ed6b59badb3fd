from __future__ import annotations

import pytest

from simpleflow_steps.executors.swf import SwfClient
from tests.cli.conftest import Sfs, document
from tests.cli.swf.conftest import wait_until


def state(sfs: Sfs, workflow_id: str) -> str:
    return str(document(sfs("swf", "status", workflow_id, "--json"))["state"])


def test_a_signal_ends_the_wait_of_a_running_workflow(served: SwfClient, sfs: Sfs) -> None:
    sfs("swf", "start", "swfflows:Waiting", "--workflow-id", "w")
    sent = sfs("swf", "signal", "w", "go", "--input", '{"by": "Ada"}')

    wait_until(lambda: state(sfs, "w") != "running")

    assert sent.exit_code == 0
    assert sent.stderr == "sent 'go' to w\n"
    assert '{"by":"Ada"}' in document(sfs("swf", "status", "w", "--json"))["result"]


def test_a_cancellation_ends_the_execution_by_its_decider(served: SwfClient, sfs: Sfs) -> None:
    sfs("swf", "start", "swfflows:Waiting", "--workflow-id", "w")
    asked = sfs("swf", "cancel", "w")

    assert asked.exit_code == 0
    wait_until(lambda: state(sfs, "w") != "running")
    assert state(sfs, "w") == "canceled"


@pytest.mark.parametrize("command", [["signal", "w", "go"], ["cancel", "w"], ["terminate", "w"]], ids=lambda c: c[0])
def test_an_execution_that_is_not_open_is_wrong_use(client: SwfClient, sfs: Sfs, command: list[str]) -> None:
    result = sfs("swf", *command)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: no execution 'w' is open in domain '{client.domain}'")
