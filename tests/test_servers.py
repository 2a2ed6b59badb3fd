"""The servers of the tests, and the fixtures that lend them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conftest import NetworkUsed
from tests.servers import Endpoint

ROOT = Path(__file__).parents[1]


def client_of(url: str) -> tuple[object, str, str]:
    parts = urlsplit(url)
    client = boto3.client("s3", endpoint_url=parse_qs(parts.query)["endpoint_url"][0])
    return client, parts.netloc, parts.path.lstrip("/")


def test_a_bucket_keeps_conditional_writes(bucket_url: str) -> None:
    s3, bucket, prefix = client_of(bucket_url)
    first = s3.put_object(Bucket=bucket, Key=f"{prefix}/key", Body=b"1", IfNoneMatch="*")
    second = s3.put_object(Bucket=bucket, Key=f"{prefix}/key", Body=b"2", IfMatch=first["ETag"])

    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key=f"{prefix}/key", Body=b"3", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key=f"{prefix}/key", Body=b"3", IfMatch=first["ETag"])
    assert s3.get_object(Bucket=bucket, Key=f"{prefix}/key")["ETag"] == second["ETag"]


def test_a_fresh_bucket_is_empty(fresh_bucket: str) -> None:
    s3, bucket, prefix = client_of(fresh_bucket)

    assert prefix == ""
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_moto_answers(moto_server: Endpoint) -> None:
    swf = boto3.client(
        "swf",
        endpoint_url=moto_server.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=moto_server.access_key,
        aws_secret_access_key=moto_server.secret_key,
    )

    assert "domainInfos" in swf.list_domains(registrationStatus="REGISTERED")


def test_a_test_cannot_leave_this_machine() -> None:
    with socket.socket() as client, pytest.raises(NetworkUsed, match=r"192\.0\.2\.1"):
        client.connect(("192.0.2.1", 80))


def test_a_test_sees_no_settings_of_this_machine(tmp_path: Path) -> None:
    assert Path.cwd() == tmp_path
    assert not [name for name in os.environ if name.startswith("SIMPLEFLOW_") or name == "STEP_BUCKET"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_and_the_servers(number: signal.Signals, tmp_path: Path) -> None:
    waiting = [sys.executable, "-c", "import pathlib, time; pathlib.Path('up').touch(); time.sleep(60)"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.servers", "moto", "--", *waiting],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT), "CI": ""},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not Path("up").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(number)

    assert process.wait(60) == 128 + number
    assert list(tmp_path.iterdir()) == [tmp_path / "up"]


def test_the_exit_code_is_the_commands(tmp_path: Path) -> None:
    def run(*arguments: str) -> int:
        command = [sys.executable, "-m", "tests.servers", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode

    assert run("moto", "--", sys.executable, "-c", "raise SystemExit(7)") == 7
    assert run("nosuchserver", "--", "true") == 2
    assert run("moto") == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows the environment of a process")
def test_what_the_command_leaves_running_ends() -> None:
    leave = "import subprocess; print(subprocess.Popen(['sleep', '60'], start_new_session=True, stdout=-3).pid)"
    answer = subprocess.run(
        [sys.executable, "-m", "tests.servers", "moto", "--", sys.executable, "-W", "ignore", "-c", leave],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0
    assert (
        not Path(f"/proc/{int(answer.stdout)}").exists() or "Z" in Path(f"/proc/{int(answer.stdout)}/stat").read_text()
    )
