from __future__ import annotations

import pytest

from simpleflow_steps.exceptions import InvalidStorageURL, StorageError
from simpleflow_steps.storage import open_storage
from simpleflow_steps.storage.cloud import client
from simpleflow_steps.storage.cloud.location import CloudLocation, parse_url


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("gs://my-bucket", CloudLocation("gs", "my-bucket")),
        ("GS://my_bucket.x/a%20b/", CloudLocation("gs", "my_bucket.x", "a b")),
        (
            "gs://my-bucket/p?endpoint_url=http://localhost:1",
            CloudLocation("gs", "my-bucket", "p", None, "http://localhost:1"),
        ),
        ("az://box/p?account=me4you", CloudLocation("az", "box", "p", "me4you")),
        (
            "az://box?endpoint_url=http://localhost:1/me",
            CloudLocation("az", "box", endpoint_url="http://localhost:1/me"),
        ),
    ],
)
def test_reads_urls(url: str, location: CloudLocation) -> None:
    assert parse_url(url) == location
    assert parse_url(location.url) == location


@pytest.mark.parametrize(
    ("location", "server"),
    [
        (CloudLocation("gs", "bucket"), "https://storage.googleapis.com"),
        (CloudLocation("az", "box", account="mine"), "https://mine.blob.core.windows.net"),
        (CloudLocation("az", "box", account="mine", endpoint_url="http://localhost:1"), "http://localhost:1"),
        (CloudLocation("az", "box"), ""),
    ],
)
def test_knows_the_server(location: CloudLocation, server: str) -> None:
    assert location.server == server


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("gs://", "gs://BUCKET"),
        ("gs://My-Bucket", "'My-Bucket'.*small letters"),
        ("az://my_box", "az://CONTAINER"),
        ("az://box?account=A", "account='A'"),
        ("gs://bucket?account=x", "unknown parameter 'account'.*endpoint_url"),
        ("gs://bucket?region=x", "unknown parameter 'region'"),
        ("az://box/a#b", "%23"),
        ("az://box?endpoint_url=ftp://x", "ftp://x"),
    ],
)
def test_says_what_is_wrong_with_a_url(url: str, told: str) -> None:
    with pytest.raises(InvalidStorageURL, match=told):
        parse_url(url)


@pytest.mark.parametrize(
    "url",
    ["az://me:HIDDEN@box", "az://box?sas_token=HIDDEN", "az://box?account_key=HIDDEN", "gs://box?whatever=HIDDEN"],
)
def test_never_repeats_a_secret(url: str) -> None:
    with pytest.raises(InvalidStorageURL) as caught:
        parse_url(url)
    assert "HIDDEN" not in str(caught.value)


def test_what_is_missing_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)

    with pytest.raises(StorageError, match=r"az://box key|az://box: .*[Aa]ccount"):
        open_storage("az://box").get("key")


def test_a_forked_process_is_told_how_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_process", 0)

    with pytest.raises(StorageError, match=r"gs://bucket key 'key': obstore cannot be used after a fork.*'spawn'"):
        open_storage("gs://bucket").get("key")
