from __future__ import annotations

import pytest

from simpleflow_steps.executors.swf import SwfClient
from tests.cli.conftest import Sfs, document


def test_register_makes_the_domain_and_the_types_and_may_be_repeated(swf_environment: str, sfs: Sfs) -> None:
    first = sfs("swf", "register", "swfflows:Daily", "swfflows:Failing")
    second = sfs("swf", "register", "swfflows:Daily", "--json")

    assert first.exit_code == 0, first.stderr
    assert f"registered  domain    {swf_environment}\n" in first.stdout
    assert "registered  workflow  daily 1\n" in first.stdout
    assert "registered  activity  swfflows.double default\n" in first.stdout
    assert {row["state"] for row in document(second)} == {"was there"}


@pytest.mark.parametrize("command", [["register"], ["start"], ["standalone"]])
@pytest.mark.usefixtures("moto_only")
def test_without_a_domain_the_error_says_what_to_pass(
    swf_environment: str, sfs: Sfs, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.delenv("SWF_DOMAIN")

    result = sfs("swf", *command, "swfflows:Daily")

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == "error: no SWF domain: pass --domain, or set SWF_DOMAIN"


@pytest.mark.usefixtures("moto_only")
def test_without_a_region_the_error_says_what_to_set(
    swf_environment: str, sfs: Sfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert "AWS_DEFAULT_REGION" in sfs("swf", "start", "swfflows:Daily").stderr
    assert sfs("swf", "register", "swfflows:Daily", "--region", "us-east-1").exit_code == 0


def test_start_in_a_domain_that_is_not_there_says_how_to_register_it(swf_environment: str, sfs: Sfs) -> None:
    result = sfs("swf", "start", "swfflows:Daily")

    assert result.exit_code == 2
    assert result.stderr.endswith("; register it: sfs swf register\n")


def test_start_prints_the_ids_and_a_second_one_is_a_conflict(client: SwfClient, sfs: Sfs) -> None:
    first = sfs("swf", "start", "swfflows:Daily", "3", "--workflow-id", "d")
    second = sfs("swf", "start", "swfflows:Daily", "3", "--workflow-id", "d", "--json")

    workflow_id, run_id = first.stdout.split()
    assert workflow_id == "d"
    assert client.describe("d", run_id)["executionInfo"]["executionStatus"] == "OPEN"
    assert second.exit_code == 3
    assert second.stdout == ""


@pytest.mark.usefixtures("moto_only")
def test_start_sends_what_was_asked_for(client: SwfClient, sfs: Sfs) -> None:
    result = sfs(
        *("swf", "start", "swfflows:Daily", "--input", '{"number": 4}', "--task-list", "big", "--force", "load"),
        *("--skip", "report", "--execution-timeout", "90", "--decision-timeout", "7", "--json"),
    )

    told = document(result)
    found = client.describe(told["workflow_id"], told["run_id"])["executionConfiguration"]
    event = next(client.history(told["workflow_id"], told["run_id"]))
    given = event["workflowExecutionStartedEventAttributes"]["input"]
    assert found["taskList"] == {"name": "big"}
    assert (found["executionStartToCloseTimeout"], found["taskStartToCloseTimeout"]) == ("90", "7")
    assert '"force":{"load":"Asked for by --force"}' in given
    assert '"skip":{"report":"Asked for by --skip"}' in given


@pytest.mark.usefixtures("moto_only")
@pytest.mark.parametrize("workflow_id", ["a:b", "arn"])
def test_an_id_that_swf_does_not_take_is_wrong_use(client: SwfClient, sfs: Sfs, workflow_id: str) -> None:
    result = sfs("swf", "start", "swfflows:Daily", "--workflow-id", workflow_id)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: workflow_id '{workflow_id}': SWF takes no")


def test_start_waits_for_the_result_of_real_deciders_and_workers(served: SwfClient, sfs: Sfs) -> None:
    result = sfs("swf", "start", "swfflows:Daily", "3", "--workflow-id", "d", "--wait", "--timeout", "60")
    again = sfs(
        *("swf", "start", "swfflows:Daily", "3", "--workflow-id", "d", "--force", "report", "--wait", "--json"),
        *("--timeout", "60"),
    )

    assert result.exit_code == 0, result.stderr
    assert document(result) == {"load": 6, "report": 12}
    assert document(again)["status"] == "completed"
    assert document(again)["result"] == {"load": 6, "report": 12}
    told = sfs("swf", "history", "d", "--run-id", document(again)["run_id"]).stdout
    assert '"status":"skipped"' in told
    assert "swfflows.double" in told


@pytest.mark.usefixtures("moto_only")
def test_a_workflow_that_fails_is_exit_code_1(served: SwfClient, sfs: Sfs) -> None:
    result = sfs("swf", "start", "swfflows:Failing", "--wait", "--json", "--timeout", "60")

    assert result.exit_code == 1
    assert document(result)["status"] == "failed"
    assert "bad day" in document(result)["error"]["message"]


@pytest.mark.usefixtures("moto_only")
def test_who_waits_too_long_leaves_it_running(client: SwfClient, sfs: Sfs) -> None:
    result = sfs("swf", "start", "swfflows:Daily", "--workflow-id", "d", "--wait", "--timeout", "0", "--json")

    assert result.exit_code == 1
    assert document(result)["status"] == "running"
    assert "error: execution 'd' is still open after 0 s" in result.stderr
    assert document(sfs("swf", "status", "d", "--json"))["state"] == "running"
