"""`sfs gc`: remove what no run will ask for again."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option
from simpleflow_steps.cli.duration import read_duration


@click.command(cls=Command)
@click.argument("workflow_id", metavar="[ID]", required=False)
@click.option("--all", "all_of_them", is_flag=True, help="Every execution of the storage, in place of ID.")
@click.option(
    "--keep-runs",
    metavar="N",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Keep the records of the newest runs, so many.",
)
@click.option(
    "--older-than", metavar="DURATION", callback=read_duration, help="Keep younger runs, however many: 30d, 12h, 1d12h."
)
@click.option(
    "--prefix", metavar="KEY", help="Where the markers are, if get_step_path_prefix() says so.  [default: ID/steps]"
)
@click.option("--yes", "-y", is_flag=True, help="Remove it; without this, only show what would go.")
@storage_option
@json_option
@debug_option
def gc(**options: Any) -> None:
    """Show what is left over of an execution and no run will ask for again; with --yes, remove it.

    Two things go: the records of old runs, and large results that no marker names, as each run of a step leaves one.
    What the next run may need stays: every marker, every result that a marker names, the lease, signals and waits, the
    runs back to the newest that completed, a chain of runs that continued as new back to its beginning. Results of the
    last ten minutes stay, and what is in doubt stays and is told.

    It takes the lease while it removes: while a run has the execution, it fails with exit code 3. After an interruption
    give the command again; it goes on.

    \b
    sfs gc daily-20                                what would go, and why
    sfs gc daily-20 --yes                          remove it
    sfs gc daily-20 --keep-runs 3 --older-than 30d
    sfs gc --all --yes                             every execution
    sfs gc daily-20 --prefix backups/eu-west-3

    If several executions keep their markers under one --prefix, make sure by sfs status that none of them is running.
    """
    from simpleflow_steps.cli import collecting

    collecting.collect(**options)
