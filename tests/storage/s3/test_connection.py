from __future__ import annotations

import subprocess
import sys
import time
from uuid import uuid4

import pytest

from simpleflow_steps.exceptions import (
    BucketNotFound,
    ObjectNotFound,
    PreconditionFailed,
    StorageDenied,
    StorageError,
    StorageUnavailable,
)
from simpleflow_steps.storage import S3Storage, open_storage
from simpleflow_steps.storage.retries import ATTEMPTS
from tests.servers import Endpoint
from tests.storage.contract import keys
from tests.storage.s3.faulty import LOST, OK, Answer, FaultyServer, as_listed

REFUSED = Answer(412, "PreconditionFailed")
PASSING = [
    Answer(503, "SlowDown"),
    Answer(500, "InternalError"),
    Answer(502),
    Answer(429, "TooManyRequests"),
    Answer(400, "RequestTimeout"),
    Answer(409, "ConditionalRequestConflict"),
    Answer(409, "OperationAborted"),
    LOST,
]
LISTING = """<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{token}<EncodingType>url</EncodingType>
<Contents><Key>{key}</Key><ETag>"e"</ETag><Size>1</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>
</ListBucketResult>"""


@pytest.mark.parametrize("answer", PASSING, ids=lambda answer: answer.code or str(answer.status))
def test_a_passing_fault_is_tried_again(probed: S3Storage, faulty: FaultyServer, answer: Answer) -> None:
    faulty.answers = [answer, answer, OK]

    assert probed.put("key", b"body", if_none_match="*") == '"new"'
    assert faulty.conditions == ["*"] * 3


@pytest.mark.parametrize("answer", PASSING, ids=lambda answer: answer.code or str(answer.status))
def test_a_fault_that_stays_names_place_and_cause(probed: S3Storage, faulty: FaultyServer, answer: Answer) -> None:
    faulty.answers = [answer]

    with pytest.raises(StorageUnavailable) as caught:
        probed.put("the/key", b"body", if_match='"old"')

    assert faulty.conditions == ['"old"'] * ATTEMPTS
    assert probed.url in str(caught.value)
    assert "'the/key'" in str(caught.value)
    assert (answer.code or str(answer.status) if not answer.drop else "Connection was closed") in str(caught.value)
    assert caught.value.__cause__ is not None


def test_a_lost_answer_and_then_412_is_passed_on(probed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [LOST, REFUSED]

    with pytest.raises(PreconditionFailed, match="'key'"):
        probed.put("key", b"body", if_none_match="*")
    assert len(faulty.requests) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(501, "NotImplemented"), StorageError),
        (Answer(400, "InvalidRequest"), StorageError),
        (Answer(409, "Other"), StorageError),
        (Answer(400, "ExpiredToken"), StorageDenied),
        (Answer(403, "SignatureDoesNotMatch"), StorageDenied),
        (Answer(403, "InvalidAccessKeyId"), StorageDenied),
        (Answer(403), StorageDenied),
        (Answer(401, "Unauthorized"), StorageDenied),
        (Answer(404, "NoSuchBucket"), BucketNotFound),
        (Answer(404, "NoSuchKey"), PreconditionFailed),
        (REFUSED, PreconditionFailed),
    ],
    ids=lambda value: value.code or str(value.status) if isinstance(value, Answer) else value.__name__,
)
def test_a_settled_answer_is_not_tried_again(
    probed: S3Storage, faulty: FaultyServer, answer: Answer, kind: type[StorageError]
) -> None:
    faulty.answers = [answer]

    with pytest.raises(StorageError, match="'key'") as caught:
        probed.put("key", b"body", if_match='"old"')

    assert type(caught.value) is kind
    assert len(faulty.requests) == 1
    assert "very-secret" not in str(caught.value)


