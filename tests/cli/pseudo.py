"""Command lines on terminals of their own."""

from __future__ import annotations

import io
import re
import signal
import sys
from collections.abc import Callable

import pexpect

Terminal = Callable[..., "pexpect.spawn[str]"]
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def spawn(environment: dict[str, str], *args: str, columns: int = 80, rows: int = 24) -> pexpect.spawn[str]:
    """Start a command line on a terminal, and keep what it writes."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "simpleflow_steps", *args],
        env=environment,
        dimensions=(rows, columns),
        encoding="utf-8",
        timeout=20,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    child.logfile_read = io.StringIO()
    return child


def everything(child: pexpect.spawn[str]) -> str:
    """Give all that it wrote, once it has ended."""
    child.expect(pexpect.EOF)
    child.close()
    return child.logfile_read.getvalue()


def rows_of(raw: str) -> list[str]:
    """Split what was written into the rows that it was meant to be."""
    rows = re.split(r"[\r\n]+|\x1b\[\d*A", raw)
    return [ANSI.sub("", row).rstrip() for row in rows]
