"""The storage in a bucket: our protocol in terms of S3's requests."""

from __future__ import annotations

from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING

from simpleflow_steps.exceptions import ObjectNotFound
from simpleflow_steps.storage.conditions import check_conditions, demand
from simpleflow_steps.storage.keys import check_key, check_prefix, in_key_order
from simpleflow_steps.storage.reads import check_first
from simpleflow_steps.storage.s3.clients import connect
from simpleflow_steps.storage.s3.probe import PROBE_KEY, Probe, probe_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simpleflow_steps.storage.protocol import Body, ListedObject
    from simpleflow_steps.storage.s3.clients import Client
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
        self._top = location.full_key("")
        self._max_pool_connections = max_pool_connections
        self._connected: Client | None = None
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
        check_prefix(self._top + prefix)
        found = [each for each in self._connection.objects(prefix) if each.key != PROBE_KEY]
        # most stores keep this order; SeaweedFS lists `a/b` before `a-b`, and AWS's directory buckets keep none
        found.sort(key=attrgetter("key"))
        return iter(found)

    def folders(self, prefix: str = "") -> Iterator[str]:
        """Give the folders under a prefix, with one request for each 1,000 of them and of the objects beside them.

        SeaweedFS gives a folder for some minutes more after its last object has gone.
        """
        check_prefix(self._top + prefix)
        return iter(in_key_order(self._connection.folders(prefix)))

    def get(self, key: str, *, max_size: int | None = None, first: int | None = None) -> Body:
        """Read an object, or its beginning."""
        check_key(key, self._top)
        check_first(first)
        return self._connection.read(key, first=first, max_size=max_size)

    def put(self, key: str, body: bytes, *, if_none_match: str | None = None, if_match: str | None = None) -> str:
        """Write an object if the condition holds, and give its new etag."""
        check_key(key, self._top)
        check_conditions(if_none_match, if_match)
        if if_none_match is None and if_match is None:
            return self._connection.put(key, body)
        if self._honours_conditions() is False:
            demand(self._connection.etag(key), if_none_match, if_match, place=f"{self.url} key {key!r}")
            return self._connection.put(key, body)
        condition = {"IfNoneMatch": "*"} if if_match is None else {"IfMatch": if_match}
        return self._connection.put(key, body, **condition)

    def delete(self, key: str) -> None:
        """Remove an object if it is there."""
        check_key(key, self._top)
        try:
            self._connection.delete(key)
        except ObjectNotFound:
            return

    @property
    def _connection(self) -> Client:
        with self._lock:
            if self._connected is None:
                self._connected = connect(self._location, self._max_pool_connections)
            return self._connected

    def _honours_conditions(self) -> bool | None:
        if self._probe is None:
            self._probe = probe_of(self._connection.endpoint_url, self._location.bucket, self._location.prefix)
        return self._probe.outcome if self._probe.done else self._probe.ask(self._connection.put, self.url)
