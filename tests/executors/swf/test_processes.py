"""Deciders and workers as processes of their own, on the servers that know some of SWF: moto's, and LocalStack."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from simpleflow_steps.exceptions import ExecutionNotFound, ExecutionRunning
from simpleflow_steps.executors.swf import Decider, SwfClient, SwfExecutor, Worker
from simpleflow_steps.storage import open_storage
from tests.executors.swf.flows import JOURNAL, Journey, Napping
from tests.servers import Endpoint

Serve = Callable[[str], "subprocess.Popen[bytes]"]
LONG = 60  # seconds


@pytest.fixture(params=["moto", "localstack"])
def moto_server(request: pytest.FixtureRequest, _servers: Any) -> Endpoint:
    """Give each of them in the place of moto's."""
    return _servers.endpoint(request.param)


@pytest.fixture
def bucket(moto_server: Endpoint, credentials: None) -> str:
    name = "journeys"
    boto3.client("s3", endpoint_url=moto_server.endpoint_url).create_bucket(Bucket=name)
    return f"s3://{name}/{os.getpid()}-{time.monotonic_ns()}?endpoint_url={moto_server.endpoint_url}"


def test_a_journey_is_made_and_its_steps_are_not_made_again(
    client: SwfClient, serve: Serve, bucket: str, tmp_path: Path
) -> None:
    serve("decider")
    serve("worker")
    executor = SwfExecutor(Journey, client=client, storage=bucket, workflow_id="j")
    results = []
    for _ in range(2):
        started = executor.start(str(tmp_path))
        executor.signal("word", "buckets")
        results.append(executor.result(started, timeout=LONG))

    assert results == [{"tried": 3, "text": 30_000, "word": "buckets"}] * 2
    assert lines(tmp_path) == {"tried": 3}
    keys = {found.key for found in open_storage(bucket).list("j/")}
    assert {"j/steps/try", "j/steps/text"} <= keys
    assert any(key.startswith("j/payloads/") for key in keys)
    history = list(client.history("j", started.run_id))
    markers = [
        event["markerRecordedEventAttributes"]["markerName"] for event in history if "Marker" in event["eventType"]
    ]
    assert Counter(markers) == {"log.step": 2, "heard": 1}


def test_an_execution_that_is_open_is_not_started_again(client: SwfClient, bucket: str, tmp_path: Path) -> None:
    executor = SwfExecutor(Napping, client=client, storage=bucket, workflow_id="n")
    executor.start(str(tmp_path))

    with pytest.raises(ExecutionRunning):
        executor.start(str(tmp_path))


def test_a_worker_that_is_terminated_finishes_what_it_has(
    client: SwfClient, serve: Serve, bucket: str, tmp_path: Path
) -> None:
    serve("decider")
    worker = serve("worker")
    executor = SwfExecutor(Napping, client=client, storage=bucket, workflow_id="n")
    started = executor.start(str(tmp_path))
    while not lines(tmp_path)["asleep"]:
        assert worker.poll() is None
        time.sleep(0.05)
    worker.terminate()

    assert worker.wait(LONG) == 0
    assert lines(tmp_path) == {"asleep": 1, "awake": 1}
    assert executor.result(started, timeout=LONG) == "rested"


def lines(folder: Path) -> Counter[str]:
    journal = folder / JOURNAL
    return Counter(journal.read_text().splitlines() if journal.exists() else [])


@pytest.mark.parametrize("role", [Decider, Worker])
def test_a_domain_that_is_not_registered_ends_it(
    role: type[Decider | Worker], moto_server: Endpoint, credentials: None
) -> None:
    client = SwfClient(f"swf-{uuid4().hex}", endpoint_url=moto_server.endpoint_url)

    with pytest.raises(ExecutionNotFound, match="register it: sfs swf register"):
        role(client).run()
