"""Ports that are free now. Another process may still take one before the server does: a start is tried again."""

from __future__ import annotations

import random
import socket
from collections.abc import Sequence

LOWEST, HIGHEST = 10_240, 22_000  # with 10,000 added they stay below the ports that Linux gives to clients


def free_port() -> int:
    """Give a port that the system has free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_base(offsets: Sequence[int]) -> int:
    """Give a port P such that each P + offset is free."""
    bases = random.SystemRandom().sample(range(LOWEST, HIGHEST), 200)
    for base in bases:
        if all(is_free(base + offset) for offset in offsets):
            return base
    raise OSError(f"no free run of ports between {LOWEST} and {HIGHEST}")


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
