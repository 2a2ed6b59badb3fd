"""End what a killed test left running: the processes that inherited this run's mark (on Linux, where it is seen)."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

VARIABLE = "SFS_TEST_RUN"


def mark_this_run() -> str:
    """Mark all processes that start from now on; a run inside a run extends the mark of the outer one."""
    os.environ[VARIABLE] = f"{os.environ.get(VARIABLE, '')}/{uuid4().hex}"
    return os.environ[VARIABLE]


def end_leftovers(mark: str) -> None:
    """Kill the processes with the mark."""
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if _has_mark(environ.read_bytes(), mark) and (pid := int(environ.parent.name)) != os.getpid():
                os.kill(pid, signal.SIGKILL)


def _has_mark(environ: bytes, mark: str) -> bool:
    return any(entry.startswith(f"{VARIABLE}={mark}".encode()) for entry in environ.split(b"\0"))
