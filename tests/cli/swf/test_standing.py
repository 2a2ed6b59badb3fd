from __future__ import annotations

import re
import signal

import pytest

from simpleflow_steps.executors.swf import SwfClient
from tests.cli.conftest import Sfs, document
from tests.cli.swf.conftest import Serve


def test_standalone_prints_the_result_and_the_progress_as_run_does(client: SwfClient, sfs: Sfs) -> None:
    first = sfs("swf", "standalone", "swfflows:Daily", "3", "--workflow-id", "d")
    second = sfs("swf", "standalone", "swfflows:Daily", "3", "--workflow-id", "d", "--force", "report", "--json")

    assert first.exit_code == 0, first.stderr
    assert document(first) == {"load": 6, "report": 12}
    assert re.search(r"completed .* load\n", first.stderr)
    assert re.search(r"^d completed in [\d.]+s; steps: 2 run, 0 skipped, 0 failed$", first.stderr, re.MULTILINE)
    states = {step["name"]: (step["state"], step["reasons"]) for step in document(second)["steps"]}
    assert states["load"][0] == "skipped"
    assert states["report"] == ("completed", ["Asked for by --force"])


@pytest.mark.usefixtures("moto_only")
def test_what_failed_is_exit_code_1_and_says_how_to_go_on(client: SwfClient, sfs: Sfs) -> None:
    result = sfs("swf", "standalone", "swfflows:Failing")

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == ("To resume: run the same command again (steps that are done are skipped)")
    assert "bad day" in result.stderr


@pytest.mark.usefixtures("moto_only")
def test_activities_with_a_task_list_of_their_own_are_carried_out_too(client: SwfClient, sfs: Sfs) -> None:
    result = sfs("swf", "standalone", "swfflows:Far")

    assert document(result) == 2


@pytest.mark.usefixtures("moto_only")
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_terminates_the_execution(
    client: SwfClient, serve: Serve, sfs: Sfs, signum: signal.Signals, code: int
) -> None:
    found = serve("standalone", "swfflows:Sleepy", "--workflow-id", "s", "--grace", "1", ready=0)
    found.wait_for(lambda said: "asleep" in said)

    found.process.send_signal(signum)

    assert found.process.wait(20) == code
    assert "Traceback" not in found.said
    assert re.search(r"^s interrupted in .*; steps: 1 run, 0 skipped, 0 failed, 1 unfinished$", found.said, re.M)
    assert document(sfs("swf", "status", "s", "--json"))["state"] == "terminated"
    assert [step["name"] for step in document(sfs("steps", "ls", "s", "--json"))["steps"]] == ["first"]


@pytest.mark.usefixtures("moto_only")
def test_what_is_sent_to_a_running_workflow_of_another_process_reaches_it(
    client: SwfClient, serve: Serve, sfs: Sfs
) -> None:
    found = serve("standalone", "swfflows:Waiting", "--workflow-id", "w", ready=0)
    found.wait_for(lambda said: "started" in said)
    sfs("swf", "signal", "w", "go", "--input", "7")

    assert found.process.wait(30) == 0
    assert found.said.splitlines()[-1] == "7"
