"""A terminal with a picture at its bottom: what is over scrolls by above it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.control import Control
from rich.live import Live
from rich.segment import ControlType, Segment, Segments

from simpleflow_steps.cli.progress.picture import Frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TextIO

    from rich.text import Text

PERIOD = 0.1  # seconds between two pictures


class Screen:
    """Draw ten pictures a second, in a thread of its own, however many lines are written between two of them.

    What anything else prints meanwhile is put above the picture.

    :param lines: gives what is to be written above it, in whole lines, since it was last asked
    :param picture: gives the rows that fit into a frame
    """

    def __init__(
        self, file: TextIO, lines: Callable[[], list[Segment]], picture: Callable[[Frame], list[Text]]
    ) -> None:
        self._lines = lines
        self._picture = picture
        self._stop = threading.Event()
        self._console = Console(file=file, highlight=False, markup=False, emoji=False, force_terminal=True)
        self._live = Live(get_renderable=self._rows, console=self._console, auto_refresh=False, transient=True)
        self._width = self._console.width
        self._shown: list[Text] = []
        self._thread = threading.Thread(target=self._keep_drawing, name="sfs-progress", daemon=True)

    def __enter__(self) -> Self:
        self._live.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left, and take the picture away."""
        self._stop.set()
        try:
            self._thread.join()
            self._draw()
        finally:
            self._live.stop()

    def _keep_drawing(self) -> None:
        while not self._stop.wait(PERIOD):
            try:
                self._draw()
            except OSError:
                return  # the terminal is gone; the run is not

    def _draw(self) -> None:
        lines = self._lines()
        self._heed_width()
        if lines:
            self._console.print(Segments(lines), soft_wrap=True, end="")
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

    def _rows(self) -> Group:
        columns, rows = self._console.size
        self._shown = self._picture(Frame(columns, rows, self._console.options.ascii_only))
        return Group(*self._shown)
