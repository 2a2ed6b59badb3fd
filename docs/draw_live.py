"""Make docs/live.svg, a run as `sfs run` shows it on a terminal: `python docs/draw_live.py [FILE]`.

The run is a real one, stopped in its middle. Only its times are made up, so that the same picture comes each time.
"""

from __future__ import annotations

import io
import re
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import structs
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.segment import Segments

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.canvas import Chain, Group
from simpleflow_steps.cli.progress.live import lasting_lines, permanent
from simpleflow_steps.cli.progress.picture import Frame, Totals, draw
from simpleflow_steps.cli.progress.scene import Stage
from simpleflow_steps.cli.tally import Tally
from simpleflow_steps.events import (
    ActivityHeartbeat,
    ActivityRetried,
    ChildStarted,
    Event,
    RunStarted,
    StepCompleted,
    StepEvent,
    StepFailed,
    StepsSubmitted,
)
from simpleflow_steps.execution.account import WAITING
from simpleflow_steps.storage import MemoryStorage

PICTURE = Path(__file__).with_name("live.svg")
COMMAND = "sfs run nightly:Nightly --workflow-id nightly-2026-11-20"
FRAME = Frame(columns=104, rows=24)
BEGAN = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
LASTED = 94.2
RUN_ID = "20261120T020012.831047Z-5f3a1c"
TIMES = {  # when a step began and how long it took, in seconds
    "fetch.stations": (0.1, 1.7),
    "fetch.readings": (0.2, 12.4),
    "clean": (12.6, 0),
    "clean.2022": (12.6, 31.0),
    "clean.2023": (43.6, 29.5),
    "clean.2024": (73.1, 0),
    "check": (12.7, 4.3),
    "charts": (12.8, 0),
    "rain": (12.9, 0),
    "wind": (13.0, 0),
}
STILL_RUNNING = 3  # activities


reached, over = threading.Event(), threading.Event()  # the moment of the picture, and that it is taken


@activity.with_attributes(name="load")
def quick() -> None:
    """Take no time."""


@activity.with_attributes(name="load", retry=1)
def slow(progress: Any, fails: bool = False) -> None:
    """Run until the picture is taken."""
    if fails and activity.context().attempt == 1:
        raise ConnectionError("connection reset by peer")
    activity.heartbeat(progress)
    over.wait()


@activity.with_attributes(name="check")
def wrong() -> None:
    """Fail."""
    raise ValueError("2 readings are from tomorrow")


class Charts(Workflow, WorkflowStepMixin):
    """A child workflow."""

    name = "charts"

    def run(self) -> None:
        """Draw two charts."""
        both = Group(self.step("rain", (slow, "drawing the axes")), self.step("wind", (slow, 0.62)))
        self.submit(both).result  # noqa: B018


class Nightly(Workflow, WorkflowStepMixin):
    """The run of the picture."""

    name = "nightly"

    def run(self) -> None:
        """Fetch, clean year by year, check and draw."""
        cleaned = {"done": 412_000, "total": 1_051_200, "file": "2024.csv"}
        work: list[Any] = [quick, quick, (slow, cleaned, True), quick, quick]
        years = [self.step(f"clean.{year}", what) for year, what in enumerate(work, 2022)]
        side_by_side = Group(
            self.step("clean", Group(*years, max_parallel=1)), self.step("check", wrong), self.step("charts", Charts)
        )
        fetch = [self.step("fetch.stations", quick), self.step("fetch.readings", quick)]
        self.submit(Chain(*fetch, side_by_side, self.step("publish", quick), raises_on_failure=False)).result  # noqa: B018


def main() -> None:
    """Draw it, or draw it into the file that is named."""
    Path(*sys.argv[1:2] or [PICTURE]).write_text(picture(events_of_a_run()), encoding="utf-8")


def events_of_a_run() -> list[Event]:
    """Run it up to the moment of the picture."""
    events: list[Event] = []

    def follow(event: Event) -> None:
        events.append(event)
        told = sum(isinstance(each, ActivityHeartbeat) for each in events)
        if told == STILL_RUNNING and any(isinstance(each, StepFailed) for each in events):
            reached.set()

    executor = LocalExecutor(
        Nightly, storage=MemoryStorage(), workflow_id="nightly-2026-11-20", max_workers=8, on_event=follow
    )
    run = threading.Thread(target=executor.run)
    run.start()
    reached.wait()
    seen = list(events)
    over.set()
    run.join()
    return seen


def picture(events: list[Event]) -> str:
    """Draw what a terminal shows after these events."""
    tally, stage = Tally(), Stage()
    console = Console(record=True, file=io.StringIO(), width=FRAME.columns, force_terminal=True, highlight=False)
    console.print(f"$ {COMMAND}", style="bold")
    for event in sorted(
        (structs.replace(each, at=_at(each), run_id=RUN_ID) for each in events), key=lambda event: event.at
    ):
        tally.follow(event)
        stage.hear(event)
        for line in lasting_lines(event, tally.workflow_id):
            made_up = line if line.seconds is None else replace(line, seconds=TIMES[line.name][1])
            console.print(Segments(permanent(made_up)), soft_wrap=True, end="")
    scene = stage.scene(tally.workflow_id, BEGAN + timedelta(seconds=LASTED), FRAME.room)
    counts = {**tally.counts, WAITING: scene.account.counts[WAITING]}
    for row in draw(scene, Totals(counts, LASTED, str(tally.workflow_id)), FRAME):
        console.print(row)
    template = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    drawn = console.export_svg(title="sfs", unique_id="live", code_format=template)
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def _at(event: Event) -> datetime:
    match event:
        case RunStarted(parent_workflow_id=None):
            after = 0.0
        case RunStarted() | ChildStarted():
            after = TIMES["charts"][0]
        case StepsSubmitted(steps=steps):
            after = min(TIMES[step][0] for step in steps if step in TIMES)
        case StepCompleted() | StepFailed():
            after = sum(TIMES[event.step])
        case StepEvent(step=step):
            after = TIMES[step][0]
        case ActivityRetried(step=str(step)) | ActivityHeartbeat(step=str(step)):
            after = TIMES[step][0] + 1.0
        case _:
            after = LASTED
    return BEGAN + timedelta(seconds=after)


if __name__ == "__main__":
    main()
