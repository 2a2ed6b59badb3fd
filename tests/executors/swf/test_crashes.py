"""Deciders and workers that are killed: real processes, SWF as moto's server knows it."""

from __future__ import annotations

import faulthandler
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simpleflow_steps.executors.swf import SwfClient, SwfExecutor
from simpleflow_steps.executors.swf.executor import CLOSED
from simpleflow_steps.storage import DirectoryStorage
from tests.executors.swf.flows import JOURNAL, Many

STEPS = 200
DEADLINE = 240  # seconds
Serve = Callable[[str], "subprocess.Popen[bytes]"]


@pytest.fixture(autouse=True)
def _ends() -> Iterator[None]:
    """Give it longer than other tests."""
    faulthandler.dump_traceback_later(DEADLINE + 60, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def test_a_workflow_of_200_steps_completes_although_deciders_and_workers_are_killed(
    client: SwfClient, serve: Serve, tmp_path: Path
) -> None:
    executor = SwfExecutor(
        Many, client=client, storage=tmp_path / "store", workflow_id="w", decision_timeout=3, worker_timeout=3
    )
    started = executor.start(str(tmp_path), STEPS)
    kills = kill_at_random(client, serve, started.workflow_id, started.run_id)

    assert executor.result(started, timeout=1) == STEPS
    assert kills["decider"] > 2
    assert kills["worker"] > 2
    markers = {found.key.rpartition("/")[2] for found in DirectoryStorage(tmp_path / "store").list("w/steps/")}
    assert len(markers) == STEPS
    ran = Counter(line.split()[0] for line in (tmp_path / JOURNAL).read_text().splitlines())
    assert ran["first"] >= STEPS
    assert ran["again"] == 0


def kill_at_random(client: SwfClient, serve: Serve, workflow_id: str, run_id: str) -> Counter[str]:
    """Keep two deciders and three workers, kill one after another, until the execution is closed."""
    dice, kills = random.Random(7), Counter[str]()
    roles = ["decider", "decider", "worker", "worker", "worker"]
    processes = [serve(role) for role in roles]
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        time.sleep(dice.uniform(0.5, 2.0))
        last = next(iter(client.history(workflow_id, run_id, newest_first=True)))
        if last["eventType"] in CLOSED:
            break
        victim = dice.randrange(len(roles))
        processes[victim].kill()
        processes[victim].wait()
        kills[roles[victim]] += 1
        processes[victim] = serve(roles[victim])
    return kills
