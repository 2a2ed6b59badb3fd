"""What S3's answers say of an object. Pure, and no boto3: the answers are mappings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARTIAL = 206
_FROM_THE_START = re.compile(r"bytes 0-[0-9]+/(?P<total>[0-9]{1,18})")


def quoted(etag: str) -> str:
    """Write an etag as S3 does: some stores leave the quotes out of some answers."""
    return etag if etag.startswith(('"', "W/")) else f'"{etag}"'


def age_of(answer: Mapping[str, Any]) -> float | None:
    """Give how long ago an object was written, by the store's clock alone."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  boto3 has loaded it; obstore's answers need it not

    try:
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        return max(0.0, float((now - answer["LastModified"]).total_seconds()))
    except (KeyError, TypeError, ValueError):  # a store may leave either out, or write it in its own way
        return None


def total_of(answer: Mapping[str, Any], place: str) -> int:
    """Give the size of the whole object, be the answer all of it or its beginning.

    :param place: the storage and the key, for the message
    :raises StorageError: if the answer does not say, or is some other part of the object
    """
    part = answer.get("ContentRange")
    if part is None and answer["ResponseMetadata"]["HTTPStatusCode"] != _PARTIAL and "ContentLength" in answer:
        return int(answer["ContentLength"])
    found = _FROM_THE_START.fullmatch(part or "")
    if found is None:
        said = f"Content-Range: {part and part[:60]!r}"
        raise StorageError(f"{place}: the answer does not say what part of the object it is ({said})")
    return int(found["total"])
