"""Progress for files, pipes and logs: a line for each event, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simpleflow_steps.cli.progress.lines import lines_of
from simpleflow_steps.events import RunFinished

if TYPE_CHECKING:
    from typing import Self

    from simpleflow_steps.cli.tally import Tally
    from simpleflow_steps.events import Event


class SilentProgress:
    """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def follow(self, event: Event) -> None:
        """Show nothing."""


class PlainProgress:
    """Write each event to the standard error, with the time of day; of a child's step, whose step it is."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""

    def follow(self, event: Event) -> None:
        """Write what happened."""
        if isinstance(event, RunFinished) and event.parent_workflow_id is None:
            return  # the summary says it
        for line in lines_of(event, self._tally.workflow_id):
            click.echo(f"{line.at.astimezone():%H:%M:%S} {line.head}  {line.tail}".rstrip(), err=True)
