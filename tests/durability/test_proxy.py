from __future__ import annotations

import http.client
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from random import Random
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from tenacity import wait_none

from simpleflow_steps.exceptions import PreconditionFailed, StorageUnavailable
from simpleflow_steps.storage import Storage, open_storage
from tests.conftest import REGION
from tests.durability.proxy import RATES, FaultProxy, Request, Scripted, Seeded, Trouble, fault_proxy
from tests.servers import Endpoint

BODY = b"a body of some length " * 20
WRITES = 200
SEEDS = range(int(os.environ.get("SFS_PROXY_SEEDS", "2")))


@pytest.fixture
def place(bucket_url: str) -> tuple[str, str]:
    """Give a bucket and a prefix in it."""
    parts = urlsplit(bucket_url)
    return parts.netloc, parts.path.strip("/")


@pytest.fixture
def behind(s3_server: Endpoint) -> Iterator[Callable[..., FaultProxy]]:
    """Put a proxy before the server."""
    with ExitStack() as stack:

        def start(*script: Trouble, schedule: Any = None, **options: Any) -> FaultProxy:
            chosen = schedule or Scripted(script)
            return stack.enter_context(fault_proxy(s3_server.endpoint_url, chosen, **options))

        yield start


def client(proxy: FaultProxy, server: Endpoint, **config: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=proxy.url,
        region_name=REGION,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(**{"retries": {"total_max_attempts": 1}, "read_timeout": 5, **config}),
    )


@pytest.mark.usefixtures("s3_credentials")
class TestABareClient:
    @pytest.fixture(autouse=True)
    def _there(self, s3_server: Endpoint, place: tuple[str, str], behind: Callable[..., FaultProxy]) -> None:
        self.server, (self.bucket, self.prefix), self.behind = s3_server, place, behind

    def start(self, *script: Trouble, **options: Any) -> None:
        self.proxy = self.behind(*script, **options)
        self.s3 = client(self.proxy, self.server)

    def put(self, name: str = "a", body: bytes = BODY, **condition: str) -> Any:
        return self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=body, **condition)

    def get(self, name: str = "a") -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")["Body"].read()
        return body

    def names(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.prefix}/")
        return [each["Key"].rpartition("/")[2] for each in found.get("Contents", ())]

    def test_sees_the_server_if_nothing_goes_wrong(self) -> None:
        self.start()
        self.put("a b+c é")
        self.put("empty", b"")
        with pytest.raises(ClientError, match="PreconditionFailed"):
            self.put("empty", IfNoneMatch="*")
        with pytest.raises(ClientError, match="404"):
            self.s3.head_object(Bucket=self.bucket, Key=f"{self.prefix}/none")

        assert self.get("a b+c é") == BODY
        assert self.s3.head_object(Bucket=self.bucket, Key=f"{self.prefix}/a b+c é")["ContentLength"] == len(BODY)
        assert self.names() == ["a b+c é", "empty"]
        self.s3.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/empty")
        assert self.names() == ["a b+c é"]

    def test_has_its_signature_checked_by_the_server(self) -> None:
        if self.server.name == "localstack":
            pytest.skip("LocalStack checks no signature")
        self.start()
        wrong = Endpoint(self.server.name, self.server.endpoint_url, secret_key="wrong")
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            client(self.proxy, wrong).list_objects_v2(Bucket=self.bucket)

    @pytest.mark.parametrize("size", [1, 5_000_000])
    def test_may_expect_to_be_asked_to_continue(self, size: int) -> None:
        self.start()
        self.put(body=b"x" * size)

        assert len(self.get()) == size

    @pytest.mark.parametrize(
        ("trouble", "code"),
        [
            (Trouble.ERROR, "InternalError"),
            (Trouble.SLOW_DOWN, "SlowDown"),
            (Trouble.TOO_MANY, "TooManyRequests"),
            (Trouble.CONFLICT, "ConditionalRequestConflict"),
        ],
    )
    def test_is_told_of_an_error_and_nothing_is_written(self, trouble: Trouble, code: str) -> None:
        self.start(trouble)
        with pytest.raises(ClientError) as raised:
            self.put(IfNoneMatch="*")

        assert raised.value.response["Error"]["Code"] == code
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == int(trouble)
        assert self.names() == []

    @pytest.mark.parametrize(
        ("trouble", "left"), [(Trouble.RESET, []), (Trouble.LOST, ["a"]), (Trouble.TRUNCATED, ["a"])]
    )
    def test_loses_its_connection_before_or_after_the_write(self, trouble: Trouble, left: list[str]) -> None:
        self.start(trouble)
        with pytest.raises(HTTPClientError):
            self.put()

        assert self.names() == left

    def test_loses_its_connection_and_the_write_comes_late(self) -> None:
        self.start(Trouble.LATE)
        with pytest.raises(HTTPClientError):
            self.put()
        for thread in self.proxy.late:
            thread.join()

        assert self.names() == ["a"]

    def test_reads_half_a_body(self) -> None:
        self.start(Trouble.NONE, Trouble.TRUNCATED)
        self.put()

        with pytest.raises(Exception, match=r"IncompleteRead|broken|not all the bytes|Connection"):
            self.get()
        assert self.get() == BODY

    @pytest.mark.parametrize("trouble", [Trouble.DELAY, Trouble.SLOW_ANSWER])
    def test_may_be_too_impatient(self, trouble: Trouble) -> None:
        self.start(trouble, delay=1.0)
        hurried = client(self.proxy, self.server, read_timeout=0.2)
        with pytest.raises(HTTPClientError, match="timeout"):
            hurried.put_object(Bucket=self.bucket, Key=f"{self.prefix}/a", Body=BODY)

        assert (self.names() == ["a"]) == (trouble is Trouble.SLOW_ANSWER)

    def test_only_conditional_writes_conflict(self) -> None:
        self.start(*[Trouble.CONFLICT] * 3)
        self.put()

        assert self.get() == BODY
        assert self.proxy.script == [Trouble.NONE, Trouble.NONE]

    def test_may_send_its_body_in_chunks(self) -> None:
        self.start()
        url = self.s3.generate_presigned_url("put_object", {"Bucket": self.bucket, "Key": f"{self.prefix}/chunked"})
        parts = urlsplit(url)
        link = http.client.HTTPConnection(parts.netloc)
        link.request("PUT", f"{parts.path}?{parts.query}", body=iter([b"one ", b"two"]), encode_chunked=True)
        status = link.getresponse().status
        link.close()

        assert status == 200
        assert self.get("chunked") == b"one two"


