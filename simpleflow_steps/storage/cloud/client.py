"""The requests that obstore sends, to any store that it knows. Its calls that wait only: the others do not end well."""

from __future__ import annotations

import os
import re
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import InvalidPathError

from simpleflow_steps.exceptions import ObjectNotFound, StorageError
from simpleflow_steps.storage.cloud.clock import StoreClock, dated_now
from simpleflow_steps.storage.cloud.faults import (
    DEBUG,
    ERRORS,
    is_elsewhere,
    is_transient,
    is_whole,
    status_of,
    translate,
)
from simpleflow_steps.storage.conditions import demand
from simpleflow_steps.storage.protocol import ListedObject
from simpleflow_steps.storage.reads import check_size
from simpleflow_steps.storage.retries import carry_out
from simpleflow_steps.storage.s3.answers import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from obstore.store import ClientConfig, RetryConfig

    from simpleflow_steps.storage.cloud.versions import Versions
    from simpleflow_steps.storage.protocol import Body

T = TypeVar("T")
# a hidden retry would turn the success of a conditional write into a 412
NO_RETRIES: RetryConfig = {"max_retries": 0}
_RANGE_NOT_SATISFIABLE = 416
# a folder of obstore's has no empty name, no dots that mean another folder, and nothing that cannot be printed
_STRANGE = re.compile(r"[\x00-\x1f\x7f]|(?:^|/)\.{0,2}(?:/|\Z)")
_TIMEOUT = "30s"
_PATIENT_TIMEOUT = "10min"
_LARGE = 1024 * 1024
_PAGE = 1000
_process = os.getpid()


class Elsewhere(StorageError):
    """Tell that the store serves this bucket from another region."""


class NotExact(StorageError):
    """Tell that there are keys which obstore cannot tell from others."""


def is_forked() -> bool:
    """Tell whether this process was forked from one that has loaded obstore: a request would wait for ever."""
    return os.getpid() != _process


def is_plain(key: str) -> bool:
    """Tell whether obstore can name this key."""
    return _STRANGE.search(key) is None


