"""Deciders and workers, real processes, are killed at random while a workflow of 200 steps runs."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from simpleflow_steps.executors.swf import SwfClient
from simpleflow_steps.storage import open_storage
from tests.executors.swf.killed_flows import ROWS, WIDTH
from tests.servers import Endpoint

ROOT = Path(__file__).parents[3]
FLOWS = Path(__file__).with_name("killed_flows.py")
PATIENCE = 240.0
KILLS = 16
STEPS = ROWS * WIDTH


@pytest.fixture(params=["moto", "localstack"])
def client(request: pytest.FixtureRequest, _servers: Any, monkeypatch: pytest.MonkeyPatch) -> SwfClient:
    server: Endpoint = _servers.endpoint(request.param)
    for name, value in {
        "AWS_ENDPOINT_URL_SWF": server.endpoint_url,
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "SWF_DOMAIN": f"killed-{uuid4().hex}",
    }.items():
        monkeypatch.setenv(name, value)
    client = SwfClient(os.environ["SWF_DOMAIN"])
    client.register_domain()
    return client


@pytest.fixture
def sfs(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `sfs swf ...` with its output in a file."""
    started: list[subprocess.Popen[str]] = []
    (tmp_path / "killed_flows.py").write_text(FLOWS.read_text())

    def call(*words: str) -> subprocess.Popen[str]:
        with (tmp_path / f"{words[0]}.log").open("a") as log:
            command = [sys.executable, "-m", "simpleflow_steps", "swf", *words]
            env = {**os.environ, "PYTHONPATH": str(ROOT)}
            process = subprocess.Popen(command, env=env, text=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        started.append(process)
        return process

    yield call
    for process in started:
        process.kill()  # which ends its processes too
        process.wait()


def alive(folder: Path) -> list[int]:
    """Give the deciders and workers that are ready and have not been killed."""
    text = "".join((folder / f"{role}.log").read_text(errors="replace") for role in ("decider", "worker"))
    pids = [int(line.split("pid=")[1].split()[0]) for line in text.splitlines() if "is ready" in line]
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def effects(folder: Path) -> list[dict[str, Any]]:
    path = folder / "effects"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_workflow_of_200_steps_outlives_deciders_and_workers_that_are_killed_at_random(
    client: SwfClient, sfs: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201  shown if it fails
    dice = random.Random(seed)
    sfs("decider", "killed_flows:Killed", "--processes", "2")
    sfs("worker", "killed_flows", "--processes", "2", "--concurrency", "6")
    starting = sfs(
        *(
            "start",
            "killed_flows:Killed",
            str(tmp_path),
            "--workflow-id",
            "killed",
            "--storage",
            str(tmp_path / "store"),
        ),
        *("--decision-timeout", "4", "--worker-timeout", "4", "--wait", "--timeout", str(PATIENCE)),
    )
    end = time.monotonic() + PATIENCE
    kills = 0

    while starting.poll() is None:
        assert time.monotonic() < end, said(tmp_path)
        time.sleep(dice.uniform(0.5, 2.0))
        found = alive(tmp_path)
        if kills < KILLS and found and effects(tmp_path):
            with suppress(ProcessLookupError):
                os.kill(dice.choice(found), signal.SIGKILL)
                kills += 1

    assert starting.returncode == 0, said(tmp_path)
    ran = effects(tmp_path)
    assert {line["step"] for line in ran} == {f"row{row}.s{column}" for row in range(ROWS) for column in range(WIDTH)}
    assert [line for line in ran if line["marked"]] == []
    assert len(list(open_storage(str(tmp_path / "store")).list("killed/steps/"))) == STEPS
    assert kills >= 5
    print(f"{kills} killed; {sum(Counter(line['step'] for line in ran).values()) - STEPS} activities ran again")  # noqa: T201


def said(folder: Path) -> str:
    return "\n".join((folder / f"{role}.log").read_text()[-3000:] for role in ("start", "decider", "worker"))
