"""Where a bucket of Google's or a container of Azure's is, as a URL and as a record."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote, unquote, urlencode

from msgspec import Struct

from simpleflow_steps.exceptions import InvalidStorageURL
from simpleflow_steps.storage.s3.location import CLOUD_CURE, check_endpoint, read_parameters, split_url

Scheme = Literal["az", "gs"]
FORMS: dict[Scheme, str] = {
    "az": "az://CONTAINER[/PREFIX][?account=...&endpoint_url=...]",
    "gs": "gs://BUCKET[/PREFIX]",
}
_NAMES = {"az": r"[a-z0-9](?:-?[a-z0-9]){2,62}", "gs": r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"}
_PARAMETERS = {"az": ("account", "endpoint_url"), "gs": ("endpoint_url",)}
_ACCOUNT = r"[a-z0-9]{3,24}"


class CloudLocation(Struct, frozen=True):
    """Name a bucket or a container, and the prefix that all keys share in it.

    :param account: of Azure's; else what `AZURE_STORAGE_ACCOUNT_NAME` says
    :param endpoint_url: the server, if it is not the cloud's own; no credentials in it
    :raises InvalidStorageURL: if a field cannot be what it says
    """

    scheme: Scheme
    bucket: str
    prefix: str = ""
    account: str | None = None
    endpoint_url: str | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(_NAMES[self.scheme], self.bucket):
            raise InvalidStorageURL(f"bucket name {self.bucket!r}: use small letters, digits and '-'; {self._form}")
        if self.account is not None and not re.fullmatch(_ACCOUNT, self.account):
            raise InvalidStorageURL(f"account={self.account!r}: use 3 to 24 small letters and digits")
        if self.endpoint_url is not None:
            check_endpoint(self.endpoint_url)

    @property
    def url(self) -> str:
        """Write the location as a URL that `parse_url` reads back."""
        path = f"/{quote(self.prefix)}" if self.prefix else ""
        given = {"account": self.account, "endpoint_url": self.endpoint_url}
        query = urlencode({name: value for name, value in given.items() if value is not None}, safe=":/")
        return f"{self.scheme}://{self.bucket}{path}{query and f'?{query}'}"

    @property
    def server(self) -> str:
        """Give the server's URL, as far as it is known here."""
        if self.endpoint_url is not None:
            return self.endpoint_url
        if self.scheme == "gs":
            return "https://storage.googleapis.com"
        return f"https://{self.account}.blob.core.windows.net" if self.account else ""

    def full_key(self, key: str) -> str:
        """Put the prefix before a key."""
        return f"{self.prefix}/{key}" if self.prefix else key

    @property
    def _form(self) -> str:
        return FORMS[self.scheme]


def parse_url(url: str) -> CloudLocation:
    """Read `gs://bucket/prefix` or `az://container/prefix`.

    :raises InvalidStorageURL: naming what is wrong; it never repeats what may be a secret
    """
    scheme: Scheme = "gs" if url[:3].lower() == "gs:" else "az"
    parts = split_url(url, FORMS[scheme])
    if "@" in parts.netloc:
        raise InvalidStorageURL(f"a {scheme}:// URL must not hold credentials: {CLOUD_CURE}")
    if parts.fragment:
        raise InvalidStorageURL(f"'#' in a {scheme}:// URL: write it as %23 if it belongs to the prefix")
    parameters = read_parameters(parts.query, scheme, _PARAMETERS[scheme])
    return CloudLocation(scheme, parts.netloc, unquote(parts.path).strip("/"), **parameters)
