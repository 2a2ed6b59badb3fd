from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import simpleflow_steps.storage
from simpleflow_steps.exceptions import InvalidInput, InvalidStorageURL
from simpleflow_steps.storage import (
    DirectoryStorage,
    MemoryStorage,
    S3Location,
    S3Storage,
    Storage,
    default_storage,
    open_bucket,
    open_storage,
)


def located(storage: Storage) -> S3Location:
    assert isinstance(storage, S3Storage)
    return storage.location


@pytest.mark.parametrize(
    ("where", "kind", "url"),
    [
        ("s3://bucket/prefix", S3Storage, "s3://bucket/prefix"),
        ("S3://bucket/prefix", S3Storage, "s3://bucket/prefix"),
        ("memory://name", MemoryStorage, "memory://name"),
        ("memory://a/b%20c", MemoryStorage, "memory://a/b%20c"),
        ("file:///some/where", DirectoryStorage, "file:///some/where"),
        ("file://localhost/some%20where%3F", DirectoryStorage, "file:///some%20where%3F"),
        ("/some/where/../else%41?#", DirectoryStorage, "file:///some/else%2541%3F%23"),
        (Path("/some/where"), DirectoryStorage, "file:///some/where"),
    ],
)
def test_opens_what_is_named(where: str | Path, kind: type, url: str) -> None:
    storage = open_storage(where)

    assert type(storage) is kind
    assert storage.url == url
    assert open_storage(storage.url).url == url


@pytest.mark.parametrize("where", ["here", "./here", "s3.amazonaws.com/bucket", "a:b", "~"])
def test_any_other_text_is_a_path(where: str, tmp_path: Path) -> None:
    storage = open_storage(where)

    assert isinstance(storage, DirectoryStorage)
    assert storage.root == tmp_path / where


def test_a_storage_is_given_back() -> None:
    storage = MemoryStorage()

    assert open_storage(storage) is storage


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("", "s3://BUCKET"),
        ("a\0b", "s3://BUCKET"),
        ("s3:/x", "s3: must be followed by two slashes"),
        ("s3:bucket", "two slashes"),
        ("file:/x", "two slashes"),
        ("memory:x", "two slashes"),
        ("memory://", "memory://NAME"),
        ("gcs://bucket", "unknown storage gcs://.*memory://NAME"),
        ("gs:bucket", "two slashes"),
        ("s3://bucket?client=x", "auto, boto3, obstore"),
        ("https://me:HIDDEN@host/bucket", "unknown storage https://"),
        ("file://host/dir", "three slashes"),
        ("file://", "three slashes"),
        ("file:///a?b", "%3F"),
        (b"bytes", "use s3://BUCKET"),
    ],
)
def test_says_what_is_wrong(where: str, told: str) -> None:
    with pytest.raises(InvalidStorageURL, match=told) as caught:
        open_storage(where)
    assert "HIDDEN" not in str(caught.value)


def test_a_bucket_is_a_name_a_host_and_name_or_a_url(tmp_path: Path) -> None:
    assert open_bucket("bucket").url == "s3://bucket"
    assert open_bucket("localhost:1/bucket").url == "s3://bucket?endpoint_url=http://localhost:1"
    assert open_bucket("s3://bucket/prefix").url == "s3://bucket/prefix"
    assert open_bucket(f"file://{tmp_path}").url == f"file://{tmp_path}"
    with pytest.raises(InvalidStorageURL):
        open_bucket("not a bucket")


def test_a_bare_bucket_is_reached_like_another() -> None:
    other = open_storage("s3://other/prefix?endpoint_url=http://localhost:1&region=eu-west-1")

    assert located(open_bucket("bucket", like=other)) == S3Location(
        "bucket", endpoint_url="http://localhost:1", region="eu-west-1"
    )
    assert located(open_bucket("host.com/bucket", like=other)) == S3Location("bucket", endpoint_url="https://host.com")
    assert located(open_bucket("bucket", like=MemoryStorage())) == S3Location("bucket")


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({"SIMPLEFLOW_STORAGE": "s3://one", "STEP_BUCKET": "two"}, "s3://one"),
        ({"STEP_BUCKET": "two"}, "s3://two"),
        ({"STEP_BUCKET": "two", "SIMPLEFLOW_S3_HOST": "localhost:1"}, "s3://two?endpoint_url=http://localhost:1"),
        (
            {"STEP_BUCKET": "host.com/two", "SIMPLEFLOW_S3_HOST": "localhost:1"},
            "s3://two?endpoint_url=https://host.com",
        ),
        ({"STEP_BUCKET": "two", "SIMPLEFLOW_S3_SSE": "1"}, "s3://two?sse=AES256"),
        ({"STEP_BUCKET": "s3://two/prefix?sse=aws:kms", "SIMPLEFLOW_S3_SSE": "1"}, "s3://two/prefix?sse=aws:kms"),
        ({"SIMPLEFLOW_STORAGE": "", "STEP_BUCKET": ""}, None),
        ({}, None),
    ],
)
def test_the_settings_say_where(
    environment: dict[str, str], url: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert default_storage().url == (url or f"file://{tmp_path}/.simpleflow")


def test_a_setting_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_S3_SSE", "maybe")

    with pytest.raises(InvalidInput, match="SIMPLEFLOW_S3_SSE='maybe'"):
        open_storage("s3://bucket")


def test_opening_loads_no_boto3() -> None:
    program = (
        "import sys; from simpleflow_steps.storage import open_storage; open_storage('s3://bucket').url\n"
        "print(sorted({'boto3', 'botocore', 'rich', 'structlog'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )

    assert told.stdout == "[]\n"


def test_all_names_what_is_there() -> None:
    names = simpleflow_steps.storage.__all__

    assert names == sorted(names, key=lambda name: (name.islower(), name))
    assert all(hasattr(simpleflow_steps.storage, name) for name in names)
