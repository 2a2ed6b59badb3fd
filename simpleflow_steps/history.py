"""What a run notes as it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class LogMarker:
    """A note in the run's history, as `Workflow.record_marker` leaves it."""

    name: str
    details: Any
    at: datetime


class History:
    """The log markers of a run, oldest first."""

    def __init__(self) -> None:
        self._markers: list[LogMarker] = []

    def record(self, marker: LogMarker) -> None:
        """Add a log marker."""
        self._markers.append(marker)

    def markers(self, *, all: bool = False) -> list[LogMarker]:  # noqa: A002  simpleflow's name
        """Give every log marker, or the last one of each name."""
        if all:
            return list(self._markers)
        return list({marker.name: marker for marker in self._markers}.values())