def test_404_without_a_condition_is_a_missing_object(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [Answer(404, "NoSuchKey")]

    with pytest.raises(ObjectNotFound):
        unprobed.get("key")
    unprobed.delete("key")


def test_a_body_cut_short_is_read_again(unprobed: S3Storage, faulty: FaultyServer) -> None:
    short = Answer(200, body=b"hal", headers={"ETag": '"e"', "Content-Length": "4"})
    faulty.answers = [short, Answer(200, body=b"half", headers={"ETag": '"e"'})]

    assert unprobed.get("key") == b"half"
    assert len(faulty.requests) == 2


def test_a_listing_cut_short_is_read_again(unprobed: S3Storage, faulty: FaultyServer, client: str) -> None:
    key = f"{unprobed.location.prefix}/{as_listed('a+b', client)}"
    whole = LISTING.format(truncated="false", token="", key=key).encode()
    faulty.answers = [Answer(200, body=whole[:150]), Answer(200, body=whole)]

    assert keys(unprobed) == ["a+b"]
    assert len(faulty.requests) == 2


@pytest.mark.parametrize("client", ["boto3"])  # obstore begins again
def test_a_fault_between_pages_repeats_one_page_only(unprobed: S3Storage, faulty: FaultyServer) -> None:
    prefix = unprobed.location.prefix
    token = "<NextContinuationToken>more</NextContinuationToken>"
    first = LISTING.format(truncated="true", token=token, key=f"{prefix}/a").encode()
    last = LISTING.format(truncated="false", token="", key=f"{prefix}/b").encode()
    faulty.answers = [Answer(200, body=first), Answer(503, "SlowDown"), Answer(200, body=last)]

    assert keys(unprobed) == ["a", "b"]
    assert ["continuation-token=more" in path for _, path, _ in faulty.requests] == [False, True, True]


@pytest.mark.parametrize("client", ["boto3"])  # obstore says nothing
def test_a_listing_that_goes_on_nowhere_is_an_error(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [Answer(200, body=LISTING.format(truncated="true", token="", key="x").encode())]

    with pytest.raises(StorageError, match="but not where"):
        unprobed.list()


def test_etags_without_quotes_get_them(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [Answer(headers={"ETag": "bare"})]

    assert unprobed.put("key", b"") == '"bare"'


@pytest.mark.parametrize(("parameter", "told"), [("", None), ("&sse=AES256", "AES256"), ("&sse=aws:kms", "aws:kms")])
def test_every_write_asks_for_the_encryption(
    faulty: FaultyServer, parameter: str, told: str | None, client: str
) -> None:
    storage = open_storage(f"s3://bucket/{uuid4().hex}?endpoint_url={faulty.url}{parameter}&client={client}")
    faulty.answers = [REFUSED, REFUSED, OK]
    storage.put("key", b"", if_none_match="*")
    storage.put("key", b"")

    assert [headers.get("x-amz-server-side-encryption") for _, _, headers in faulty.requests] == [told] * 4


def test_the_setting_asks_for_encryption(faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch, client: str) -> None:
    monkeypatch.setenv("SIMPLEFLOW_S3_SSE", "true")
    open_storage(f"s3://bucket?endpoint_url={faulty.url}&client={client}").put("key", b"")

    assert faulty.requests[0][2]["x-amz-server-side-encryption"] == "AES256"


def test_an_endpoint_from_the_environment_is_used_with_the_bucket_in_the_path(
    faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", faulty.url)
    open_storage(f"s3://bucket/prefix?client={client}").put("key", b"")

    assert faulty.requests[0][1] == "/bucket/prefix/key"
    assert "/us-east-1/s3/" in faulty.requests[0][2]["authorization"]


def test_an_endpoint_that_is_down_is_given_up_soon(monkeypatch: pytest.MonkeyPatch, client: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    storage = open_storage(f"s3://bucket?endpoint_url=http://127.0.0.1:9&client={client}")
    start = time.monotonic()

    with pytest.raises(StorageUnavailable, match=r"http://127.0.0.1:9&client=\w+ key 'key'.*Could not connect"):
        storage.put("key", b"")
    assert 0.1 < time.monotonic() - start < 15


def test_secrets_in_the_environments_endpoint_are_not_told(monkeypatch: pytest.MonkeyPatch, client: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://me:hidden@127.0.0.1:9")

    with pytest.raises(StorageError) as caught:
        open_storage(f"s3://bucket?client={client}").get("key")
    assert "hidden" not in str(caught.value)


def test_missing_credentials_are_denied(faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch, client: str) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(StorageDenied, match="credentials"):
        open_storage(f"s3://bucket?endpoint_url={faulty.url}&client={client}").get("key")
    with pytest.raises(StorageDenied, match="nobody"):
        open_storage(f"s3://bucket?endpoint_url={faulty.url}&profile=nobody&client={client}").get("key")
    assert faulty.requests == []


def test_wrong_credentials_are_denied(s3_server: Endpoint, bucket_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if s3_server.name == "localstack":
        pytest.skip("LocalStack takes any credentials")
    for secret, identity in (("very-secret", s3_server.access_key), (s3_server.secret_key, "stranger")):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", identity)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        storage = open_storage(bucket_url)
        with pytest.raises(StorageDenied):
            storage.list()
        with pytest.raises(StorageDenied):
            storage.get("key")
        with pytest.raises(StorageDenied, match="'key'") as caught:
            storage.put("key", b"", if_none_match="*")
        assert "very-secret" not in str(caught.value)


def test_a_bucket_that_does_not_exist_is_told(s3_server: Endpoint, s3_credentials: None, client: str) -> None:
    storage = open_storage(f"s3://no-such-bucket-{uuid4().hex}?endpoint_url={s3_server.endpoint_url}&client={client}")

    for use in (
        storage.list,
        lambda: storage.get("key"),
        lambda: storage.put("key", b""),
        lambda: storage.put("key", b"", if_none_match="*"),
        lambda: storage.put("key", b"", if_match='"etag"'),
    ):
        with pytest.raises(BucketNotFound, match="no-such-bucket"):
            use()


def test_of_boto3_only_botocore_is_loaded():
    program = "import sys, simpleflow_steps.storage.s3.connection; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert {"boto3", "s3transfer", "tenacity"} & set(told.stdout.split()) == set()
