from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from simpleflow_steps.storage import DirectoryStorage, MemoryStorage, Storage, open_storage
from tests.step.stage import CALLS, Stage


@pytest.fixture(params=["memory", "directory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """Give an empty storage of each kind; a test marked EVERYWHERE gets the real S3 servers too."""
    match request.param:
        case "memory":
            return MemoryStorage()
        case "directory":
            return DirectoryStorage(tmp_path / "storage")
        case server:
            return open_storage(_s3_url(request.getfixturevalue("_servers"), server, monkeypatch))


@pytest.fixture
def stage(storage: Storage) -> Stage:
    return Stage(storage)


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    CALLS.clear()


def _s3_url(servers: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    server = servers.endpoint(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
    return f"s3://{servers.bucket(server)}/{uuid4().hex}?endpoint_url={server.endpoint_url}"
