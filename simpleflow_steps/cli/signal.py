"""`sfs signal`: send a signal to an execution."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option


@click.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.argument("name", metavar="NAME")
@click.option("--input", "given", metavar="JSON", help="What it brings. @FILE reads a file, - the standard input.")
@storage_option
@json_option
@debug_option
def signal(**options: Any) -> None:
    """Leave a signal for an execution, which need not have started yet, and print the signal's id.

    It is kept in the storage until a run waits for it, and ends one wait.

    \b
    sfs signal release-7 approved
    sfs signal release-7 approved --input '"Ada"'
    sfs signal release-7 approved --input @note.json --storage s3://my-bucket/flows
    """
    from simpleflow_steps.cli import signalling

    signalling.send(**options)
