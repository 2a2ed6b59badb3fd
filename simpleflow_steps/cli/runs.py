"""`sfs runs`: look at the runs of an execution."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option


@click.group()
def runs() -> None:
    """Look at how the runs of an execution went.

    \b
    sfs runs ls daily-20
    sfs runs show daily-20
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


@runs.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.argument("run_id", metavar="[RUN_ID]", required=False)
@click.option("--traceback", "with_traceback", is_flag=True, help="Show the traceback of the error too.")
@storage_option
@json_option
@debug_option
def show(**options: Any) -> None:
    """Show one run, the last one by default: input, force and skip lists, status, times, steps, error.

    \b
    sfs runs show daily-20
    sfs runs show daily-20 20261120T081502.412907Z-5b1f0c --traceback
    sfs runs show daily-20 --json
    """
    from simpleflow_steps.cli import past

    past.show_one(**options)
