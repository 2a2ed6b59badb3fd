"""`sfs status`: how an execution is now."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option


@click.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@storage_option
@json_option
@debug_option
def status(**options: Any) -> None:
    """Show whether an execution is running, who runs it, and how far it is; it costs one request.

    The state is running, stale (held, but not renewed for longer than its time to live: its holder is gone or cut off),
    crashed (its process on this machine is gone), finished, failed, interrupted, canceled, superseded or stolen. An
    execution that never ran is an error, with exit code 2.

    \b
    sfs status daily-20
    sfs status daily-20 --json
    sfs status daily-20 --storage s3://my-bucket/flows
    """
    from simpleflow_steps.cli import holding

    holding.show_status(**options)
