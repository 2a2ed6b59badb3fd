"""From the text that names a storage to the storage. Each kind is imported by who asks for it, and by nobody else."""

# ruff: noqa: PLC0415

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from msgspec import structs

from simpleflow_steps.exceptions import InvalidStorageURL
from simpleflow_steps.settings import load_settings
from simpleflow_steps.storage.protocol import Storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.storage.s3.location import S3Location

DEFAULT_DIRECTORY = ".simpleflow"
_FORMS = (
    "s3://BUCKET[/PREFIX], gs://BUCKET, az://CONTAINER, file:///DIRECTORY, memory://NAME, or the path of a directory"
)


def open_storage(where: str | os.PathLike[str] | Storage) -> Storage:
    """Give the storage that a URL or a path names; a storage is given back as it is.

    Nothing is read or written yet. A relative path is resolved against the current directory now.

    :param where: `s3://bucket/prefix?endpoint_url=...&region=...`, `file:///dir`, `memory://name`, a path, or a storage
    :raises InvalidStorageURL: naming what is wrong with it
    """
    if isinstance(where, Storage):
        return where
    text = os.fspath(where)
    if not isinstance(text, str) or not text or "\0" in text:
        raise InvalidStorageURL(f"storage {text!r}: use {_FORMS}")
    scheme, separator, _ = text.partition("://")
    if separator and _is_url(scheme):
        return _scheme(scheme.lower())(text)
    if mistaken := re.match(r"(?:s3|gs|az|file|memory):", text):
        raise InvalidStorageURL(f"{mistaken[0]} must be followed by two slashes: use {_FORMS}")
    return _in_directory(text)


def open_bucket(bucket: str, *, like: Storage | None = None) -> Storage:
    """Give the storage of what simpleflow calls a bucket: a bucket name, `host/bucket`, or a URL.

    :param like: a storage that says, if it is a bucket itself, how to reach a bucket of which only the name is given
    :raises InvalidStorageURL: naming what is wrong with it
    """
    from simpleflow_steps.storage.s3.location import parse_bucket
    from simpleflow_steps.storage.s3.storage import S3Storage

    if "://" in bucket:
        return open_storage(bucket)
    location = parse_bucket(bucket)
    if "/" not in bucket and isinstance(like, S3Storage):
        location = structs.replace(like.location, bucket=bucket, prefix="")
    return _in_bucket(location)


def default_storage() -> Storage:
    """Give the storage that the settings name, else the directory `.simpleflow` under the current one."""
    settings = load_settings()
    if settings.storage:
        return open_storage(settings.storage)
    if not settings.step_bucket:
        return open_storage(DEFAULT_DIRECTORY)
    named = settings.step_bucket
    return open_bucket(named if "/" in named else f"{settings.s3_host}/{named}")


def _is_url(scheme: str) -> bool:
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) is not None


def _scheme(scheme: str) -> Callable[[str], Storage]:
    try:
        return _SCHEMES[scheme]
    except KeyError:
        raise InvalidStorageURL(f"unknown storage {scheme}://: use {_FORMS}") from None


def _open_s3(url: str) -> Storage:
    from simpleflow_steps.storage.s3.location import parse_url

    return _in_bucket(parse_url(url))


def _in_bucket(location: S3Location) -> Storage:
    from simpleflow_steps.storage.s3.clients import check_client
    from simpleflow_steps.storage.s3.storage import S3Storage

    if location.sse is None and load_settings().s3_sse:
        location = structs.replace(location, sse="AES256")
    check_client(location)
    return S3Storage(location)


def _open_cloud(url: str) -> Storage:
    from simpleflow_steps.storage.cloud.location import parse_url
    from simpleflow_steps.storage.cloud.storage import CloudStorage

    return CloudStorage(parse_url(url))


def _open_file(url: str) -> Storage:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"} or not parts.path or parts.query or parts.fragment:
        raise InvalidStorageURL(
            f"storage {url!r}: use file:///DIRECTORY, with three slashes, %3F for '?' and %23 for '#'"
        )
    return _in_directory(unquote(parts.path, errors="surrogateescape"))


def _in_directory(path: str) -> Storage:
    from simpleflow_steps.storage.directory import DirectoryStorage

    return DirectoryStorage(path)


def _open_memory(url: str) -> Storage:
    from urllib.parse import unquote

    from simpleflow_steps.storage.memory import MemoryStorage

    name = unquote(url.partition("://")[2])
    if not name:
        raise InvalidStorageURL("memory:// needs a name: use memory://NAME")
    return MemoryStorage(name)


_SCHEMES: dict[str, Callable[[str], Storage]] = {
    "az": _open_cloud,
    "file": _open_file,
    "gs": _open_cloud,
    "memory": _open_memory,
    "s3": _open_s3,
}
