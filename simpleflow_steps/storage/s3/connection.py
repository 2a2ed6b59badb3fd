"""The client of one bucket: the only module that loads boto3."""

from __future__ import annotations

from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import botocore.session
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader, create_loader
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_random_exponential

from simpleflow_steps import log
from simpleflow_steps.storage.fence import pass_fence
from simpleflow_steps.storage.s3.faults import is_transient, translate
from simpleflow_steps.storage.s3.reading import read_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3.client import S3Client

    from simpleflow_steps.storage.protocol import Body
    from simpleflow_steps.storage.s3.location import S3Location

ATTEMPTS = 6
GIVE_UP_AFTER = 45.0
_DEFAULT_REGION = "us-east-1"


class Connection:
    """Send requests to S3, again when they fail for a passing reason, and raise only our own errors."""

    def __init__(self, location: S3Location, max_pool_connections: int) -> None:
        self._location = location
        try:
            self.client = _make_client(location, max_pool_connections)
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
        place, where = self._location.url, {"Bucket": self._location.bucket}
        if key is not None:
            place, where = self._place(key), {**where, "Key": self._location.full_key(key)}
        try:
            return _retrying(place)(method, **where, **parameters)
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            raise translate(error, place, parameters) from error

    def read(self, key: str, *, first: int | None, max_size: int | None) -> Body:
        """Get an object, or its beginning."""
        read = partial(read_object, self.client, self._place(key), first, max_size)
        body: Body = self.request(read, key)
        return body

    def _place(self, key: str) -> str:
        return f"{self._location.url} key {key!r}"


def _retrying(place: str) -> Retrying:
    def tell(state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        log.debug(f"S3 request failed, trying again: {place}: {error}", attempt=state.attempt_number)

    return Retrying(
        stop=stop_after_attempt(ATTEMPTS) | stop_after_delay(GIVE_UP_AFTER),
        wait=wait_random_exponential(multiplier=0.25, max=4),
        retry=retry_if_exception(is_transient),
        before=lambda _: pass_fence(),
        before_sleep=tell,
        reraise=True,
    )


def _make_client(location: S3Location, max_pool_connections: int) -> S3Client:
    core = botocore.session.Session(profile=location.profile)
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
    # nine tenths of a listing's time would go into botocore's parser of dates, which takes any format
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_parse_timestamp)
    session = Session(botocore_session=core)
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
    region = location.region or session.region_name or _DEFAULT_REGION
    return session.client("s3", region_name=region, endpoint_url=location.endpoint_url, config=config)


@cache
def _loader(data_path: str | None) -> Loader:
    """Share what boto3 reads from its own files, so that the second client costs a sixth of the first."""
    return create_loader(data_path)


def _parse_timestamp(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return parse_timestamp(value)
    return moment if moment.tzinfo else parse_timestamp(value)
