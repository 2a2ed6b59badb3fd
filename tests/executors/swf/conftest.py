from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from simpleflow_steps.executors.swf import SwfClient
from tests.servers import Endpoint

ROOT = Path(__file__).parents[3]
FLOWS = "tests.executors.swf.flows"


@pytest.fixture
def credentials(moto_server: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto_server.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def client(moto_server: Endpoint, credentials: None) -> SwfClient:
    """Give a domain of one's own on moto's server."""
    client = SwfClient(f"swf-{uuid4().hex}", endpoint_url=moto_server.endpoint_url)
    client.register_domain()
    return client


@pytest.fixture
def serve(client: SwfClient, moto_server: Endpoint, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start deciders and workers as processes: `serve("worker")`."""
    started: list[subprocess.Popen[bytes]] = []

    def serve(role: str, module: str = FLOWS) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.executors.swf.serve", role, module, client.domain]
        log = (tmp_path / f"{role}-{len(started)}.log").open("wb")
        process = subprocess.Popen(
            [*command, moto_server.endpoint_url], cwd=ROOT, env=dict(os.environ), stdout=log, stderr=log
        )
        log.close()
        started.append(process)
        return process

    yield serve
    for process in started:
        process.kill()
        process.wait()
