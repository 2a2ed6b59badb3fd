"""What a run notes as it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from datetime import datetime


class LogMarker(Struct, frozen=True, gc=False):
    """A note in the run's history, as `Workflow.record_marker` leaves it."""

    name: str
    details: Any
    at: datetime


class StepNote(Struct, frozen=True, gc=False):
    """What the log marker of a step says: `details` as a dict, kept in less room while the run goes on."""

    step: str
    status: str
    forced: bool
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give the details, as simpleflow has them."""
        return {"step": self.step, "status": self.status, "forced": self.forced, "reasons": list(self.reasons)}


class History:
    """The log markers of a run, oldest first."""

    def __init__(self) -> None:
        self._markers: list[LogMarker] = []

    def record(self, marker: LogMarker) -> None:
        """Add a log marker."""
        self._markers.append(marker)

    def markers(self, *, all: bool = False) -> list[LogMarker]:  # noqa: A002  simpleflow's name
        """Give every log marker, or the last one of each name."""
        chosen = self._markers if all else {marker.name: marker for marker in self._markers}.values()
        return [_shown(marker) for marker in chosen]

    def others(self) -> list[LogMarker]:
        """Give every log marker but those of steps."""
        return [marker for marker in self._markers if not isinstance(marker.details, StepNote)]


def _shown(marker: LogMarker) -> LogMarker:
    return replace(marker, details=marker.details.as_dict()) if isinstance(marker.details, StepNote) else marker
