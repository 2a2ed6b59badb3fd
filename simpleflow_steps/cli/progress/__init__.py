"""How a run shows what it does: live on a terminal, in plain lines elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps.cli.progress.plain import PlainProgress, SilentProgress

if TYPE_CHECKING:
    from simpleflow_steps.cli.progress.protocol import Progress
    from simpleflow_steps.cli.tally import Tally

__all__ = ["PlainProgress", "SilentProgress", "make_progress"]


def make_progress(kind: str, tally: Tally) -> Progress:
    """Make the progress of a kind: `live`, `plain` or `silent`."""
    match kind:
        case "live":
            from simpleflow_steps.cli.progress.live import LiveProgress

            return LiveProgress(tally)
        case "plain":
            return PlainProgress(tally)
        case _:
            return SilentProgress()
