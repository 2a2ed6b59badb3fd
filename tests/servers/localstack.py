"""LocalStack (S3 and SWF) in host mode, by the script that people start it with."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.protocol import Launch

ROOT = Path(__file__).parents[2]
START = ROOT / "localstack" / "start"
INSTALLED = ROOT / ".localstack-venv" / "requirements.txt"


@dataclass(frozen=True)
class LocalStack:
    """Start `localstack/start --host`."""

    name: str = "localstack"
    stop_gently: bool = True

    def why_missing(self) -> str | None:
        """Say so if it is not installed: a test never installs it."""
        return None if INSTALLED.exists() else "no LocalStack here: run `make servers` (needs Python 3.13)"

    def prepare(self, folder: Path) -> Launch:
        """Pick one port."""
        port = free_port()
        return Launch([str(START), "--host", str(port)], f"http://127.0.0.1:{port}", {"TMPDIR": str(folder)})

    def is_ready(self, endpoint_url: str) -> bool:
        """Ask whether the ready hook has made the bucket and the domain."""
        try:
            with urllib.request.urlopen(f"{endpoint_url}/_localstack/init/ready", timeout=2) as response:
                stage = json.load(response)
        except (OSError, ValueError):
            return False
        return bool(stage["completed"])
