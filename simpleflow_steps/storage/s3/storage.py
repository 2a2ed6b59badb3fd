"""The storage in a bucket: our protocol in terms of S3's requests."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import ObjectNotFound, StorageError
from simpleflow_steps.storage.conditions import check_conditions, demand
from simpleflow_steps.storage.keys import check_key, check_prefix, folder_of, in_key_order
from simpleflow_steps.storage.protocol import ListedObject
from simpleflow_steps.storage.reads import check_first
from simpleflow_steps.storage.s3.answers import quoted
from simpleflow_steps.storage.s3.probe import PROBE_KEY, Probe, probe_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from simpleflow_steps.storage.protocol import Body
    from simpleflow_steps.storage.s3.connection import Connection
    from simpleflow_steps.storage.s3.location import S3Location


class S3Storage:
    """Keep objects in a bucket; credentials come from where boto3 finds them.

    On a store that fails the probe of `conditional`, a conditional write looks first and then writes, which is not
    atomic but catches every conflict save those of the same moment.

    :param location: the bucket and how to reach it
    :param max_pool_connections: how many requests may be under way at once without opening a connection for each
    """

    def __init__(self, location: S3Location, *, max_pool_connections: int = 64) -> None:
        self._location = location
        self._max_pool_connections = max_pool_connections
        self._connected: Connection | None = None
        self._probe: Probe | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"S3Storage({self.url!r})"

    @property
    def location(self) -> S3Location:
        """Give the bucket and how to reach it."""
        return self._location

    @property
    def url(self) -> str:
        """Name this storage so that `open_storage(url)` gives the same objects."""
        return self._location.url

    @property
    def conditional(self) -> bool | None:
        """Tell whether the store honours conditional writes; None before the first of them, or if it would not say."""
        return self._probe.outcome if self._probe else None

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        """Give the objects under a prefix in the order of their keys, with one request for each 1,000, made now."""
        check_prefix(self._location.full_key(prefix))
        found = [each for page in self._pages(prefix) for each in self._objects(page)]
        # most stores keep this order; SeaweedFS lists `a/b` before `a-b`, and AWS's directory buckets keep none
        found.sort(key=lambda each: each.key)
        return iter(found)

    def folders(self, prefix: str = "") -> Iterator[str]:
        """Give the folders under a prefix, with one request for each 1,000 of them and of the objects beside them.

        SeaweedFS gives a folder for some minutes more after its last object has gone.
        """
        full = self._location.full_key(prefix)
        check_prefix(full)
        pages = self._pages(prefix, Delimiter="/")
        found = {folder_of(each["Prefix"], full) for page in pages for each in page.get("CommonPrefixes", ())}
        return iter(in_key_order(name for name in found if name is not None))

    def get(self, key: str, *, max_size: int | None = None, first: int | None = None) -> Body:
        """Read an object, or its beginning."""
        self._check_key(key)
        check_first(first)
        return self._connection.read(key, first=first, max_size=max_size)

    def put(self, key: str, body: bytes, *, if_none_match: str | None = None, if_match: str | None = None) -> str:
        """Write an object if the condition holds, and give its new etag."""
        self._check_key(key)
        check_conditions(if_none_match, if_match)
        if if_none_match is None and if_match is None:
            return self._put(key, body)
        if self._honours_conditions() is False:
            demand(self._etag(key), if_none_match, if_match, place=f"{self.url} key {key!r}")
            return self._put(key, body)
        return self._put(key, body, **_given(IfNoneMatch=if_none_match, IfMatch=if_match))

    def delete(self, key: str) -> None:
        """Remove an object if it is there."""
        self._check_key(key)
        try:
            self._connection.request(self._connection.client.delete_object, key)
        except ObjectNotFound:
            return

    @property
    def _connection(self) -> Connection:
        with self._lock:
            if self._connected is None:
                # boto3 takes half a second to load, for nothing where the bucket is never used
                from simpleflow_steps.storage.s3.connection import Connection  # noqa: PLC0415

                self._connected = Connection(self._location, self._max_pool_connections)
            return self._connected

    def _check_key(self, key: str) -> None:
        check_key(key)
        check_key(self._location.full_key(key))

    def _put(self, key: str, body: bytes, **condition: str) -> str:
        encryption = _given(ServerSideEncryption=self._location.sse)
        client = self._connection.client
        answer = self._connection.request(client.put_object, key, Body=body, **encryption, **condition)
        return quoted(answer["ETag"])

    def _etag(self, key: str) -> str | None:
        try:
            return quoted(self._connection.request(self._connection.client.head_object, key)["ETag"])
        except ObjectNotFound:
            return None

    def _honours_conditions(self) -> bool | None:
        if self._probe is None:
            self._probe = probe_of(self._connection.endpoint_url, self._location.bucket, self._location.prefix)
        return self._probe.outcome if self._probe.done else self._probe.ask(self._put, self.url)

    def _pages(self, prefix: str, **how: str) -> Iterator[Mapping[str, Any]]:
        full = self._location.full_key(prefix)
        position: dict[str, str] = {}
        while True:
            page = self._connection.request(self._connection.client.list_objects_v2, Prefix=full, **how, **position)
            yield page
            if not page["IsTruncated"]:
                return
            position = {"ContinuationToken": _next_token(page, self.url)}

    def _objects(self, page: Mapping[str, Any]) -> Iterator[ListedObject]:
        cut = len(self._location.full_key(""))
        for item in page.get("Contents", ()):
            key = item["Key"][cut:]
            if key and key != PROBE_KEY:
                yield ListedObject(key, quoted(item["ETag"]), item["Size"], item["LastModified"])


def _next_token(page: Mapping[str, Any], url: str) -> str:
    token = page.get("NextContinuationToken")
    if not token:
        raise StorageError(f"{url}: the listing is said to go on, but not where")
    return str(token)


def _given(**parameters: str | None) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value is not None}
