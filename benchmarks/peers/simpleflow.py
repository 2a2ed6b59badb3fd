"""simpleflow, whose steps are the model of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.peer import Facts, Peer
from benchmarks.setting import Setting


@contextmanager
def _start(setting: Setting, environment: Path) -> Iterator[Facts]:
    """simpleflow takes no endpoint but Amazon's; it leaves the choice to boto3, which reads the environment."""
    yield {"bucket": setting.bucket, "environment": {"AWS_ENDPOINT_URL_S3": setting.endpoint_url}}


SIMPLEFLOW = Peer(
    name="simpleflow",
    title="simpleflow 0.36, local executor, steps on S3",
    environment="simpleflow",
    requirements=("simpleflow==0.36.0",),
    job="run_simpleflow.py",
    store="s3",
    shapes=("row",),
    reads=False,
    resumed="run again with all markers there",
    start=_start,
)
