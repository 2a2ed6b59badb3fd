from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from simpleflow_steps.executors.swf import SwfClient
from tests.cli.conftest import Sfs
from tests.cli.swf.conftest import Serve, is_gone, wait_until


def test_a_killed_worker_is_replaced_and_the_work_goes_on(client: SwfClient, serve: Serve, sfs: Sfs) -> None:
    worker = serve("worker", "swfflows", "--processes", "2", "--grace", "2", ready=2)
    serve("decider", "swfflows:Daily")
    for pid in worker.ready_pids():
        os.kill(pid, signal.SIGKILL)
    worker.wait_for(lambda said: said.count("is ready") == 4)

    result = sfs("swf", "start", "swfflows:Daily", "3", "--wait", "--timeout", "60")

    assert result.exit_code == 0
    assert '"report": 12' in result.stdout


@pytest.mark.usefixtures("moto_only")
def test_a_worker_ends_what_it_is_at_before_it_ends(client: SwfClient, serve: Serve, sfs: Sfs) -> None:
    worker = serve("worker", "swfflows")
    serve("decider", "swfflows:Sleepy")
    sfs("swf", "start", "swfflows:Sleepy", "3", "--workflow-id", "s")
    worker.wait_for(lambda said: "asleep" in said)

    worker.process.send_signal(signal.SIGTERM)

    assert worker.process.wait(30) == 0
    events = list(client.history("s", sfs_run(client)))
    assert [e for e in events if e["eventType"] == "ActivityTaskCompleted"][-1]["activityTaskCompletedEventAttributes"][
        "result"
    ].startswith('{"value":3.0')


@pytest.mark.usefixtures("moto_only")
def test_what_does_not_end_in_time_is_given_up(client: SwfClient, serve: Serve, sfs: Sfs) -> None:
    worker = serve("worker", "swfflows", "--grace", "1")
    serve("decider", "swfflows:Sleepy")
    sfs("swf", "start", "swfflows:Sleepy", "600", "--workflow-id", "s")
    worker.wait_for(lambda said: "asleep" in said)

    worker.process.send_signal(signal.SIGTERM)

    assert worker.process.wait(15) == 143
    assert all(is_gone(pid) for pid in worker.ready_pids())


@pytest.mark.usefixtures("moto_only")
def test_nobody_works_on_when_the_supervisor_is_killed(client: SwfClient, serve: Serve) -> None:
    worker = serve("worker", "swfflows", "--processes", "2", "--grace", "5", ready=2)
    pids = worker.ready_pids()

    worker.process.kill()

    wait_until(lambda: all(is_gone(pid) for pid in pids), 15)


@pytest.mark.usefixtures("moto_only")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("worker", "nowhere"), "there is no module 'nowhere'"),
        (("worker", "broken"), "the module broken is there but cannot be imported: RuntimeError: boom"),
        (("worker", "swfflows.py"), "name the module, not its file: swfflows"),
        (("decider", "swfflows:Nothing"), "the module swfflows has no 'Nothing'"),
        (("decider", "swfflows:Daily", "--domain", "gone"), "Unknown domain: gone; register it: sfs swf register"),
        (("worker", "swfflows", "--task-list", "a:b"), "SWF takes no colon"),
    ],
)
def test_what_cannot_begin_says_why_at_once(
    client: SwfClient, serve: Serve, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('boom')\n")

    found = serve(*words, ready=0)

    assert found.process.wait(30) == 2
    assert told in found.said
    assert "Traceback" not in found.said
    assert found.said.splitlines()[-1] == f"error: {words[0]} 1 cannot begin: see above"


def sfs_run(client: SwfClient) -> str:
    (found,) = client.executions("s", is_open=True)
    return str(found["execution"]["runId"])
