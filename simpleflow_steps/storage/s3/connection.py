"""The client of one bucket: the only module that loads boto3, and of that botocore alone.

What boto3 itself adds, resources and transfers of files, takes a fifth of the time in which a process comes to its
first request.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp

from simpleflow_steps.exceptions import ObjectNotFound, StorageError
from simpleflow_steps.storage.keys import folder_of
from simpleflow_steps.storage.protocol import ListedObject
from simpleflow_steps.storage.retries import carry_out
from simpleflow_steps.storage.s3.answers import quoted
from simpleflow_steps.storage.s3.faults import is_transient, translate
from simpleflow_steps.storage.s3.models import loader
from simpleflow_steps.storage.s3.reading import read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_s3.client import S3Client

    from simpleflow_steps.storage.protocol import Body
    from simpleflow_steps.storage.s3.location import S3Location

_DEFAULT_REGION = "us-east-1"


class Connection:
    """Send requests to S3, again when they fail for a passing reason, and raise only our own errors."""

    def __init__(self, location: S3Location, max_pool_connections: int) -> None:
        self._location = location
        self._url = location.url
        try:
            self.client = make_client(make_session(location), location, max_pool_connections)
        except (BotoCoreError, ValueError) as error:
            raise translate(error, location.url, {}) from error

    @property
    def endpoint_url(self) -> str:
        """Give the server that boto3 has chosen."""
        return str(self.client.meta.endpoint_url)

    def request(self, method: Callable[..., Any], key: str | None = None, **parameters: Any) -> Any:
        """Carry out one of the client's operations on the bucket.

        :param method: a method of `client`, or a function around one that also reads the body, as reading may fail too
        :param key: the key below the prefix; none for a listing
        """
        place, where = self._url, {"Bucket": self._location.bucket}
        if key is not None:
            place, where = self._place(key), {**where, "Key": self._location.full_key(key)}
        try:
            return carry_out(partial(method, **where, **parameters), place, is_transient)
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise translate(error, place, parameters) from error

    def objects(self, prefix: str) -> list[ListedObject]:
        """List the objects under a prefix, in the store's order, with one request for each 1,000."""
        return [each for page in self._pages(prefix) for each in self._objects(page)]

    def folders(self, prefix: str) -> set[str]:
        """Name the folders under a prefix, with one request for each 1,000 of them and of the objects beside them."""
        full = self._location.full_key(prefix)
        pages = self._pages(prefix, Delimiter="/")
        found = {folder_of(each["Prefix"], full) for page in pages for each in page.get("CommonPrefixes", ())}
        return {name for name in found if name is not None}

    def read(self, key: str, *, first: int | None, max_size: int | None) -> Body:
        """Get an object, or its beginning."""
        read = partial(read_object, self.client, self._place(key), first, max_size)
        body: Body = self.request(read, key)
        return body

    def put(self, key: str, body: bytes, **condition: str) -> str:
        """Write an object and give its etag.

        :param condition: `IfNoneMatch` or `IfMatch`
        """
        encryption = {} if self._location.sse is None else {"ServerSideEncryption": self._location.sse}
        answer = self.request(self.client.put_object, key, Body=body, **encryption, **condition)
        return quoted(answer["ETag"])

    def etag(self, key: str) -> str | None:
        """Give an object's etag, None if there is no object."""
        try:
            return quoted(self.request(self.client.head_object, key)["ETag"])
        except ObjectNotFound:
            return None

    def delete(self, key: str) -> None:
        """Remove an object."""
        self.request(self.client.delete_object, key)

    def _place(self, key: str) -> str:
        return f"{self._url} key {key!r}"

    def _pages(self, prefix: str, **how: str) -> Iterator[Mapping[str, Any]]:
        full = self._location.full_key(prefix)
        position: dict[str, str] = {}
        while True:
            page = self.request(self.client.list_objects_v2, Prefix=full, **how, **position)
            yield page
            if not page["IsTruncated"]:
                return
            position = {"ContinuationToken": _next_token(page, self._url)}

    def _objects(self, page: Mapping[str, Any]) -> Iterator[ListedObject]:
        cut = len(self._location.full_key(""))
        for item in page.get("Contents", ()):
            if key := item["Key"][cut:]:
                yield ListedObject(key, quoted(item["ETag"]), item["Size"], item["LastModified"])


def _next_token(page: Mapping[str, Any], url: str) -> str:
    token = page.get("NextContinuationToken")
    if not token:
        raise StorageError(f"{url}: the listing is said to go on, but not where")
    return str(token)


def make_session(location: S3Location) -> botocore.session.Session:
    """Make what finds the credentials and the settings that boto3 knows."""
    core = botocore.session.Session(profile=location.profile)
    core.register_component("data_loader", loader(core.get_config_variable("data_path")))
    # nine tenths of a listing's time would go into botocore's parser of dates, which takes any format
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_parse_timestamp)
    return core


def make_client(core: botocore.session.Session, location: S3Location, max_pool_connections: int) -> S3Client:
    """Make boto3's client for a bucket."""
    config = Config(
        # a hidden retry would turn the success of a conditional write into a 412
        retries={"total_max_attempts": 1, "mode": "standard"},
        # many stores that speak S3 do not know the newer checksums
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3=None if location.addressing_style == "auto" else {"addressing_style": location.addressing_style},
        max_pool_connections=max_pool_connections,
        connect_timeout=5,
        read_timeout=30,
        tcp_keepalive=True,
    )
    region = location.region or core.get_config_variable("region") or _DEFAULT_REGION
    client = core.create_client("s3", region_name=region, endpoint_url=location.endpoint_url, config=config)
    return cast("S3Client", client)


def _parse_timestamp(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return parse_timestamp(value)
    return moment if moment.tzinfo else parse_timestamp(value)