class TestSchedules:
    def test_a_seed_always_says_the_same(self) -> None:
        def drawn(seed: int) -> list[Trouble]:
            schedule = Seeded(seed)
            return [schedule.decide(Request("PUT", f"/b/{number % 7}/x", [])) for number in range(300)]

        assert drawn(1) == drawn(1) != drawn(2)

    def test_a_seed_says_the_same_in_any_order_of_requests(self) -> None:
        requests = [Request("PUT", f"/bucket/random-{number}/steps/{number % 5}", []) for number in range(100)]

        def drawn(ordered: Sequence[Request]) -> dict[str, list[Trouble]]:
            schedule = Seeded(1)
            found: dict[str, list[Trouble]] = {}
            for request in ordered:
                found.setdefault(request.label, []).append(schedule.decide(request))
            return found

        assert drawn(requests) == drawn(Random(0).sample(requests, len(requests)))

    def test_rates_are_kept(self) -> None:
        schedule = Seeded(0, {Trouble.LOST: 0.5, Trouble.ERROR: 0.25})
        seen = Counter(schedule.decide(Request("GET", f"/b/{number}", [])) for number in range(4000))

        assert {trouble: round(count / 4000, 1) for trouble, count in seen.items()} == pytest.approx(
            {Trouble.LOST: 0.5, Trouble.ERROR: 0.2, Trouble.NONE: 0.3}, abs=0.11
        )

    def test_listings_are_told_apart_from_objects(self) -> None:
        assert Request("GET", "/bucket?list-type=2&prefix=x", []).label == "GET bucket"
        assert Request("GET", "/bucket/prefix/w/steps/a?x=y", []).label == "GET steps/a"


def change(storage: Storage, key: str, body: bytes, etag: str | None) -> str:
    """Write what nobody else writes, whatever happens to requests: a 412 may be our own doing."""
    condition = {"if_match": etag} if etag else {"if_none_match": "*"}
    for _ in range(20):
        try:
            return storage.put(key, body, **condition)
        except StorageUnavailable:
            continue
        except PreconditionFailed:
            found = storage.get(key)
            assert found == body, f"{key} holds {bytes(found)!r}, and nobody wrote that but us"
            return found.etag
    raise AssertionError("the faults never end")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.usefixtures("s3_credentials")
def test_conditional_writes_come_out_right_whatever_happens(
    bucket_url: str,
    place: tuple[str, str],
    behind: Callable[..., FaultProxy],
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr("tenacity.wait.wait_random_exponential", lambda **_: wait_none())
    open_storage(bucket_url).put("first", b"the probe is made without faults", if_none_match="*")
    proxy = behind(schedule=Seeded(seed, {**RATES, Trouble.LOST: 0.15}), delay=0.005)
    storage = open_storage(f"s3://{'/'.join(place)}?endpoint_url={proxy.url}")
    keys, expected, etags = [f"steps/{number}" for number in range(10)], {}, dict[str, str]()
    for number in range(WRITES):
        key, body = keys[number % len(keys)], f"{number}".encode()
        etags[key] = change(storage, key, body, etags.get(key))
        expected[key] = body
    direct = open_storage(bucket_url)

    assert {found.key: direct.get(found.key) for found in direct.list("steps/")} == expected
    assert {found.key: found.etag for found in direct.list("steps/")} == etags
    assert len({decision.trouble for decision in proxy.log}) > 6, Counter(proxy.script)


@pytest.mark.usefixtures("s3_credentials")
def test_a_log_is_played_again(place: tuple[str, str], s3_server: Endpoint, behind: Callable[..., FaultProxy]) -> None:
    def play(proxy: FaultProxy) -> list[str]:
        s3, outcomes = client(proxy, s3_server), []
        for number in range(12):
            try:
                s3.list_objects_v2(Bucket=place[0], Prefix=f"{place[1]}/{number}")
            except (ClientError, HTTPClientError) as error:
                outcomes.append(type(error).__name__)
            else:
                outcomes.append("ok")
        return outcomes

    first = behind(schedule=Seeded(3, {Trouble.ERROR: 0.4, Trouble.RESET: 0.2}))
    outcomes = play(first)

    assert play(behind(*first.script)) == outcomes
    assert {"ok", "ClientError"} < set(outcomes)


def test_a_client_that_goes_away_breaks_nothing(s3_server: Endpoint, behind: Callable[..., FaultProxy]) -> None:
    proxy = behind()
    parts = urlsplit(proxy.url)
    with socket.create_connection((parts.hostname, parts.port)) as link:
        link.sendall(b"PUT /x HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
    with socket.create_connection((parts.hostname, parts.port)) as link:
        link.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert link.recv(15).startswith(b"HTTP/1.1 ")
