"""The client of one S3 bucket that is fast, with boto3 at its side for what obstore cannot do."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from obstore.store import S3Store

from simpleflow_steps import log
from simpleflow_steps.exceptions import StorageError
from simpleflow_steps.settings import load_aws_settings
from simpleflow_steps.storage.cloud.client import NO_RETRIES, Elsewhere, NotExact, ObstoreClient, is_forked, is_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from obstore.store import ClientConfig, S3Config

    from simpleflow_steps.settings import AwsSettings
    from simpleflow_steps.storage.protocol import Body, ListedObject
    from simpleflow_steps.storage.s3.clients import Client
    from simpleflow_steps.storage.s3.location import S3Location

T = TypeVar("T")
_DEFAULT_REGION = "us-east-1"
_USUAL_REGION = r"(?:af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-\d"
_AWS = r"https://(?P<host>s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?)/?"
_IN_HOST = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
# less than what obstore keeps back, so that it asks before each request; boto3 knows when to renew
_ASK_AGAIN = timedelta(minutes=1)
_FEW = 16
_REPLACED = "\ufffd"  # stands for what XML cannot hold
# obstore would take these from variables of its own
_ALWAYS = {"conditional_put": "etag", "disable_bulk_delete": True, "skip_signature": False, "unsigned_payload": False}


class FastConnection:
    """Send requests through obstore, and through boto3 those for keys that obstore cannot name, or after a fork.

    :param max_pool_connections: for boto3; obstore opens as many as there are requests under way
    """

    def __init__(self, location: S3Location, max_pool_connections: int) -> None:
        self._location = location
        self._max_pool_connections = max_pool_connections
        self._elsewhere = False
        self._fast = _wire(location)

    @property
    def endpoint_url(self) -> str:
        """Give the server."""
        return self._fast.endpoint_url

    def objects(self, prefix: str) -> Sequence[ListedObject]:
        """List the objects under a prefix."""
        return self._by_prefix(prefix, lambda client: self._objects(client, prefix))

    def folders(self, prefix: str) -> Iterable[str]:
        """Name the folders under a prefix."""
        return self._by_prefix(prefix, lambda client: self._folders(client, prefix))

    def read(self, key: str, *, first: int | None, max_size: int | None) -> Body:
        """Get an object, or its beginning."""
        return self._by_key(key, lambda client: client.read(key, first=first, max_size=max_size))

    def put(self, key: str, body: bytes, **condition: str) -> str:
        """Write an object and give its etag."""
        return self._by_key(key, lambda client: client.put(key, body, **condition))

    def etag(self, key: str) -> str | None:
        """Give an object's etag, None if there is no object."""
        return self._by_key(key, lambda client: client.etag(key))

    def delete(self, key: str) -> None:
        """Remove an object."""
        self._by_key(key, lambda client: client.delete(key))

    @cached_property
    def _exact(self) -> Client:
        from simpleflow_steps.storage.s3.connection import Connection  # noqa: PLC0415

        return Connection(self._location, self._max_pool_connections)

    def _by_key(self, key: str, use: Callable[[Client], T]) -> T:
        return self._either(use, plain=is_plain(self._location.full_key(key)))

    def _by_prefix(self, prefix: str, use: Callable[[Client], T]) -> T:
        full = self._location.full_key(prefix)
        return self._either(use, plain=not full or (full.endswith("/") and is_plain(full[:-1])))

    def _either(self, use: Callable[[Client], T], *, plain: bool) -> T:
        if plain and not self._elsewhere and not is_forked():
            try:
                return use(self._fast)
            except NotExact as error:
                log.debug(f"boto3 is asked instead of obstore: {error}")
            except Elsewhere as error:
                self._elsewhere = True
                log.info(f"boto3 is used instead of obstore, as it finds the bucket by itself: {error}")
        return use(self._exact)

    def _objects(self, client: Client, prefix: str) -> Sequence[ListedObject]:
        found = client.objects(prefix)
        if client is self._fast and not self._is_exact(found):
            raise NotExact(f"{self._location.url}: among the keys there may be some that are not what they seem")
        return found

    def _folders(self, client: Client, prefix: str) -> Iterable[str]:
        found = client.folders(prefix)
        if client is self._fast and any(_REPLACED in name for name in found):
            raise NotExact(f"{self._location.url}: among the folders there are some that XML cannot name")
        return found

    def _is_exact(self, found: Sequence[ListedObject]) -> bool:
        """Tell whether the keys are what they seem.

        Obstore leaves out the last slash of those that stand for folders. Such objects are empty; so are invalidated
        markers, but they are few. And it does not ask the store to escape what XML cannot hold.
        """
        keys = {each.key for each in found}
        empty = [each for each in found if not each.size]
        return (
            len(keys) == len(found)
            and len(empty) <= _FEW
            and not any(_REPLACED in key for key in keys)
            and all(self._fast.etag(each.key) == each.etag for each in empty)
        )


def _wire(location: S3Location) -> ObstoreClient:
    """Make the client; boto3 is loaded only where it alone knows the credentials or the server."""
    aws = load_aws_settings()
    region = location.region or aws.default_region or _DEFAULT_REGION
    endpoint_url = location.endpoint_url or aws.endpoint_url
    certificates, credentials = aws.certificates, None
    if aws.speaks_for_itself and location.profile is None and (endpoint_url or re.fullmatch(_USUAL_REGION, region)):
        config = _keys(aws)
        endpoint_url = endpoint_url or f"https://s3.{region}.amazonaws.com"
    else:
        # obstore's provider loads boto3 too
        from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415

        from simpleflow_steps.storage.s3.lookup import look_up  # noqa: PLC0415

        found = look_up(location)
        certificates = found.certificates
        config, region, endpoint_url = {}, found.region, found.endpoint_url
        credentials = Boto3CredentialProvider(found.session, ttl=_ASK_AGAIN)
    config |= {"region": region, **_ALWAYS, **_addressed(location, endpoint_url)}
    if location.sse is not None:
        config["server_side_encryption"] = location.sse
    trusted = _trusted(certificates, location) if certificates and endpoint_url.startswith("https:") else {}

    def make(options: ClientConfig) -> S3Store:
        return S3Store(
            location.bucket,
            config=cast("S3Config", config),
            client_options=cast("ClientConfig", {**options, **trusted}),
            retry_config=NO_RETRIES,
            credential_provider=credentials,
        )

    return ObstoreClient(make, location.url, location.full_key(""), endpoint_url)


def _trusted(certificates: str, location: S3Location) -> dict[str, bytes]:
    from pathlib import Path  # noqa: PLC0415  for who brings certificates alone

    try:
        return {"root_certificate": Path(certificates).read_bytes()}
    except OSError as error:
        raise StorageError(f"{location.url}: {error}") from error


def _keys(aws: AwsSettings) -> dict[str, Any]:
    keys = {"access_key_id": aws.access_key_id, "secret_access_key": aws.secret_access_key}
    return keys | ({"session_token": aws.session_token} if aws.session_token else {})


def _addressed(location: S3Location, endpoint_url: str) -> dict[str, Any]:
    """Say where the bucket's name goes: before the host, or into the path."""
    style = location.addressing_style
    at_aws = style == "auto" and re.fullmatch(_AWS, endpoint_url)
    virtual = style == "virtual" or (at_aws and re.fullmatch(_IN_HOST, location.bucket))
    if virtual:
        scheme, _, host = endpoint_url.partition("://")
        endpoint_url = f"{scheme}://{location.bucket}.{host}"
    return {"endpoint": endpoint_url.rstrip("/"), "virtual_hosted_style_request": bool(virtual)}
