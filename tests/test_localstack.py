"""`localstack/start`, as people use it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from tests.servers import LocalStack
from tests.servers.environment import in_ci
from tests.servers.localstack import START
from tests.servers.ports import free_port, is_free

CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def processes_in_session(session: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "-s", str(session)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


@pytest.fixture
def installed() -> None:
    if reason := LocalStack().why_missing():
        pytest.fail(reason) if in_ci() else pytest.skip(reason)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_start_brings_up_the_bucket_and_the_domain_and_leaves_nothing_behind(
    installed: None, number: signal.Signals, tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [START, "--host", str(port)],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: LocalStack().is_ready(url), 60)
        buckets = boto3.client("s3", endpoint_url=url, **CREDENTIALS).list_buckets()["Buckets"]
        domains = boto3.client("swf", endpoint_url=url, **CREDENTIALS).list_domains(registrationStatus="REGISTERED")
        process.send_signal(number)
        code = process.wait(30)

        assert [bucket["Name"] for bucket in buckets] == ["simpleflow-steps"]
        assert [domain["name"] for domain in domains["domainInfos"]] == ["simpleflow-steps"]
        assert code == 128 + number
        assert processes_in_session(process.pid) == []
        assert is_free(port)
        assert list(tmp_path.iterdir()) == []
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def test_start_explains_its_use() -> None:
    asked = subprocess.run([START, "--help"], capture_output=True, text=True, check=False)
    mistaken = subprocess.run([START, "--port"], capture_output=True, text=True, check=False)

    assert asked.returncode == 0
    assert mistaken.returncode == 2
    assert asked.stdout == mistaken.stderr


def test_start_names_the_python_it_needs_when_there_is_none(tmp_path: Path) -> None:
    copy = tmp_path / "localstack"
    copy.mkdir()
    for name in ("start", "requirements.txt"):
        (copy / name).write_text((START.parent / name).read_text())
    answer = subprocess.run(
        ["bash", copy / "start", "--install"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LOCALSTACK_PYTHON": "/bin/false"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 1
    assert "needs Python 3.13" in answer.stderr
    assert not (tmp_path / ".localstack-venv").exists()
