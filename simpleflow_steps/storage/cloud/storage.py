"""The storage in a bucket of Google's or a container of Azure's."""

from __future__ import annotations

from operator import attrgetter
from threading import Lock
from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import InvalidInput, InvalidStorageURL, ObjectNotFound
from simpleflow_steps.storage.cloud.versions import Versions
from simpleflow_steps.storage.conditions import check_conditions
from simpleflow_steps.storage.keys import check_key, check_prefix, in_key_order
from simpleflow_steps.storage.reads import check_first
from simpleflow_steps.storage.s3.clients import FAST, has_obstore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore.store import ClientConfig

    from simpleflow_steps.storage.cloud.client import ObstoreClient
    from simpleflow_steps.storage.cloud.location import CloudLocation
    from simpleflow_steps.storage.protocol import Body, ListedObject


class CloudStorage:
    """Keep objects at Google or Azure; credentials come from where obstore finds them.

    A key has no empty part, no `.` or `..` as a part and no control character. A listing gives an object whose name
    ends in a slash, such as other tools leave for a folder, without that slash. At Google, what another process wrote
    is replaced by looking first and then writing, which is not atomic; a warning says so.

    :param location: the bucket
    :raises InvalidStorageURL: if the extra `fast` is not installed
    """

    def __init__(self, location: CloudLocation) -> None:
        if not has_obstore():
            raise InvalidStorageURL(f"{location.scheme}:// needs obstore: {FAST}")
        self._location = location
        self._top = location.full_key("")
        self._connected: ObstoreClient | None = None
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"CloudStorage({self.url!r})"

    @property
    def location(self) -> CloudLocation:
        """Give the bucket and how to reach it."""
        return self._location

    @property
    def url(self) -> str:
        """Name this storage so that `open_storage(url)` gives the same objects."""
        return self._location.url

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        """Give the objects under a prefix in the order of their keys; its whole last folder is read, now."""
        check_prefix(self._top + prefix)
        return iter(sorted(self._client.objects(prefix), key=attrgetter("key")))

    def folders(self, prefix: str = "") -> Iterator[str]:
        """Give the folders under a prefix."""
        check_prefix(self._top + prefix)
        return iter(in_key_order(self._client.folders(prefix)))

    def get(self, key: str, *, max_size: int | None = None, first: int | None = None) -> Body:
        """Read an object, or its beginning."""
        self._check_key(key)
        check_first(first)
        return self._client.read(key, first=first, max_size=max_size)

    def put(self, key: str, body: bytes, *, if_none_match: str | None = None, if_match: str | None = None) -> str:
        """Write an object if the condition holds, and give its new etag."""
        self._check_key(key)
        check_conditions(if_none_match, if_match)
        given = {"IfNoneMatch": if_none_match, "IfMatch": if_match}
        return self._client.put(key, body, **{name: value for name, value in given.items() if value is not None})

    def delete(self, key: str) -> None:
        """Remove an object if it is there."""
        self._check_key(key)
        try:
            self._client.delete(key)
        except ObjectNotFound:
            return

    @property
    def _client(self) -> ObstoreClient:
        with self._lock:
            if self._connected is None:
                self._connected = _connect(self._location)
            return self._connected

    def _check_key(self, key: str) -> None:
        from simpleflow_steps.storage.cloud.client import is_plain  # noqa: PLC0415  it loads obstore

        check_key(key, self._top)
        if not is_plain(self._top + key):
            raise InvalidInput(f"key {key!r}: {self.url} takes no empty part, '.', '..' or control character")


def _connect(location: CloudLocation) -> ObstoreClient:
    from obstore.store import AzureStore, GCSStore  # noqa: PLC0415

    from simpleflow_steps.storage.cloud.client import NO_RETRIES, ObstoreClient  # noqa: PLC0415

    at_google = location.scheme == "gs"
    kind: Any = GCSStore if at_google else AzureStore
    given = {"account_name": location.account, "base_url" if at_google else "endpoint": location.endpoint_url}
    config = {name: value for name, value in given.items() if value is not None}

    def make(options: ClientConfig) -> Any:
        return kind(location.bucket, config=config, client_options=options, retry_config=NO_RETRIES)

    return ObstoreClient(make, location.url, location.full_key(""), location.server, Versions() if at_google else None)
