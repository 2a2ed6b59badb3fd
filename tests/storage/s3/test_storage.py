from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from simpleflow_steps.exceptions import StorageError
from simpleflow_steps.storage import S3Storage, open_storage
from tests.storage.s3.faulty import Answer, FaultyServer, as_listed

PAGE = """<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{token}<EncodingType>url</EncodingType>
{prefixes}</ListBucketResult>"""


def page(*prefixes: str, token: str = "") -> Answer:
    found = "".join(f"<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>" for prefix in prefixes)
    next_token = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    text = PAGE.format(truncated="true" if token else "false", token=next_token, prefixes=found)
    return Answer(200, body=text.encode())


@pytest.mark.parametrize("client", ["boto3"])  # its requests can be counted
@pytest.mark.parametrize("below", ["", "/deep/er"])
def test_the_folders_of_1500_executions_cost_two_requests(bucket_url: str, below: str) -> None:
    storage = open_storage(bucket_url.replace("?", f"{below}?"))
    assert isinstance(storage, S3Storage)
    names = [f"daily-{number}/steps/{step}" for number in range(1500) for step in ("a", "b")]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: storage.put(key, b""), names))
    requests: list[str] = []

    def note(request: Any, **_: Any) -> None:
        requests.append(request.url)

    storage._connection.client.meta.events.register("before-send.s3", note)

    assert list(storage.folders()) == sorted(f"daily-{number}" for number in range(1500))
    assert len(requests) == 2
    assert all("delimiter=%2F" in url for url in requests)
    assert len(list(storage.folders("daily-14"))) == 111
    assert len(requests) == 3


def test_folders_come_in_order_and_once_whatever_the_store_says(
    unprobed: S3Storage, faulty: FaultyServer, client: str
) -> None:
    top = f"{unprobed.location.prefix}/{as_listed('a+b', client)}/"
    faulty.answers = [page(f"{top}b/", f"{top}a/", token="more"), page(f"{top}b/", f"{top}b-c/", top)]

    assert list(unprobed.folders("a+b/")) == ["a", "b-c", "b"]


@pytest.mark.parametrize("client", ["boto3"])  # obstore begins again
def test_a_fault_between_pages_repeats_one_page_only(unprobed: S3Storage, faulty: FaultyServer) -> None:
    top = unprobed.location.prefix
    cut = Answer(200, body=page(f"{top}/b/").body[:150])
    faulty.answers = [page(f"{top}/a/", token="more"), Answer(503, "SlowDown"), cut, page(f"{top}/b/")]

    assert list(unprobed.folders()) == ["a", "b"]
    assert ["continuation-token=more" in path for _, path, _ in faulty.requests] == [False, True, True, True]
    assert all("delimiter=%2F" in path for _, path, _ in faulty.requests)


@pytest.mark.parametrize("client", ["boto3"])  # obstore says nothing
def test_folders_that_go_on_nowhere_are_an_error(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [Answer(200, body=page(token="more").body.replace(b"NextContinuationToken", b"Other"))]

    with pytest.raises(StorageError, match="but not where"):
        unprobed.folders()
