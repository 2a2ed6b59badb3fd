"""What sends the requests of one bucket, and who that is: boto3, or obstore where it is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from simpleflow_steps.exceptions import InvalidStorageURL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from simpleflow_steps.storage.protocol import Body, ListedObject
    from simpleflow_steps.storage.s3.location import S3Location

FAST = "install the extra: pip install 'simpleflow_steps[fast]'"


class Client(Protocol):
    """Send requests for the keys below a prefix, again when they fail for a passing reason; raise our own errors."""

    @property
    def endpoint_url(self) -> str:
        """Give the server."""

    def objects(self, prefix: str) -> Sequence[ListedObject]:
        """List the objects under a prefix, in any order."""

    def folders(self, prefix: str) -> Iterable[str]:
        """Name the folders under a prefix, each once, in any order."""

    def read(self, key: str, *, first: int | None, max_size: int | None) -> Body:
        """Get an object, or its beginning."""

    def put(self, key: str, body: bytes, **condition: str) -> str:
        """Write an object and give its etag; a condition is `IfNoneMatch` or `IfMatch`."""

    def etag(self, key: str) -> str | None:
        """Give an object's etag, None if there is no object."""

    def delete(self, key: str) -> None:
        """Remove an object; a missing one may be an `ObjectNotFound`."""


def has_obstore() -> bool:
    """Tell whether the extra `fast` is installed."""
    return find_spec("obstore") is not None


def check_client(location: S3Location) -> None:
    """Refuse a client that is not installed.

    :raises InvalidStorageURL: naming the extra
    """
    if location.client == "obstore" and not has_obstore():
        raise InvalidStorageURL(f"client=obstore in an s3:// URL needs obstore: {FAST}")


def connect(location: S3Location, max_pool_connections: int) -> Client:
    """Load the client that a location asks for; either takes its time, for nothing where the bucket is never used."""
    check_client(location)
    if location.client == "boto3" or not has_obstore():
        from simpleflow_steps.storage.s3.connection import Connection  # noqa: PLC0415

        return Connection(location, max_pool_connections)
    from simpleflow_steps.storage.cloud.s3 import FastConnection  # noqa: PLC0415

    return FastConnection(location, max_pool_connections)
