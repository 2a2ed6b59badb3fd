from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from simpleflow_steps.exceptions import ObjectNotFound, ObjectTooLarge, StorageError, StorageUnavailable
from simpleflow_steps.storage import S3Storage, open_storage
from simpleflow_steps.storage.retries import ATTEMPTS
from tests.storage.s3.faulty import Answer, FaultyServer

WHOLE = Answer(200, body=b"12345", headers={"ETag": '"e"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"})
EMPTY = Answer(200, headers={"ETag": '"e"'})
NO_RANGE = Answer(416, "InvalidRange")


def part(body: bytes, content_range: str, **headers: str) -> Answer:
    return Answer(206, body=body, headers={"ETag": '"e"', "Content-Range": content_range, **headers})


def ranges(faulty: FaultyServer) -> list[str | None]:
    return [headers.get("range") for _, _, headers in faulty.requests]


@contextmanager
def on_the_wire(storage: S3Storage) -> Iterator[list[str | None]]:
    """Note the range that each request asks a real server for."""
    asked: list[str | None] = []
    events = storage._connection.client.meta.events

    def note(request: object, **_: object) -> None:
        asked.append(request.headers.get("Range"))  # type: ignore[attr-defined]

    events.register("before-send.s3", note)
    yield asked
    events.unregister("before-send.s3", note)


@pytest.mark.parametrize("client", ["boto3"])  # its requests can be seen
def test_asks_for_no_more_than_it_gives(bucket_url: str) -> None:
    storage = open_storage(bucket_url)
    assert isinstance(storage, S3Storage)
    storage.put("key", b"12345")

    with on_the_wire(storage) as asked:
        assert storage.get("key", first=2) == b"12"
        assert storage.get("key") == b"12345"
    assert asked == [b"bytes=0-1", None]


def test_the_beginning_costs_one_request(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [part(b"12", "bytes 0-1/5")]
    body = unprobed.get("key", first=2)

    assert (body, body.total, body.etag) == (b"12", 5, '"e"')
    assert ranges(faulty) == ["bytes=0-1"]


def test_nothing_of_an_object_is_asked_for_as_its_first_byte(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [part(b"1", "bytes 0-0/5")]
    body = unprobed.get("key", first=0)

    assert (body, body.total) == (b"", 5)
    assert ranges(faulty) == ["bytes=0-0"]


def test_an_empty_object_is_read_without_a_range(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [NO_RANGE, EMPTY]
    body = unprobed.get("key", first=2)

    assert (body, body.total, body.etag) == (b"", 0, '"e"')
    assert ranges(faulty) == ["bytes=0-1", None]


@pytest.mark.parametrize("answers", [[NO_RANGE, WHOLE], [WHOLE]], ids=["grown meanwhile", "no ranges"])
def test_no_more_than_the_beginning_of_a_whole_answer_is_read(
    unprobed: S3Storage, faulty: FaultyServer, answers: list[Answer]
) -> None:
    faulty.answers = answers
    body = unprobed.get("key", first=2, max_size=2)

    assert (body, body.total) == (b"12", 5)


def test_an_object_that_goes_meanwhile_is_missing(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [NO_RANGE, Answer(404, "NoSuchKey")]

    with pytest.raises(ObjectNotFound, match="'key'"):
        unprobed.get("key", first=2)


@pytest.mark.parametrize("content_range", ["bytes 0-1/*", "bytes 2-3/5", "2", "", f"bytes 0-1/{'9' * 5000}"])
def test_a_part_that_is_not_the_beginning_is_an_error(
    unprobed: S3Storage, faulty: FaultyServer, content_range: str
) -> None:
    faulty.answers = [part(b"12", content_range)]

    with pytest.raises(StorageError, match="'key': the answer does not say what part") as caught:
        unprobed.get("key", first=2)
    assert len(str(caught.value)) < 300
    assert len(faulty.requests) == 1


def test_a_part_without_a_range_is_an_error(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [Answer(206, body=b"12", headers={"ETag": '"e"'})]

    with pytest.raises(StorageError, match="does not say what part"):
        unprobed.get("key", first=2)


@pytest.mark.parametrize("limits", [{"first": 4}, {"max_size": 9}])
def test_what_is_cut_short_is_read_again(unprobed: S3Storage, faulty: FaultyServer, limits: dict[str, int]) -> None:
    length = {"Content-Length": "4"}
    faulty.answers = [part(b"hal", "bytes 0-3/4", **length), part(b"half", "bytes 0-3/4")]

    assert unprobed.get("key", **limits) == b"half"
    assert len(faulty.requests) == 2


def test_what_stays_short_is_given_up(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [part(b"hal", "bytes 0-3/9", **{"Content-Length": "4"})]

    with pytest.raises(StorageUnavailable, match="'key'"):
        unprobed.get("key", first=4)
    assert len(faulty.requests) == ATTEMPTS


def test_a_passing_fault_is_tried_again(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [Answer(503, "SlowDown"), NO_RANGE, Answer(500, "InternalError"), NO_RANGE, EMPTY]

    assert unprobed.get("key", first=4) == b""
    assert len(faulty.requests) == 5


def test_a_limit_of_less_than_the_beginning_is_kept(unprobed: S3Storage, faulty: FaultyServer) -> None:
    faulty.answers = [part(b"123", "bytes 0-2/5")]

    with pytest.raises(ObjectTooLarge, match="3 bytes, more than 2"):
        unprobed.get("key", first=3, max_size=2)
