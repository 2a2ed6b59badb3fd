"""What a run notes as it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime


class LogMarker(Struct, frozen=True):
    """A note in the run's history, as `Workflow.record_marker` leaves it."""

    name: str
    details: Any
    at: datetime


class StepNote(Struct, frozen=True, gc=False):
    """The log marker of a step, kept in less room while the run goes on."""

    step: str
    status: str
    forced: bool
    reasons: tuple[str, ...]
    at: datetime
    name: ClassVar[str] = "log.step"

    def as_marker(self) -> LogMarker:
        """Give the log marker, as simpleflow has it."""
        details = {"step": self.step, "status": self.status, "forced": self.forced, "reasons": list(self.reasons)}
        return LogMarker(self.name, details, self.at)


class History:
    """The log markers of a run, oldest first; `record` adds one."""

    def __init__(self) -> None:
        self._markers: list[LogMarker | StepNote] = []
        self.record = self._markers.append

    def markers(self, *, all: bool = False) -> list[LogMarker]:  # noqa: A002  simpleflow's name
        """Give every log marker, or the last one of each name."""
        chosen = self._markers if all else {marker.name: marker for marker in self._markers}.values()
        return [marker.as_marker() if isinstance(marker, StepNote) else marker for marker in chosen]

    def others(self) -> list[LogMarker]:
        """Give every log marker but those of steps."""
        return [marker for marker in self._markers if isinstance(marker, LogMarker)]
