"""What a test server is: a recipe that says how to start it, and the endpoint that comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens, and who may talk to it."""

    name: str
    endpoint_url: str
    access_key: str = "test"
    secret_key: str = "test"


@dataclass(frozen=True)
class Launch:
    """A command that runs the server in the foreground, and the URL at which it will answer."""

    command: Sequence[str]
    endpoint_url: str
    environment: Mapping[str, str] = field(default_factory=dict)


class Recipe(Protocol):
    """Say how to start one kind of server."""

    @property
    def name(self) -> str:
        """Name the server."""

    @property
    def stop_gently(self) -> bool:
        """Say whether the server ends soon after SIGTERM; one that does not gets SIGKILL at once."""

    def why_missing(self) -> str | None:
        """Give the reason why this machine cannot start it, and the cure; None if it can."""

    def prepare(self, folder: Path) -> Launch:
        """Pick free ports and write what the server needs into its own empty folder."""

    def is_ready(self, endpoint_url: str) -> bool:
        """Say whether the server does its work already; quickly, and without raising."""
