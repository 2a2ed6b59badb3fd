"""Read an object, or only its beginning."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, IncompleteReadError

from simpleflow_steps.storage.protocol import Body
from simpleflow_steps.storage.reads import check_size
from simpleflow_steps.storage.s3.answers import age_of, quoted, total_of
from simpleflow_steps.storage.s3.faults import status_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_RANGE_NOT_SATISFIABLE = 416


def read_object(client: S3Client, place: str, first: int | None, max_size: int | None, **where: Any) -> Body:
    """Carry out one GET and read its body; one that ends early is an error that passes.

    :param place: the storage and the key, for messages
    :param where: the bucket and the key
    """
    answer = _ask(client, first, where)
    with closing(answer["Body"]) as stream:
        etag, age = quoted(answer["ETag"]), age_of(answer)
        if first is None and max_size is None:
            return Body(stream.read(), etag, age)
        total = total_of(answer, place)
        size = check_size(total, first, max_size, place=place)
        content = stream.read(size)
        # boto3 compares the length only of what is read to its end
        if len(content) < size:
            raise IncompleteReadError(actual_bytes=len(content), expected_bytes=size)
        return Body(content, etag, age, total)


def _ask(client: S3Client, first: int | None, where: dict[str, Any]) -> Any:
    if first is None:
        return client.get_object(**where)
    try:
        return client.get_object(**where, Range=f"bytes=0-{max(first, 1) - 1}")
    except ClientError as error:
        if status_of(error) != _RANGE_NOT_SATISFIABLE:
            raise
        # an empty object has no first byte to ask for; should it have grown since, no more than the first are read
        return client.get_object(**where)
