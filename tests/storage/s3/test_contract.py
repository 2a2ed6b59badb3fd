"""The contract of every storage, against real servers."""

from __future__ import annotations

import pytest

from simpleflow_steps.storage import Storage, open_storage
from tests.servers import Endpoint
from tests.storage.contract import StorageContract

SEAWEEDFS_CANNOT = "SeaweedFS keeps keys as paths of a file system: "


class TestS3Storage(StorageContract):
    prefix_bytes = len("/") + 32

    @pytest.fixture(autouse=True)
    def _remember(self, s3_server: Endpoint, client: str) -> None:
        self.server, self.client = s3_server.name, client

    @pytest.fixture
    def storage(self, bucket_url: str) -> Storage:
        return open_storage(bucket_url)

    def unable(self, key: str) -> str | None:
        if self.client == "obstore" and key == "trailing/":
            return "obstore lists a key without the slash at its end; those of empty objects it has listed again"
        return _why_seaweedfs_cannot(key) if self.server == "seaweedfs" else None


def _why_seaweedfs_cannot(key: str) -> str | None:
    if key == "an empty folder":
        return SEAWEEDFS_CANNOT + "an empty directory is a folder for some minutes"
    parts = key.split("/")
    if "\0" in key or {".", ".."} & set(parts):
        return SEAWEEDFS_CANNOT + "it answers 400"
    if "" in parts or "\\" in key:
        return SEAWEEDFS_CANNOT + "it loses empty parts and turns a backslash into a slash"
    if key == "a beside a/b":
        return SEAWEEDFS_CANNOT + "If-None-Match is refused where a directory has the name"
    if max(len(part.encode()) for part in parts) > 255:
        return SEAWEEDFS_CANNOT + "no part of more than 255 bytes"
    return None
