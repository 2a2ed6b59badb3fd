"""What a peer is: its packages, its job, and where it keeps what is done."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from benchmarks.setting import Setting

Facts = dict[str, Any]


class PeerMissing(Exception):
    """A peer cannot run on this machine."""


@contextmanager
def nothing_to_start(setting: Setting, environment: Path) -> Iterator[Facts]:
    """Start nothing: the peer needs a folder, or the bucket."""
    yield {"endpoint_url": setting.endpoint_url, "bucket": setting.bucket}


@dataclass(frozen=True)
class Peer:
    """Another way to run the job.

    :param name: what the race is called
    :param title: the peer with its store
    :param environment: its environment, in which `requirements` are installed
    :param job: its script in `jobs/`, which gets one JSON argument and prints its seconds as JSON
    :param store: `s3`, `disk`, or `memory`, which is not durable
    :param shapes: `row`, one step after another, and `group`, side by side, if it can
    :param reads: whether its second run has all results in hand at its end, so that ours must read them too
    :param resumed: what its second run is
    :param start: starts the servers that it needs and tells its job where they are
    """

    name: str
    title: str
    environment: str
    requirements: tuple[str, ...]
    job: str
    store: Literal["s3", "disk", "memory"]
    shapes: tuple[str, ...]
    reads: bool
    resumed: str
    start: Callable[[Setting, Path], AbstractContextManager[Facts]] = nothing_to_start
