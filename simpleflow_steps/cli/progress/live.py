"""Progress on a terminal: what is over scrolls by, the tree of what runs stays below it, with the totals."""

from __future__ import annotations

import functools
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from simpleflow_steps.cli.progress.lines import STYLES, Line, lines_of
from simpleflow_steps.cli.progress.picture import Totals, draw
from simpleflow_steps.cli.progress.scene import Stage
from simpleflow_steps.cli.progress.screen import Screen
from simpleflow_steps.events import RunFinished, RunStarted, StepStarted
from simpleflow_steps.execution.account import COMPLETED, FAILED, RUNNING, SKIPPED, WAITING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from rich.text import Text

    from simpleflow_steps.cli.progress.picture import Frame
    from simpleflow_steps.cli.tally import Tally
    from simpleflow_steps.events import Event

DETAIL = Style(color="bright_black")


class LiveProgress:
    """Take note of events for the next picture, so that a run of many steps is not held up by its terminal."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._lock = threading.Lock()
        self._events: list[Event] = []
        self._stage = Stage()
        self._began = time.monotonic()
        self._screen = Screen(sys.stderr, self._lines, self._picture)

    def __enter__(self) -> Self:
        self._screen.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left, and take the picture away."""
        self._screen.__exit__()

    def follow(self, event: Event) -> None:
        """Take note of what happened, for the next picture."""
        with self._lock:
            self._events.append(event)
            self._stage.hear(event)

    def _lines(self) -> list[Segment]:
        with self._lock:
            events, self._events = self._events, []
        root = self._tally.workflow_id
        return [part for event in events for line in lasting_lines(event, root) for part in permanent(line)]

    def _picture(self, frame: Frame) -> list[Text]:
        with self._lock:
            scene = self._stage.scene(self._tally.workflow_id, datetime.now(UTC), max(frame.room, 1))
        counts = {state: self._tally.counts[state] for state in (RUNNING, COMPLETED, SKIPPED, FAILED)}
        counts[WAITING] = scene.account.counts.get(WAITING, 0)
        seconds = time.monotonic() - self._began
        return draw(scene, Totals(counts, seconds, self._tally.workflow_id or "starting"), frame)


def lasting_lines(event: Event, root: str | None) -> list[Line]:
    """Say what happened in the lines that stay: not what the picture shows, nor what the summary will say.

    :param root: the workflow id of the run itself
    """
    if isinstance(event, StepStarted) or (isinstance(event, RunStarted | RunFinished) and event.workflow_id == root):
        return []
    return lines_of(event, root)


def permanent(line: Line) -> Iterator[Segment]:
    """Write a line that stays; of thousands each must be cheap, as `Segment` is and `Text` is not."""
    yield Segment(f"{line.head}  ", _style(line.state))
    yield Segment(line.name)
    if line.detail:
        yield Segment(f"  {line.detail}" if line.name else line.detail, DETAIL)
    yield Segment.line()


@functools.cache
def _style(state: str) -> Style:
    return Style.parse(STYLES.get(state, ""))
