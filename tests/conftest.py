"""What every test may ask for: an S3 server, a bucket on it, moto; and what every test gets: isolation."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from tests.servers import RECIPES, Endpoint, Server, start_all
from tests.servers.environment import in_ci, variable_of

S3_SERVERS = ("seaweedfs", "localstack")
REGION = "us-east-1"


@dataclass(frozen=True)
class _Servers:
    """The servers and buckets of this process, made when first asked for.

    Session fixtures with parameters would be torn down and made again at each change of the parameter, and tests run in
    random order.
    """

    stack: ExitStack
    endpoints: dict[str, Endpoint | str] = field(default_factory=dict)
    buckets: dict[str, str] = field(default_factory=dict)

    def endpoint(self, name: str) -> Endpoint:
        if name not in self.endpoints:
            self.endpoints[name] = self._find_or_start(name)
        found = self.endpoints[name]
        if isinstance(found, Endpoint):
            return found
        return pytest.fail(found) if in_ci() else pytest.skip(found)

    def _find_or_start(self, name: str) -> Endpoint | str:
        """Give the endpoint, or the reason why there is none."""
        recipe = RECIPES[name]
        reason = recipe.why_missing()
        if url := os.environ.get(variable_of(name)):
            return Endpoint(name, url)
        if reason or variable_of(name) in os.environ:
            return reason or f"{name} could not start, see the output of tests.servers"
        server = Server(recipe)
        self.stack.callback(server.stop)
        failures = start_all([server])
        return str(failures[name]) if failures else server.endpoint

    def bucket(self, server: Endpoint) -> str:
        if server.name not in self.buckets:
            self.buckets[server.name] = _make_bucket(server)
        return self.buckets[server.name]


def _client(server: Endpoint) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        region_name=REGION,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )


def _make_bucket(server: Endpoint) -> str:
    name = f"sfs-{uuid4().hex}"
    _client(server).create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def _servers() -> Iterator[_Servers]:
    with ExitStack() as stack:
        yield _Servers(stack)


@pytest.fixture(params=S3_SERVERS, scope="session")
def s3_server(request: pytest.FixtureRequest, _servers: _Servers) -> Endpoint:
    """Give each S3 server in turn."""
    return _servers.endpoint(request.param)


@pytest.fixture(scope="session")
def moto_server(_servers: _Servers) -> Endpoint:
    """Give moto's server: SWF, and S3 without promises under a race."""
    return _servers.endpoint("moto")


@pytest.fixture
def s3_credentials(s3_server: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the server's credentials where boto3 looks for them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@pytest.fixture
def bucket_url(s3_server: Endpoint, s3_credentials: None, _servers: _Servers) -> str:
    """Give the URL of an empty prefix, in a bucket that this process shares between its tests."""
    return f"s3://{_servers.bucket(s3_server)}/{uuid4().hex}?endpoint_url={s3_server.endpoint_url}"


@pytest.fixture
def fresh_bucket(s3_server: Endpoint, s3_credentials: None) -> Iterator[str]:
    """Give the URL of a bucket of one's own; it takes SeaweedFS a while, so ask only where the whole bucket matters."""
    name = _make_bucket(s3_server)
    yield f"s3://{name}?endpoint_url={s3_server.endpoint_url}"
    _remove_bucket(_client(s3_server), name)


def _remove_bucket(s3: Any, name: str) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        if keys := [{"Key": found["Key"]} for found in page.get("Contents", ())]:
            s3.delete_objects(Bucket=name, Delete={"Objects": keys, "Quiet": True})
    s3.delete_bucket(Bucket=name)


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in its own folder, without this machine's settings and with no network but loopback."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("SIMPLEFLOW_", "AWS_")) or name == "STEP_BUCKET":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    for method in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, method, _only_loopback(getattr(socket.socket, method)))


class NetworkUsed(Exception):
    """A test tried to leave this machine; not an OSError, which the code under test would retry."""


def _only_loopback(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        # To connect a datagram socket sends nothing; libraries do it to learn their own address.
        if (
            self.family in {socket.AF_INET, socket.AF_INET6}
            and self.type == socket.SOCK_STREAM
            and not _is_loopback(address[0])
        ):
            raise NetworkUsed(f"a test may talk to this machine only, not to {address}")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
