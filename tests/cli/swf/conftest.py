"""A domain on each SWF server, and the processes that serve it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from simpleflow_steps.executors.swf import SwfClient
from tests.cli.conftest import ROOT
from tests.servers import Endpoint

FLOWS = Path(__file__).with_name("flows.py")
PATIENCE = 60.0

Serve = Callable[..., "Follower"]


@pytest.fixture(params=["moto", "localstack"])
def swf_server(request: pytest.FixtureRequest, _servers: Any) -> Endpoint:
    """Give each server that knows SWF in turn."""
    endpoint: Endpoint = _servers.endpoint(request.param)
    return endpoint


@pytest.fixture
def moto_only(request: pytest.FixtureRequest) -> None:
    """Ask for one server only, where the second one would show nothing new."""
    if request.node.callspec.params.get("swf_server") != "moto":
        pytest.skip("moto's server is enough")


@pytest.fixture
def swf_environment(swf_server: Endpoint, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the server and a name for a domain where the commands look for them."""
    domain = f"cli-{uuid4().hex}"
    for name, value in {
        "AWS_ENDPOINT_URL_SWF": swf_server.endpoint_url,
        "AWS_ACCESS_KEY_ID": swf_server.access_key,
        "AWS_SECRET_ACCESS_KEY": swf_server.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "SWF_DOMAIN": domain,
    }.items():
        monkeypatch.setenv(name, value)
    return domain


@pytest.fixture
def client(swf_environment: str) -> SwfClient:
    """Give the requests about a domain of this test's own."""
    client = SwfClient(swf_environment)
    client.register_domain()
    return client


@pytest.fixture(autouse=True)
def swf_flows(flows: Path) -> None:
    """Put the module `swfflows` into the current directory."""
    (flows / "swfflows.py").write_text(FLOWS.read_text())


class Follower:
    """Read what a process says, from a file, as it comes."""

    def __init__(self, process: subprocess.Popen[str], path: Path) -> None:
        self.process = process
        self.path = path

    @property
    def said(self) -> str:
        return self.path.read_text(errors="replace")

    def wait_for(self, condition: Callable[[str], bool]) -> str:
        """Wait until what it said fulfils a condition."""
        end = time.monotonic() + PATIENCE
        while not condition(self.said):
            assert self.process.poll() is None or condition(self.said), self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.05)
        return self.said

    def ready_pids(self) -> list[int]:
        """Give the processes that said that they are ready, in order."""
        return [int(line.split("pid=")[1].split()[0]) for line in self.said.splitlines() if "is ready" in line]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start `sfs swf ...`, and wait until so many of its processes are ready; what it prints goes to a file."""
    followers: list[Follower] = []

    def call(*words: str, ready: int = 1) -> Follower:
        path = tmp_path / f"{len(followers)}-{words[0]}.log"
        with path.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "simpleflow_steps", "swf", *words],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # a test run in the background ignores SIGINT, and would hand that down
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads here
            )
        followers.append(Follower(process, path))
        if ready:
            followers[-1].wait_for(lambda said: said.count("is ready") >= ready)
        return followers[-1]

    yield call
    for follower in followers:
        if follower.process.poll() is None:
            follower.process.kill()
            follower.process.wait()


@pytest.fixture
def served(client: SwfClient, serve: Serve) -> SwfClient:
    """Have a decider and a worker."""
    both = [serve("decider", "swfflows:Daily", ready=0), serve("worker", "swfflows", ready=0)]
    for each in both:
        each.wait_for(lambda said: "is ready" in said)
    return client


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended and was waited for."""
    return not Path(f"/proc/{pid}").exists()


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
