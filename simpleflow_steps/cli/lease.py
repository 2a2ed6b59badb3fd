"""`sfs lease`: look at who has an execution, and take it away by hand."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option


@click.group()
def lease() -> None:
    """Look at the lease of an execution, the object that lets one run at a time own it.

    \b
    sfs lease show daily-20
    sfs lease steal daily-20
    """


@lease.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@storage_option
@json_option
@debug_option
def show(**options: Any) -> None:
    """Show all that the lease holds.

    \b
    sfs lease show daily-20
    sfs lease show daily-20 --json
    """
    from simpleflow_steps.cli import holding

    holding.show_lease(**options)


@lease.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@storage_option
@debug_option
def steal(**options: Any) -> None:
    """Take the lease from whoever holds it, so that another run may begin.

    Its run, if there still is one, learns of it at its next renewal, a quarter of the lease's time to live later at
    most, and stops with exit code 3; until then two runs may be at work at once. It is seldom needed: sfs run
    --on-conflict wait takes over a lease whose holder is gone by itself. It also replaces a lease that cannot be read.

    \b
    sfs lease steal daily-20
    sfs lease steal daily-20 --yes
    """
    from simpleflow_steps.cli import holding

    holding.steal(**options)
