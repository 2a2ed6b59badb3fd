"""Where a bucket is and how to reach it, as a URL and as a record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from msgspec import Struct

from simpleflow_steps.exceptions import InvalidStorageURL

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

FORM = "s3://BUCKET[/PREFIX][?endpoint_url=...&region=...]"
_BUCKET = r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]"
_AWS_HOST = r"s3(?:[.-](?P<region>[a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com(?:\.cn)?"
_REGION = r"[a-z]{2}(?:-[a-z]+)+-\d"
_REGION_IN_HOST = r"\bs3[.-](?:[a-z-]+\.)?(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\."
_LOOPBACK = r"(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?"
_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?"
_PRIVATE = r"key|secret|token|password|credential"
_ALLOWED = {
    "addressing_style": ("auto", "path", "virtual"),
    "sse": ("AES256", "aws:kms"),
    "client": ("auto", "boto3", "obstore"),
}
AddressingStyle = Literal["auto", "path", "virtual"]
ClientName = Literal["auto", "boto3", "obstore"]
_CURE = "leave credentials to the environment variables or the profile that boto3 reads"
CLOUD_CURE = "leave credentials to the environment variables that obstore reads"


class S3Location(Struct, frozen=True):
    """Name a bucket, the prefix that all keys share in it, and how to reach it.

    :param endpoint_url: the server, if boto3's own choice is not meant; no credentials in it
    :param region: else what boto3 finds, else `us-east-1`
    :param profile: which of boto3's profiles to use
    :param addressing_style: `path`, `virtual`, or `auto`: path for any endpoint but AWS's own
    :param sse: encryption that every write asks for: `AES256` or `aws:kms`
    :param client: what sends the requests: `boto3`, `obstore` (the extra `fast`), or `auto`: obstore if it is installed
    :raises InvalidStorageURL: if a field cannot be what it says
    """

    bucket: str
    prefix: str = ""
    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    addressing_style: AddressingStyle = "auto"
    sse: str | None = None
    client: ClientName = "auto"

    def __post_init__(self) -> None:
        if not re.fullmatch(_BUCKET, self.bucket):
            raise InvalidStorageURL(
                f"bucket name {self.bucket!r}: use 3 to 255 letters, digits, '-', '.' and '_'; {FORM}"
            )
        for name, allowed in _ALLOWED.items():
            _check_choice(name, getattr(self, name), allowed)
        if self.endpoint_url is not None:
            check_endpoint(self.endpoint_url)

    @property
    def url(self) -> str:
        """Write the location as a URL that `parse_url` reads back."""
        path = f"/{quote(self.prefix)}" if self.prefix else ""
        given = {name: getattr(self, name) for name, usual in PARAMETERS.items() if getattr(self, name) != usual}
        query = f"?{urlencode(given, safe=':/')}" if given else ""
        return f"s3://{self.bucket}{path}{query}"

    def full_key(self, key: str) -> str:
        """Put the prefix before a key."""
        return f"{self.prefix}/{key}" if self.prefix else key


_NOT_IN_QUERY = 2  # the bucket and the prefix
PARAMETERS = dict(
    zip(S3Location.__struct_fields__[_NOT_IN_QUERY:], S3Location.__struct_defaults__[_NOT_IN_QUERY - 1 :], strict=True)
)


def parse_url(url: str) -> S3Location:
    """Read `s3://bucket/prefix?endpoint_url=...`.

    :raises InvalidStorageURL: naming what is wrong; it never repeats what may be a secret
    """
    parts = split_url(url, FORM)
    if "@" in parts.netloc:
        raise InvalidStorageURL(f"an s3:// URL must not hold credentials: {_CURE}")
    if not parts.netloc:
        raise InvalidStorageURL(f"an s3:// URL needs a bucket: {FORM}")
    if parts.fragment:
        raise InvalidStorageURL("'#' in an s3:// URL: write it as %23 if it belongs to the prefix")
    return S3Location(parts.netloc, unquote(parts.path).strip("/"), **read_parameters(parts.query, "s3", PARAMETERS))


def parse_bucket(text: str) -> S3Location:
    """Read `bucket`, or simpleflow's `host/bucket` where the host may also be a region.

    :raises InvalidStorageURL: naming what is wrong
    """
    host, slash, bucket = text.rpartition("/")
    if not slash:
        return S3Location(text)
    if "/" in host or not host:
        raise InvalidStorageURL(f"bucket {text!r}: use BUCKET, HOST/BUCKET or {FORM}")
    if "@" in host:
        raise InvalidStorageURL(f"HOST/BUCKET must not hold credentials: {_CURE}")
    if re.fullmatch(_REGION, host):
        return S3Location(bucket, region=host)
    if aws := re.fullmatch(_AWS_HOST, host):
        # boto3 knows AWS's own hosts best, and AWS_ENDPOINT_URL may stand in for them
        return S3Location(bucket, region=aws["region"])
    scheme = "http" if re.fullmatch(_LOOPBACK, host) else "https"
    region = re.search(_REGION_IN_HOST, host) if host.endswith(".amazonaws.com") else None
    return S3Location(bucket, endpoint_url=f"{scheme}://{host}", region=region and region["region"])


def split_url(url: str, form: str) -> SplitResult:
    """Take a URL apart.

    :raises InvalidStorageURL: if it is none
    """
    try:
        return urlsplit(url)
    except ValueError as error:
        raise InvalidStorageURL(f"not a URL ({error}): use {form}") from None


def read_parameters(query: str, scheme: str, names: Iterable[str]) -> dict[str, Any]:
    """Read what comes after the question mark.

    :param names: the parameters that there are
    :raises InvalidStorageURL: naming what is wrong; it never repeats what may be a secret
    """
    given = parse_qsl(query, keep_blank_values=True)
    for name, value in given:
        if name not in names:
            raise InvalidStorageURL(_unknown(name, scheme, names))
        if not value:
            raise InvalidStorageURL(f"{name}= in an {scheme}:// URL needs a value")
    if len(dict(given)) < len(given):
        raise InvalidStorageURL(f"an {scheme}:// URL gives a parameter twice: {', '.join(name for name, _ in given)}")
    return dict(given)


def _unknown(name: str, scheme: str, names: Iterable[str]) -> str:
    if re.search(_PRIVATE, name, re.IGNORECASE):
        return f"{name}= in an {scheme}:// URL: {_CURE if scheme == 's3' else CLOUD_CURE}"
    return f"unknown parameter {name!r} in an {scheme}:// URL: use {', '.join(names)}"


def _check_choice(name: str, value: str | None, allowed: Container[str]) -> None:
    if value is not None and value not in allowed:
        raise InvalidStorageURL(f"{name}={value!r}: use one of {', '.join(_ALLOWED[name])}")


def check_endpoint(endpoint_url: str) -> None:
    """Refuse what is not the URL of a server.

    :raises InvalidStorageURL: with what is wrong; it never repeats what may be a secret
    """
    parts = split_url(endpoint_url, "endpoint_url=http://HOST:PORT")
    if "@" in parts.netloc:
        raise InvalidStorageURL(f"endpoint_url must not hold credentials: {_CURE}")
    if parts.scheme not in {"http", "https"} or not re.fullmatch(_HOST, parts.netloc) or parts.query or parts.fragment:
        raise InvalidStorageURL(
            f"endpoint_url={endpoint_url.partition('?')[0]!r}: use http://HOST:PORT or https://HOST"
        )