class ObstoreClient:
    """Send requests for the keys below a prefix, again when they fail for a passing reason; raise our own errors.

    :param make: makes obstore's own object for the bucket, with its retries off
    :param url: names the storage in errors
    :param top: what all keys begin with
    :param versions: where a replacement is conditional on a version instead of an etag, those that are known
    """

    def __init__(
        self,
        make: Callable[[ClientConfig], Any],
        url: str,
        top: str,
        endpoint_url: str,
        versions: Versions | None = None,
    ) -> None:
        self._make = make
        self._url = url
        try:
            self._store = make(_options(endpoint_url, _TIMEOUT))
        except (*ERRORS, ValueError) as error:
            raise translate(error, url, conditional=False) from error
        self._top = top
        self._versions = versions
        self._clock = StoreClock(endpoint_url)
        self.endpoint_url = endpoint_url

    @cached_property
    def _patient_store(self) -> Any:
        """Give what has the time for a large body: to obstore, waiting for the answer begins with the request."""
        return self._make(_options(self.endpoint_url, _PATIENT_TIMEOUT))

    def objects(self, prefix: str) -> list[ListedObject]:
        """List the objects under a prefix, with one request for each 1,000 in its folder."""
        full = self._top + prefix
        folder = full[: full.rfind("/") + 1]
        return self._request(lambda: self._listed(folder, full), self._url)

    def folders(self, prefix: str) -> set[str]:
        """Name the folders under a prefix, with one request for each 1,000 of what is in the folder that it ends in."""
        full = self._top + prefix
        start = full.rfind("/") + 1
        ask = partial(obstore.list_with_delimiter, self._store, full[:start] or None)
        found: Any = self._request(ask, self._url)
        return {each[start:] for each in found["common_prefixes"] if each.startswith(full)}

    def read(self, key: str, *, first: int | None, max_size: int | None) -> Body:
        """Get an object, or its beginning."""
        place = self._place(key)
        return self._request(partial(self._read, self._top + key, place, first, max_size), place)

    def put(self, key: str, body: bytes, **condition: str) -> str:
        """Write an object and give its etag.

        :param condition: `IfNoneMatch` or `IfMatch`
        """
        etag, path = condition.get("IfMatch"), self._top + key
        mode: Any = self._replacement(key, etag) if etag is not None else "create" if condition else "overwrite"
        store = self._patient_store if len(body) > _LARGE else self._store
        send = partial(obstore.put, store, path, body, mode=mode, use_multipart=False)
        answer: Any = self._request(send, self._place(key), conditional=etag is not None)
        written = quoted(answer["e_tag"])
        if self._versions is not None:
            self._versions.remember(path, written, answer["version"])
        return written

    def etag(self, key: str) -> str | None:
        """Give an object's etag, None if there is no object."""
        try:
            meta = self._request(partial(obstore.head, self._store, self._top + key), self._place(key))
        except ObjectNotFound:
            return None
        return quoted(str(meta["e_tag"]))

    def delete(self, key: str) -> None:
        """Remove an object."""
        self._request(partial(obstore.delete, self._store, self._top + key), self._place(key))

    def _listed(self, folder: str, full: str) -> list[ListedObject]:
        """Make ours of one page after the other: those of obstore are thrice as large."""
        cut = len(self._top)
        pages: Any = obstore.list(self._store, folder or None, chunk_size=_PAGE)
        return [
            ListedObject(each["path"][cut:], quoted(each["e_tag"]), each["size"], each["last_modified"])
            for page in pages
            for each in page
            if each["path"].startswith(full)
        ]

    def _read(self, path: str, place: str, first: int | None, max_size: int | None) -> Body:
        answer = self._ask(path, first)
        meta = answer.meta
        size = check_size(meta["size"], first, max_size, place=place)
        content = answer.bytes() if answer.range[1] == size else _beginning(answer, size)
        return dated_now(content, quoted(meta["e_tag"]), meta["size"], meta["last_modified"], self._clock)

    def _ask(self, path: str, first: int | None) -> Any:
        if first is None:
            return obstore.get(self._store, path)
        try:
            return obstore.get(self._store, path, options={"range": (0, max(first, 1))})
        except ERRORS as error:
            if status_of(error) != _RANGE_NOT_SATISFIABLE and not is_whole(error):
                raise
        # an empty object has no first byte to ask for, and some stores know no ranges
        return obstore.get(self._store, path)

    def _replacement(self, key: str, etag: str) -> Any:
        """Say what is to be replaced."""
        if self._versions is None:
            return {"e_tag": etag}
        if version := self._versions.of(self._top + key, etag):
            return {"e_tag": etag, "version": version}
        self._versions.warn(self._url)
        demand(self.etag(key), None, etag, place=self._place(key))
        return "overwrite"

    def _request(self, method: Callable[[], T], place: str, *, conditional: bool = False) -> T:
        if is_forked():
            raise StorageError(f"{place}: obstore cannot be used after a fork: start processes with 'spawn'")
        try:
            return carry_out(method, place, is_transient)
        except InvalidPathError as error:
            raise NotExact(f"{place}: {error.args[0].partition(DEBUG)[0]}") from error
        except ERRORS as error:
            if is_elsewhere(error):
                raise Elsewhere(f"{place}: the bucket is in another region: name it with region=") from error
            raise translate(error, place, conditional=conditional) from error

    def _place(self, key: str) -> str:
        return f"{self._url} key {key!r}"


def _options(endpoint_url: str, read_timeout: str) -> ClientConfig:
    return {
        "allow_http": endpoint_url.startswith("http:"),
        "connect_timeout": "5s",
        "read_timeout": read_timeout,
        "timeout": "1h",
    }


def _beginning(answer: Any, size: int) -> bytes:
    """Read no more of an answer than is wanted."""
    content = bytearray()
    for chunk in answer.stream(min_chunk_size=max(size, 1)) if size else ():
        content += chunk
        if len(content) >= size:
            break
    return bytes(content[:size])
