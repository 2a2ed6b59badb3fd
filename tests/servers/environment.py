"""How the tests learn of servers that run already, and whether a missing one matters."""

from __future__ import annotations

import os


def variable_of(name: str) -> str:
    """Name the variable that holds the URL of a server, or nothing if it could not start."""
    return f"SFS_TEST_{name.upper()}"


def in_ci() -> bool:
    """Say whether this runs unattended, where a missing server is an error and not a reason to skip."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}
