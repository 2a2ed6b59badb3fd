"""What is asked of Google, by a server that answers as it is told: no emulator takes its conditions."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from tenacity import wait_none

from simpleflow_steps.exceptions import (
    BucketNotFound,
    ObjectNotFound,
    PreconditionFailed,
    StorageDenied,
    StorageError,
    StorageUnavailable,
)
from simpleflow_steps.storage import CloudStorage, Storage, open_storage
from tests.storage.s3.faulty import Answer, FaultyServer, faulty_server

NOBODY = {"gcs_base_url": "", "disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}
REFUSED = Answer(412, "PreconditionFailed")


def written(etag: str, generation: int) -> Answer:
    dated = {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
    return Answer(headers={"ETag": f'"{etag}"', "x-goog-generation": str(generation), **dated})


@pytest.fixture(name="google")
def _google(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", json.dumps(NOBODY))
    monkeypatch.setattr("tenacity.wait.wait_random_exponential", lambda **_: wait_none())
    with faulty_server() as server:
        server.answers = [written("one", 7)]
        yield server


@pytest.fixture
def storage(google: FaultyServer) -> Storage:
    return open_storage(f"gs://bucket/prefix?endpoint_url={google.url}")


def asked(google: FaultyServer) -> list[tuple[str, str, str | None]]:
    return [(method, path, headers.get("x-goog-if-generation-match")) for method, path, headers in google.requests]


def test_creates_only_where_nothing_is(storage: Storage, google: FaultyServer) -> None:
    assert isinstance(storage, CloudStorage)
    assert storage.put("key", b"", if_none_match="*") == '"one"'
    assert asked(google) == [("PUT", "/bucket/prefix%2Fkey", "0")]


def test_replaces_by_the_version_that_it_wrote(storage: Storage, google: FaultyServer) -> None:
    etag = storage.put("key", b"")
    storage.put("key", b"", if_match=etag)

    assert asked(google) == [("PUT", "/bucket/prefix%2Fkey", None), ("PUT", "/bucket/prefix%2Fkey", "7")]


def test_looks_before_it_replaces_what_another_wrote_and_warns_once(
    storage: Storage, google: FaultyServer, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(PreconditionFailed):
        storage.put("key", b"", if_match='"other"')
    storage.put("key", b"", if_match='"one"')

    assert [method for method, _, _ in google.requests] == ["HEAD", "HEAD", "PUT"]
    (told,) = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert "looking first and then writing" in told


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (REFUSED, PreconditionFailed),
        (Answer(404, "NoSuchBucket"), BucketNotFound),
        (Answer(404, "NoSuchKey"), ObjectNotFound),
        (Answer(403, "AccessDenied"), StorageDenied),
        (Answer(401), StorageDenied),
        (Answer(503), StorageUnavailable),
        (Answer(400, "Other"), StorageError),
    ],
)
def test_failures_are_ours(storage: Storage, google: FaultyServer, answer: Answer, kind: type[StorageError]) -> None:
    google.answers = [answer]

    with pytest.raises(StorageError, match="key 'key'") as caught:
        storage.put("key", b"", if_none_match="*")
    assert type(caught.value) is kind


def test_a_passing_fault_is_tried_again(storage: Storage, google: FaultyServer) -> None:
    google.answers = [Answer(503), Answer(429), written("one", 7)]

    assert storage.put("key", b"", if_none_match="*") == '"one"'
    assert [condition for _, _, condition in asked(google)] == ["0"] * 3
