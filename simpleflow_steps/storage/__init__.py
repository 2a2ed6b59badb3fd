"""Where objects live: in a bucket, in a directory, or in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps.lazy import loader

if TYPE_CHECKING:
    from simpleflow_steps.storage.cloud.location import CloudLocation
    from simpleflow_steps.storage.cloud.storage import CloudStorage
    from simpleflow_steps.storage.directory import DirectoryStorage
    from simpleflow_steps.storage.memory import MemoryStorage
    from simpleflow_steps.storage.opening import default_storage, open_bucket, open_storage
    from simpleflow_steps.storage.protocol import Body, ListedObject, Storage
    from simpleflow_steps.storage.s3.location import S3Location
    from simpleflow_steps.storage.s3.storage import S3Storage

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

# A run needs one kind of storage, and pays for no other.
_HOMES = {
    "Body": "simpleflow_steps.storage.protocol",
    "CloudLocation": "simpleflow_steps.storage.cloud.location",
    "CloudStorage": "simpleflow_steps.storage.cloud.storage",
    "DirectoryStorage": "simpleflow_steps.storage.directory",
    "ListedObject": "simpleflow_steps.storage.protocol",
    "MemoryStorage": "simpleflow_steps.storage.memory",
    "S3Location": "simpleflow_steps.storage.s3.location",
    "S3Storage": "simpleflow_steps.storage.s3.storage",
    "Storage": "simpleflow_steps.storage.protocol",
    "default_storage": "simpleflow_steps.storage.opening",
    "open_bucket": "simpleflow_steps.storage.opening",
    "open_storage": "simpleflow_steps.storage.opening",
}

__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
