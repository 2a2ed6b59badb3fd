"""What really happened, whatever the storage says: a line for each thing, appended and synced before anything else."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any


def note(path: str | Path, what: str, *, sync: bool = True, **facts: Any) -> None:
    """Append a line; a process that is killed a moment later has written it whole.

    `at` is a clock that all processes of a machine share and that no pause stops.
    """
    line = json.dumps({"what": what, "at": time.monotonic(), "pid": os.getpid(), **facts}) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        os.write(descriptor, line.encode())
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: str | Path) -> list[dict[str, Any]]:
    """Give the lines, in order."""
    try:
        text = Path(path).read_text()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.splitlines()]
