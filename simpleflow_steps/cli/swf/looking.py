"""`sfs swf status` and `sfs swf history`."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option
from simpleflow_steps.cli.swf.options import run_id_option, where_options


@click.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@run_id_option
@where_options
@json_option
@debug_option
def status(**options: Any) -> None:
    """Show how an execution is: its state, its run, what is open in it, and how it ended.

    The state is running, completed, failed, canceled, terminated, timed out or continued as new. Which steps are done
    is in the storage: sfs steps ls ID. An execution that SWF does not know is an error, with exit code 2.

    \b
    sfs swf status daily-20
    sfs swf status daily-20 --domain jobs --json
    """
    from simpleflow_steps.cli.swf import states

    states.show_status(**options)


@click.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@run_id_option
@click.option("--reverse", is_flag=True, help="The newest events first.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="No more than so many events.")
@where_options
@json_option
@debug_option
def history(**options: Any) -> None:
    """Show the events of a run, a line each: number, time, kind, and what it says.

    They are fetched a thousand at a time, and printed as they come.

    \b
    sfs swf history daily-20
    sfs swf history daily-20 --reverse --limit 20
    sfs swf history daily-20 --json > history.json
    """
    from simpleflow_steps.cli.swf import states

    states.show_history(**options)
