"""Where objects live: in a bucket, in a directory, or in memory."""

from __future__ import annotations

from simpleflow_steps.storage.cloud import CloudLocation, CloudStorage
from simpleflow_steps.storage.directory import DirectoryStorage
from simpleflow_steps.storage.memory import MemoryStorage
from simpleflow_steps.storage.opening import default_storage, open_bucket, open_storage
from simpleflow_steps.storage.protocol import Body, ListedObject, Storage
from simpleflow_steps.storage.s3 import S3Location, S3Storage

__all__ = [
    "Body",
    "CloudLocation",
    "CloudStorage",
    "DirectoryStorage",
    "ListedObject",
    "MemoryStorage",
    "S3Location",
    "S3Storage",
    "Storage",
    "default_storage",
    "open_bucket",
    "open_storage",
]
