from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from tenacity import wait_none

from simpleflow_steps.storage import S3Storage, open_storage
from tests.storage.s3.faulty import Answer, FaultyServer, faulty_server


@pytest.fixture(params=["boto3", "obstore"])
def client(request: pytest.FixtureRequest) -> str:
    """Name what sends the requests; a test that is about one of them parametrizes it away."""
    return str(request.param)


@pytest.fixture
def bucket_url(bucket_url: str, client: str) -> str:
    """Give the URL of an empty prefix that is reached by this client."""
    return f"{bucket_url}&client={client}"


@pytest.fixture(name="faulty")
def _faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setattr("tenacity.wait.wait_random_exponential", lambda **_: wait_none())
    with faulty_server() as server:
        yield server


@pytest.fixture
def unprobed(faulty: FaultyServer, client: str) -> S3Storage:
    """Give a storage at a place where no test has been."""
    storage = open_storage(f"s3://bucket/{uuid4().hex}?endpoint_url={faulty.url}&client={client}")
    assert isinstance(storage, S3Storage)
    return storage


@pytest.fixture
def probed(unprobed: S3Storage, faulty: FaultyServer) -> S3Storage:
    """Give a storage on a server of which it is known that it honours conditions."""
    faulty.answers = [
        Answer(412, "PreconditionFailed"),
        Answer(412, "PreconditionFailed"),
        Answer(200, headers={"ETag": '"e"'}),
    ]
    unprobed.put("key", b"", if_none_match="*")
    assert unprobed.conditional is True
    faulty.requests.clear()
    return unprobed
