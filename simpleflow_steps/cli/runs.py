"""`sfs runs`: look at the runs of an execution."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option

# so that -1 is a run and no option; what is neither is refused where runs are looked up
COUNTED = {"ignore_unknown_options": True}


@click.group()
def runs() -> None:
    """Look at how the runs of an execution went, and at what changed between two of them.

    A RUN is its id, a beginning or an end of it that no other run has, or counted back: -1 is the last one.

    \b
    sfs runs ls daily-20
    sfs runs show daily-20
    sfs runs diff daily-20
    """


@runs.command("ls", cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.option(
    "--last", metavar="N", type=click.IntRange(min=1), default=20, show_default=True, help="How many, counted back."
)
@storage_option
@json_option
@debug_option
def list_runs(**options: Any) -> None:
    """List the runs of an execution, oldest first: status, start, how long it took, steps.

    A run whose process died says so: crashed, although it could not write that down itself.

    \b
    sfs runs ls daily-20
    sfs runs ls daily-20 --last 100 --json
    """
    from simpleflow_steps.cli import past

    past.show_list(**options)


@runs.command(cls=Command, context_settings=COUNTED)
@click.argument("workflow_id", metavar="ID")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--step", "names", metavar="NAME", multiple=True, help="Show only this step and all under its name.")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=0),
    help="Show so many steps, those that went wrong first; 0 for all.  [default: 200; all with --json]",
)
@click.option("--traceback", "with_traceback", is_flag=True, help="Show the traceback of the error too.")
@storage_option
@json_option
@debug_option
def show(**options: Any) -> None:
    """Show one run, the last one by default: what went in and was asked for, status, times, children, steps, error.

    \b
    sfs runs show daily-20
    sfs runs show daily-20 -2 --step stats
    sfs runs show daily-20 5b1f0c --traceback
    sfs runs show daily-20 --json
    """
    from simpleflow_steps.cli import runshow

    runshow.show_one(**options)


@runs.command(cls=Command, context_settings=COUNTED)
@click.argument("workflow_id", metavar="ID")
@click.argument("earlier", metavar="[RUN", required=False)
@click.argument("later", metavar="[RUN]]", required=False)
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=0), default=200, show_default=True, help="Show so many steps."
)
@storage_option
@json_option
@debug_option
def diff(**options: Any) -> None:
    """Show what changed from one run to another: the last two; or RUN and the last one; or RUN and RUN.

    Told are status, input, code version, what was asked for, and of each step: whether it is new or gone, another
    decision or state, other reasons, errors, and times that differ by half and half a second at least.

    \b
    sfs runs diff daily-20
    sfs runs diff daily-20 -3
    sfs runs diff daily-20 5b1f0c 20261121T --json
    """
    from simpleflow_steps.cli import diffing

    diffing.show_difference(**options)
