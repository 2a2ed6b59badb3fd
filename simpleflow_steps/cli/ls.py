"""`sfs ls`: the executions of a storage."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option

STATES = (
    *("running", "stale", "crashed", "finished", "failed", "interrupted", "canceled", "superseded", "stopped"),
    *("continued", "stolen", "never-run", "unreadable", "no-lease"),
)


@click.command("ls", cls=Command)
@click.argument("pattern", metavar="[PATTERN]", required=False, default="")
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=0), default=100, show_default=True, help="The last N; 0 for all."
)
@click.option(
    "--state", "states", metavar="STATE", type=click.Choice(STATES), multiple=True, help="Only those in this state."
)
@storage_option
@json_option
@debug_option
def ls(**options: Any) -> None:
    """List the executions of a storage: state, when last heard of, progress and last run; those of children too.

    PATTERN is how their ids begin, or a pattern with *, ? and [...], in quotes. What is before its first such sign
    narrows the listing down. Only the executions that are shown are read, one request each; the last N in the order of
    their ids. With --state all must be read, as only an execution itself tells its state.

    The states are those of sfs status, and: never-run (its steps were marked by hand), unreadable, no-lease (a folder
    without a lease, such as the markers of simpleflow).

    \b
    sfs ls                                  the last 100
    sfs ls daily-2026-11
    sfs ls 'daily-*-eu' --limit 20 --json
    sfs ls daily- --state running --state stale
    sfs ls --storage s3://my-bucket/flows
    """
    from simpleflow_steps.cli import executions

    executions.show_list(**options)
