"""moto's server: SWF and S3 without promises under a race."""

from __future__ import annotations

import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.protocol import Launch


@dataclass(frozen=True)
class Moto:
    """Start `moto.server` in a process of its own."""

    name: str = "moto"
    stop_gently: bool = False

    def why_missing(self) -> str | None:
        """Find nothing missing: moto is a development dependency."""
        return None

    def prepare(self, folder: Path) -> Launch:
        """Pick one port."""
        port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        return Launch(command, f"http://127.0.0.1:{port}", {"TMPDIR": str(folder)})

    def is_ready(self, endpoint_url: str) -> bool:
        """Ask for its own page."""
        try:
            with urllib.request.urlopen(f"{endpoint_url}/moto-api/data.json", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False
