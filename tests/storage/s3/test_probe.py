from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from simpleflow_steps.exceptions import PreconditionFailed, StorageUnavailable
from simpleflow_steps.storage import S3Storage, open_storage
from tests.storage.contract import keys
from tests.storage.s3.faulty import OK, Answer, FaultyServer

REFUSED = Answer(412, "PreconditionFailed")
MISSING = Answer(404, "NoSuchKey")
DENIED = Answer(403, "AccessDenied")


def probes(faulty: FaultyServer) -> list[str | None]:
    return [
        headers.get("if-none-match") or headers.get("if-match")
        for _, path, headers in faulty.requests
        if path.endswith("/.simpleflow-probe")
    ]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_real_server_passes_and_hides_the_probe(bucket_url: str, caplog: pytest.LogCaptureFixture) -> None:
    storage = open_storage(bucket_url)
    assert isinstance(storage, S3Storage)
    assert storage.conditional is None

    storage.put("key", b"body", if_none_match="*")

    assert storage.conditional is True
    assert keys(storage) == ["key"]
    assert storage.get(".simpleflow-probe")
    assert warnings(caplog) == []


def test_the_first_conditional_write_probes_and_no_other(unprobed: S3Storage, faulty: FaultyServer) -> None:
    unprobed.put("key", b"")
    assert probes(faulty) == []
    faulty.answers = [OK, REFUSED, REFUSED, OK]

    unprobed.put("key", b"", if_none_match="*")
    unprobed.put("key", b"", if_match='"e"')
    open_storage(unprobed.url).put("key", b"", if_match='"e"')

    assert probes(faulty) == ["*", "*", f'"{"0" * 32}"']
    assert unprobed.conditional is True


def test_threads_probe_once(faulty: FaultyServer, client: str) -> None:
    url = f"s3://bucket/{uuid4().hex}?endpoint_url={faulty.url}&client={client}"
    faulty.answers = [REFUSED, REFUSED, OK]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: open_storage(url).put(f"{number}", b"", if_none_match="*"), range(8)))

    assert len(probes(faulty)) == 2
    assert len(faulty.requests) == 10


@pytest.mark.parametrize(
    "answers",
    [[OK, OK], [REFUSED, OK], [OK, REFUSED, OK], [Answer(501, "NotImplemented")]],
    ids=["both", "match", "new", "501"],
)
def test_a_store_that_fails_is_told_once_and_looked_at_before_each_write(
    unprobed: S3Storage, faulty: FaultyServer, caplog: pytest.LogCaptureFixture, answers: list[Answer]
) -> None:
    faulty.answers = [*answers, MISSING, OK, OK, MISSING, OK]
    unprobed.put("key", b"", if_none_match="*")
    with pytest.raises(PreconditionFailed):
        unprobed.put("key", b"", if_none_match="*")
    with pytest.raises(PreconditionFailed):
        unprobed.put("key", b"", if_match='"e"')
    unprobed.put("key", b"", if_match='"new"')

    assert unprobed.conditional is False
    (told,) = warnings(caplog)
    assert told.startswith(f"{unprobed.url} does not honour conditional writes: two runs of one execution")
    assert "overwrite each other's markers" in told
    after = faulty.requests[len(answers) :]
    assert [method for method, _, _ in after] == ["HEAD", "PUT", "HEAD", "HEAD", "HEAD", "PUT"]
    assert not any("if-match" in headers or "if-none-match" in headers for _, _, headers in after)


def test_a_probe_that_is_denied_is_no_obstacle(
    unprobed: S3Storage, faulty: FaultyServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "simpleflow_steps")
    faulty.answers = [DENIED, OK]
    unprobed.put("key", b"", if_none_match="*")
    unprobed.put("key", b"", if_match='"e"')

    assert unprobed.conditional is None
    assert len(probes(faulty)) == 1
    assert faulty.conditions[1:] == ["*", '"e"']
    assert [(record.levelname, "cannot find out" in record.message) for record in caplog.records] == [("INFO", True)]


def test_a_probe_without_an_answer_is_repeated_at_the_next_write(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [Answer(503, "SlowDown")]
    with pytest.raises(StorageUnavailable):
        unprobed.put("key", b"", if_none_match="*")
    assert unprobed.conditional is None
    faulty.answers = [REFUSED, REFUSED, OK]

    unprobed.put("key", b"", if_none_match="*")

    assert unprobed.conditional is True
