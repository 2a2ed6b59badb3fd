"""`sfs steps`: look at the markers of an execution, and change them by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

STATES = ("done", "invalidated", "running", "failed")


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
    sfs steps ls daily-20                       a tree of all steps
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
@click.option("--state", type=click.Choice(STATES), help="Only the steps in this state.")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Show so many rows; 0 for all.",
)
@click.option("--depth", metavar="N", type=click.IntRange(min=1), help="Show so many levels of the tree.")
@click.option("--names", "names_only", is_flag=True, help="Print the name of each step that has a marker, all of them.")
@_places
@json_option
def list_steps(**options: Any) -> None:
    """Show the steps as a tree of their names: state, time, how long, by which run, size of the result, reasons.

    A row that is no step itself counts those below it: 3/4 done. Where there are more rows than the limit, whole
    subtrees are folded into the row above them. Only the markers of the rows shown are read. An invalidated marker is
    one that was taken back: its step runs again. Steps that run now, or failed, are told by the run; it names some of
    them if they are many.

    \b
    sfs steps ls daily-20
    sfs steps ls daily-20 stats --depth 2
    sfs steps ls daily-20 --state failed --json
    sfs steps ls daily-20 --names | grep 2012
    sfs steps ls daily-20 --storage s3://my-bucket/flows
    sfs steps ls daily-20 --prefix shared/steps
    """
    from simpleflow_steps.cli import listing

    listing.show_list(**options)


@steps.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.argument("name", metavar="NAME")
@_places
@json_option
def show(**options: Any) -> None:
    """Show one step: its marker, its result, what it is within, what depends on it, and the last run's word about it.

    On a terminal a very large result is cut; --json gives all of it. What only a run tells is left out if its record
    is so large that it comes late in it.

    \b
    sfs steps show daily-20 stats.2012
    sfs steps show daily-20 stats.2012 --json
    """
    from simpleflow_steps.cli import showing

    showing.show_one(**options)


@steps.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--reason", metavar="TEXT", help="Why; it is kept in the marker, with who you are.")
@click.option("--result", metavar="JSON", help="What a run that skips the step gets; @FILE and - as for sfs run.")
@click.option("--force", is_flag=True, help="Mark it again although it is done.")
@_places
@json_option
def mark(**options: Any) -> None:
    """Mark steps done that did not run, so that the next run skips them.

    It takes the lease meanwhile: while a run has the execution, it fails with exit code 3.

    \b
    sfs steps mark daily-20 fetch --reason "files were copied by hand"
    sfs steps mark daily-20 count --result 1234
    sfs steps mark daily-20 fetch count --force --json
    """
    from simpleflow_steps.cli import marking

    marking.mark(**options)


@steps.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--with-dependents", is_flag=True, help="Clear what depends on them too, and on that in turn.")
@click.option("--with-outer", is_flag=True, help="Clear the done steps that they are inside of too.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@_places
@json_option
def clear(**options: Any) -> None:
    """Take markers back, so that the next run runs these steps again.

    What depends on a step (force_steps_if_executed) is cleared when the step has run; past runs tell what that is, and
    it is shown. A step inside another one that is done is reached only if that one runs too. The signals and timers
    that the steps waited for are forgotten. It takes the lease meanwhile: while a run has the execution, it fails with
    exit code 3.

    \b
    sfs steps clear daily-20 stats
    sfs steps clear daily-20 stats.2012 --with-dependents --with-outer
    sfs steps clear daily-20 '*' --yes
    sfs steps clear daily-20 stats --yes --json | jq .dependents
    """
    from simpleflow_steps.cli import clearing

    clearing.clear(**options)
