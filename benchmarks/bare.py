"""The floors: what the same client does alone, with the same bytes, conditions, connections and number in flight."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from benchmarks.setting import Setting

IN_FLIGHT = 32  # as many as the local executor's storage threads


class Bare(Protocol):
    """A client of S3 with nothing around it."""

    def create(self, key: str, body: bytes) -> None:
        """Write an object that must not be there."""

    def list(self, prefix: str) -> int:
        """List the objects under a prefix with their etags and sizes, and count them."""


class BareBoto3:
    """boto3, configured as the library configures it: no retries, 64 connections, the quick parser of dates."""

    def __init__(self, setting: Setting) -> None:
        import botocore.session
        from boto3.session import Session
        from botocore.config import Config

        core = botocore.session.Session()
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=datetime.fromisoformat)
        config = Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            max_pool_connections=64,
            tcp_keepalive=True,
        )
        session = Session(botocore_session=core)
        self._bucket = setting.bucket
        self._client = session.client("s3", endpoint_url=setting.endpoint_url, config=config)

    def create(self, key: str, body: bytes) -> None:
        """Write an object that must not be there."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")

    def list(self, prefix: str) -> int:
        """List the objects under a prefix, page after page."""
        found: dict[str, tuple[str, int]] = {}
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            found |= {item["Key"]: (item["ETag"], item["Size"]) for item in page.get("Contents", ())}
        return len(found)


class BareObstore:
    """obstore's synchronous calls, without retries."""

    def __init__(self, setting: Setting) -> None:
        import obstore
        from obstore.store import S3Store

        self._obstore: Any = obstore
        self._store = S3Store(
            setting.bucket,
            endpoint=setting.endpoint_url,
            region="us-east-1",
            access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
            secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )

    def create(self, key: str, body: bytes) -> None:
        """Write an object that must not be there."""
        self._obstore.put(self._store, key, body, mode="create", use_multipart=False)

    def list(self, prefix: str) -> int:
        """List the objects under a prefix, page after page."""
        found = {
            item["path"]: (item["e_tag"], item["size"]) for item in self._obstore.list(self._store, prefix).collect()
        }
        return len(found)


BARE: dict[str, Callable[[Setting], Bare]] = {"boto3": BareBoto3, "obstore": BareObstore}


def quickest(setting: Setting) -> Bare:
    """Give the client that writes many objects soonest, whether the library can use it or not."""
    return BARE["obstore" if find_spec("obstore") else "boto3"](setting)


def create_in_a_row(client: Bare, keys: Iterable[str], body: bytes) -> None:
    """Write objects one after another."""
    for key in keys:
        client.create(key, body)


def create_side_by_side(client: Bare, keys: Iterable[str], body: bytes, in_flight: int = IN_FLIGHT) -> None:
    """Write objects, so many at once."""
    with ThreadPoolExecutor(in_flight) as threads:
        for written in [threads.submit(client.create, key, body) for key in keys]:
            written.result()


def write_files(folder: Path, names: Iterable[str], body: bytes, *, sync_folder: bool = False) -> None:
    """Write files one after another, each safe on the disk and then renamed.

    :param sync_folder: whether the new name is made safe too, as it must be to survive a crash of the machine
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        temporary = folder / f"%{name}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(descriptor, body)
        os.fsync(descriptor)
        os.close(descriptor)
        temporary.rename(folder / name)
        if sync_folder:
            descriptor = os.open(folder, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
