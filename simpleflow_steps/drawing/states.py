"""The states that a picture shows, each with a symbol beside its colour, for those who cannot tell colours apart."""

from __future__ import annotations

from dataclasses import dataclass

DONE, RUNNING, FAILED, SKIPPED = "done", "running", "failed", "skipped"
INVALIDATED, UNFINISHED, TODO, UNKNOWN = "invalidated", "unfinished", "not done", "unknown"


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is drawn: a symbol, and colours as `#rrggbb`."""

    symbol: str
    fill: str
    line: str
    dashed: bool = False


LOOKS = {
    DONE: Look("✓", "#d9f0e6", "#0b6e4f"),
    RUNNING: Look("▸", "#d9e9fc", "#0b5cad"),
    FAILED: Look("✗", "#fbdcd3", "#b3310b"),
    SKIPPED: Look("↷", "#eceff2", "#66717d"),
    INVALIDATED: Look("↺", "#fbeecb", "#8a5a00"),
    UNFINISHED: Look("◐", "#eee5fa", "#6b43a8", dashed=True),
    TODO: Look("○", "#ffffff", "#66717d", dashed=True),
    UNKNOWN: Look("?", "#ffffff", "#66717d", dashed=True),
}
STATE_OF_RECORD = {
    "running": RUNNING,
    "completed": DONE,
    "skipped": SKIPPED,
    "failed": FAILED,
    "invalidated": INVALIDATED,
}
"""What a step of a run's record is called here; it may hold anything else too, which is unknown."""
