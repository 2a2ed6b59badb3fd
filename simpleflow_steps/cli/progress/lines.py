"""Events as lines: what happened, how long it took, to which step, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch
from typing import TYPE_CHECKING

from simpleflow_steps.cli.colors import COLORS
from simpleflow_steps.cli.text import one_line, shown
from simpleflow_steps.clock import elapsed
from simpleflow_steps.events import (
    ActivityRetried,
    Event,
    NamesUnmatched,
    RunFinished,
    RunStarted,
    StepCompleted,
    StepEvent,
    StepFailed,
    StepInvalidated,
    StepSkipped,
    StepStarted,
)
from simpleflow_steps.execution.account import COMPLETED, FAILED, INVALIDATED, RUNNING, SKIPPED, UNFINISHED

if TYPE_CHECKING:
    from datetime import datetime

STATE_COLUMNS = len(INVALIDATED)
TIME_COLUMNS = 7
STYLES = {**COLORS, FAILED: "bold red", "retry": "yellow", "warning": "bold yellow"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of progress; its texts are safe to show."""

    at: datetime
    state: str
    name: str = ""
    detail: str = ""
    seconds: float | None = None

    @property
    def head(self) -> str:
        """The columns before the name."""
        took = "" if self.seconds is None else elapsed(self.seconds)
        return f"{self.state:<{STATE_COLUMNS}} {took:>{TIME_COLUMNS}}"

    @property
    def tail(self) -> str:
        """The name and what is said of it."""
        return "  ".join(part for part in (self.name, self.detail) if part)


def lines_of(event: Event, root: str | None) -> list[Line]:
    """Say in lines what happened; some events are worth none.

    :param root: the workflow id of the run itself: what happens to a child's step says whose step it is
    """
    found = _lines(event)
    if event.workflow_id == root or isinstance(event, RunStarted | RunFinished):
        return found
    where = f"in {shown(event.workflow_id)}"
    return [replace(line, detail="; ".join(part for part in (line.detail, where) if part)) for line in found]


@singledispatch
def _lines(_: Event) -> list[Line]:
    return []


@_lines.register
def _(event: RunStarted) -> list[Line]:
    run = f"workflow {event.workflow}, run {event.run_id}"
    return [Line(event.at, "started", shown(event.workflow_id), shown(run))]


@_lines.register
def _(event: RunFinished) -> list[Line]:
    return [Line(event.at, event.status, shown(event.workflow_id), one_line(event.error or ""))]


@_lines.register
def _(event: StepStarted) -> list[Line]:
    return [_of_step(event, RUNNING)]


@_lines.register
def _(event: StepCompleted) -> list[Line]:
    said = "another run had done it: its result is taken" if event.duplicate else ""
    return [_of_step(event, COMPLETED, said, event.seconds)]


@_lines.register
def _(event: StepSkipped) -> list[Line]:
    return [_of_step(event, SKIPPED, "" if event.done else "it was never done, so it has no result")]


@_lines.register
def _(event: StepFailed) -> list[Line]:
    state = UNFINISHED if event.canceled else FAILED
    return [Line(event.at, state, shown(event.step), one_line(event.error), event.seconds)]


@_lines.register
def _(event: StepInvalidated) -> list[Line]:
    return [_of_step(event, INVALIDATED, "this run had skipped it: run again to play it" if event.skipped else "")]


@_lines.register
def _(event: ActivityRetried) -> list[Line]:
    said = f"{event.activity}: attempt {event.attempt} failed, the next one in {elapsed(event.wait)}: {event.error}"
    return [Line(event.at, "retry", shown(event.step or ""), one_line(said))]


@_lines.register
def _(event: NamesUnmatched) -> list[Line]:
    return [Line(event.at, "warning", "", one_line(_unmatched(name, near))) for name, near in event.nearest.items()]


def _of_step(event: StepEvent, state: str, said: str = "", seconds: float | None = None) -> Line:
    detail = "; ".join(part for part in (*event.reasons, said) if part)
    return Line(event.at, state, shown(event.step), one_line(detail), seconds)


def _unmatched(name: str, near: list[str]) -> str:
    nearest = f"; nearest: {', '.join(near)}" if near else ""
    return f"no step of this run is called {name!r}{nearest}"
