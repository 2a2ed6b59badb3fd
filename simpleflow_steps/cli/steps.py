"""`sfs steps`: look at the markers of an execution, and change them by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]


def _places(function: Function) -> Function:
    """Add what says where the markers are."""
    prefix = click.option(
        "--prefix", metavar="KEY", help="Where the markers are, if get_step_path_prefix() says so.  [default: ID/steps]"
    )
    return storage_option(prefix(debug_option(function)))


@click.group()
def steps() -> None:
    """Look at which steps of an execution are done, and change that by hand.

    ID is the workflow id. A NAME covers all under it: stats covers stats.2012; '*' covers every step.

    \b
    sfs steps ls daily-20                       every step with a marker
    sfs steps ls daily-20 stats                 stats and all under it
    sfs steps show daily-20 stats.2012          a marker with its result
    sfs steps clear daily-20 stats report       have them run again
    sfs steps mark daily-20 fetch --reason "done by hand"

    Where get_step_bucket() keeps the markers apart, --storage is their bucket, and mark and clear take a lease there:
    make sure by sfs status that no run is at work.
    """


@steps.command("ls", cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@_places
@json_option
def list_steps(**options: Any) -> None:
    """List the steps that have a marker: state, time and size.

    An invalidated marker is one that was taken back: its step runs again.

    \b
    sfs steps ls daily-20
    sfs steps ls daily-20 stats --json
    sfs steps ls daily-20 --storage s3://my-bucket/flows
    sfs steps ls daily-20 --prefix shared/steps
    """
    from simpleflow_steps.cli import markers

    markers.show_list(**options)


@steps.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.argument("name", metavar="NAME")
@_places
@json_option
def show(**options: Any) -> None:
    """Show the marker of one step: who ran it, when, why, and its result.

    \b
    sfs steps show daily-20 stats.2012
    sfs steps show daily-20 stats.2012 --json
    """
    from simpleflow_steps.cli import markers

    markers.show_one(**options)


@steps.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--reason", metavar="TEXT", help="Why; it is kept in the marker, with who you are.")
@click.option("--result", metavar="JSON", help="What a run that skips the step gets; @FILE and - as for sfs run.")
@click.option("--force", is_flag=True, help="Mark it again although it is done.")
@_places
def mark(**options: Any) -> None:
    """Mark steps done that did not run, so that the next run skips them.

    It takes the lease meanwhile: while a run has the execution, it fails with exit code 3.

    \b
    sfs steps mark daily-20 fetch --reason "files were copied by hand"
    sfs steps mark daily-20 count --result 1234
    """
    from simpleflow_steps.cli import markers

    markers.mark(**options)


@steps.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@_places
def clear(**options: Any) -> None:
    """Take markers back, so that the next run runs these steps again.

    What depends on a step (force_steps_if_executed) is cleared when the step has run. The signals and timers that the
    steps waited for are forgotten. It takes the lease meanwhile: while a run has the execution, it fails with exit
    code 3.

    \b
    sfs steps clear daily-20 stats
    sfs steps clear daily-20 '*' --yes
    """
    from simpleflow_steps.cli import markers

    markers.clear(**options)
