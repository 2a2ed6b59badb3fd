"""`sfs swf signal`, `cancel` and `terminate`."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, storage_option
from simpleflow_steps.cli.swf.options import run_id_option, where_options


@click.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.argument("name", metavar="NAME")
@click.option("--input", "given", metavar="JSON", help="What it brings. @FILE reads a file, - the standard input.")
@run_id_option
@storage_option
@where_options
@debug_option
def signal(**options: Any) -> None:
    """Send a signal to an open execution.

    The storage is needed only for more than 32 kB of JSON, which SWF does not take and which goes there.

    \b
    sfs swf signal release-7 approved
    sfs swf signal release-7 approved --input '"Ada"'
    sfs swf signal release-7 approved --input @note.json --domain jobs
    """
    from simpleflow_steps.cli.swf import messages

    messages.send_signal(**options)


@click.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@run_id_option
@where_options
@debug_option
def cancel(**options: Any) -> None:
    """Ask for the cancellation of an open execution: its decider cancels what is under way, and then ends it.

    A worker learns of it at its activity's next heartbeat. sfs swf terminate asks nobody.

    \b
    sfs swf cancel daily-20
    """
    from simpleflow_steps.cli.swf import messages

    messages.request_cancel(**options)


@click.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.option("--reason", metavar="TEXT", default="", help="Why; it stands in the history.")
@run_id_option
@where_options
@debug_option
def terminate(**options: Any) -> None:
    """End an open execution and its children at once; no decider is asked, and nothing is cleaned up.

    \b
    sfs swf terminate daily-20 --reason "the wrong day"
    """
    from simpleflow_steps.cli.swf import messages

    messages.terminate(**options)
