"""Where a measure takes place: a bucket on a real S3 server, a folder on a disk, and how thorough to be."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_numbers = count()


@dataclass(frozen=True)
class Setting:
    """What a measure is given.

    :param endpoint_url: the S3 server
    :param bucket: an empty bucket on it
    :param folder: an empty folder on a disk
    :param quick: whether a small number of steps and rounds will do
    """

    endpoint_url: str
    bucket: str
    folder: Path
    quick: bool

    def pick(self, thorough: int, quick: int) -> int:
        """Choose a number of steps or rounds."""
        return quick if self.quick else thorough

    def prefix(self) -> str:
        """Make a name that nothing in the bucket has."""
        return f"b{next(_numbers):04}"

    def place(self) -> Path:
        """Make an empty folder."""
        path = self.folder / f"d{next(_numbers):04}"
        path.mkdir()
        return path

    def url(self, client: str, prefix: str = "") -> str:
        """Name a prefix of the bucket as the library reads it."""
        return f"s3://{self.bucket}/{prefix}?endpoint_url={self.endpoint_url}&client={client}"

    def clients(self) -> Iterator[str]:
        """Name the S3 clients that the library can be told to use here."""
        yield "boto3"
        if find_spec("obstore"):
            yield "obstore"
