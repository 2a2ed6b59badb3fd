"""Progress on a terminal: what is over scrolls by, what runs stays below it, and a last line has the totals."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType
from rich.text import Text

from simpleflow_steps.cli.progress.lines import STYLES, Line, lines_of
from simpleflow_steps.cli.tally import COMPLETED, FAILED, RUNNING, SKIPPED, StepRow
from simpleflow_steps.cli.text import elapsed, one_line, shown
from simpleflow_steps.events import RunFinished, RunStarted, StepStarted
from simpleflow_steps.step.names import ancestors

if TYPE_CHECKING:
    from typing import Self

    from simpleflow_steps.cli.tally import Tally
    from simpleflow_steps.events import Event

PERIOD = 0.1  # seconds between two pictures
MOST_RUNNING = 30


class LiveProgress:
    """Draw ten pictures a second, however many events there are between two of them.

    Events only leave lines to be written; a thread of its own writes them, so that a run of many steps is not held up
    by its terminal. What anything else prints meanwhile is put above the live part.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._running: list[StepRow] = []
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False, force_terminal=True)
        self._live = Live(get_renderable=self._picture, console=self._console, auto_refresh=False, transient=True)
        self._width = self._console.width
        self._shown: list[Text] = []
        self._thread = threading.Thread(target=self._keep_drawing, name="sfs-progress", daemon=True)

    def __enter__(self) -> Self:
        self._live.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left, and take the live part away."""
        self._stop.set()
        try:
            self._thread.join()
            self._draw()
        finally:
            self._live.stop()

    def follow(self, event: Event) -> None:
        """Take note of what happened, for the next picture."""
        is_root = event.workflow_id == self._tally.workflow_id
        with self._lock:
            if not isinstance(event, StepStarted) and not (is_root and isinstance(event, RunStarted | RunFinished)):
                self._lines += lines_of(event, self._tally.workflow_id)
            self._running = list(self._tally.running.values())[: 2 * MOST_RUNNING]

    def _keep_drawing(self) -> None:
        while not self._stop.wait(PERIOD):
            try:
                self._draw()
            except OSError:
                return  # the terminal is gone; the run is not

    def _draw(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        self._heed_width()
        if lines:
            self._console.print(Text("\n").join(map(_permanent, lines)), soft_wrap=True)
        else:
            self._live.refresh()

    def _heed_width(self) -> None:
        """Take away the rows into which a terminal that became narrower has broken the last picture."""
        before, self._width = self._width, self._console.width
        if self._width >= before or not self._shown:
            return
        extra = sum(max(text.cell_len - 1, 0) // self._width for text in self._shown)
        up = ((ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2))
        self._console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2), *up * extra))

    def _picture(self) -> Group:
        columns, rows = self._console.size
        with self._lock:
            running = self._running
        room = max(min(rows - 3, MOST_RUNNING), 0)
        now = time.monotonic() - self._began
        texts = [_running_line(row, depth) for row, depth in _nested(running[:room])]
        texts.append(self._totals(now))
        for text in texts:
            text.truncate(columns, overflow="ellipsis")
        self._shown = texts
        return Group(*texts)

    def _totals(self, seconds: float) -> Text:
        counts = self._tally.counts
        text = Text(no_wrap=True)
        for state in (RUNNING, COMPLETED, SKIPPED, FAILED):
            if counts[state] or state == COMPLETED:
                text.append(f"{counts[state]} {state}", STYLES[state]).append("  ")
        text.append(f"{elapsed(seconds)}  ")
        return text.append(shown(self._tally.workflow_id or "starting"), "bright_black")


def _permanent(line: Line) -> Text:
    text = Text(line.head, STYLES.get(line.state, "")).append("  ")
    text.append(line.name, "default")
    return text.append(f"  {line.detail}" if line.name else line.detail, "bright_black") if line.detail else text


def _running_line(row: StepRow, depth: int) -> Text:
    seconds = None if row.started is None else (datetime.now(UTC) - row.started).total_seconds()
    said = row.note if row.note is not None else "; ".join(row.reasons)
    line = Line(datetime.now(UTC), RUNNING, "  " * depth + shown(row.name), one_line(said), seconds)
    return _permanent(line)


def _nested(rows: list[StepRow]) -> list[tuple[StepRow, int]]:
    """Put the steps inside a running one below it, each with its depth."""
    running = {(row.workflow_id, row.name) for row in rows}
    ordered = sorted(rows, key=lambda row: (row.workflow_id, row.name.split(".")))
    return [(row, sum((row.workflow_id, above) in running for above in ancestors(row.name)) - 1) for row in ordered]
