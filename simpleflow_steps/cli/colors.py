"""The colour of each state of a step, a run or an execution, the same wherever a terminal shows it."""

from __future__ import annotations

COLORS = {
    "running": "cyan",
    "done": "green",
    "completed": "green",
    "finished": "green",
    "skipped": "bright_black",
    "no-lease": "bright_black",
    "failed": "red",
    "crashed": "red",
    "corrupt": "red",
    "unreadable": "red",
    "canceled": "yellow",
    "interrupted": "yellow",
    "invalidated": "yellow",
    "stale": "yellow",
    "stolen": "yellow",
    "superseded": "yellow",
    "unfinished": "yellow",
}
