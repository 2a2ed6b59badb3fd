"""`sfs status --watch`: a run as it goes on elsewhere, from the bucket alone, until it ends."""

from __future__ import annotations

import shlex
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import click

from simpleflow_steps.cli.accounts import account_line
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.sight import Watcher
from simpleflow_steps.cli.text import as_json as json_text
from simpleflow_steps.cli.text import one_line, shown
from simpleflow_steps.clock import elapsed
from simpleflow_steps.execution.account import COMPLETED, dump_account, seconds_since
from simpleflow_steps.settings import load_settings

if TYPE_CHECKING:
    from typing import Self

    from rich.segment import Segment
    from rich.text import Text

    from simpleflow_steps.cli.progress.picture import Frame
    from simpleflow_steps.cli.sight import Sight

WELL = (COMPLETED, "stopped")  # how a run ends that did what was asked of it


class View(Protocol):
    """Show one look after another."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, sight: Sight) -> None:
        """Show what was seen."""


def watch(workflow_id: str, storage: str | None, interval: float, as_json: bool, debug: bool) -> int:
    """Show a run until it ends, and give the exit code."""
    del debug  # the command itself heeds it
    watcher = Watcher(open_place(storage), workflow_id)
    sight, pause = watcher.look(), threading.Event()
    with _view(workflow_id, as_json) as view:
        view.show(sight)
        while not sight.is_over:
            pause.wait(interval)
            sight = watcher.look()
            view.show(sight)
    if sight.record.status in WELL and not sight.record.held:
        return 0
    command = ["sfs", "resume", workflow_id, *(["--storage", storage] if storage is not None else [])]
    click.echo(f"To resume: {shown(shlex.join(command))}", err=True)
    return 1


def _view(workflow_id: str, as_json: bool) -> View:
    if as_json:
        return JsonView()
    if sys.stdout.isatty() and not load_settings().wants_plain_output:
        return LiveView(workflow_id)
    return PlainView()


class PlainView:
    """Write a line for each change, with the time of day."""

    def __init__(self) -> None:
        self._last: tuple[Any, ...] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def show(self, sight: Sight) -> None:
        """Write what is new."""
        before, self._last = self._last, self._key(sight)
        if self._last != before:
            self._write(sight)

    def _key(self, sight: Sight) -> tuple[Any, ...]:
        return _what(sight)

    def _write(self, sight: Sight) -> None:
        click.echo(f"{datetime.now().astimezone():%H:%M:%S} {line_of(sight)}")


class JsonView(PlainView):
    """Write a document for each change, each on a line of its own."""

    def _write(self, sight: Sight) -> None:
        click.echo(json_text(_document(sight), indent=None).encode())


class LiveView(PlainView):
    """Draw the picture of the run, with how old it is; what changes in the run's state scrolls by."""

    def __init__(self, workflow_id: str) -> None:
        from simpleflow_steps.cli.progress.screen import Screen

        super().__init__()
        self._workflow_id = workflow_id
        self._sight: Sight | None = None
        self._said: list[str] = []
        self._screen = Screen(sys.stdout, self._lines, self._picture)

    def __enter__(self) -> Self:
        self._screen.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave how it was in the end."""
        self._screen.__exit__()
        if self._sight is not None:
            click.echo(line_of(self._sight))

    def show(self, sight: Sight) -> None:
        """Have it drawn."""
        self._sight = sight
        super().show(sight)

    def _key(self, sight: Sight) -> tuple[Any, ...]:
        return sight.state, sight.record.run_id, sight.trouble

    def _write(self, sight: Sight) -> None:
        said = f"trouble: {sight.trouble}; trying again" if sight.trouble else f"run {sight.record.run_id}"
        self._said.append(f"{datetime.now().astimezone():%H:%M:%S} {sight.state:<11}  {one_line(said)}")

    def _lines(self) -> list[Segment]:
        from rich.segment import Segment

        said, self._said = self._said, []
        return [part for line in said for part in (Segment(shown(line)), Segment.line())]

    def _picture(self, frame: Frame) -> list[Text]:
        from simpleflow_steps.cli.progress.picture import Totals, draw

        sight = self._sight
        if sight is None:
            return []
        scene = sight.scene()
        said = [f"as of {elapsed(sight.age_now())} ago"] if sight.record.held else []
        said += [sight.state] if sight.state != "running" else []
        said += ["storage out of reach"] if sight.trouble else []
        seconds = seconds_since(sight.record.acquired, scene.now)
        return draw(scene, Totals(scene.account.counts, seconds, self._workflow_id, tuple(said)), frame)


def line_of(sight: Sight) -> str:
    """Say in one line what was seen."""
    told = f"{shown(sight.state):<11}  {account_line(sight.account)}"
    if sight.record.held:
        told += f"; as of {elapsed(sight.age_now())} ago"
    return f"{told}; {one_line(sight.trouble)}; trying again" if sight.trouble else told


def _what(sight: Sight) -> tuple[Any, ...]:
    """Give what makes two looks differ; that time goes by does not."""
    children = {name: _what(child) for name, child in sight.children.items()}
    return sight.state, sight.record.run_id, sight.trouble, sight.account, children


def _document(sight: Sight) -> dict[str, Any]:
    record = sight.record
    return {
        "at": datetime.now(UTC).isoformat(),
        "workflow_id": record.workflow_id,
        "run_id": record.run_id,
        "workflow": record.workflow,
        "state": sight.state,
        "status": record.status,
        "age": round(sight.age_now(), 3),
        "trouble": sight.trouble or None,
        "progress": dump_account(sight.account),
        "children": {name: _document(child) for name, child in sight.children.items()},
    }
