"""`sfs swf standalone`: all of it in one process."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option
from simpleflow_steps.cli.swf.options import grace_option, submission_options, where_options


@click.command(cls=Command)
@click.argument("target", metavar="MODULE:WORKFLOW")
@click.argument("words", metavar="[ARGS]...", nargs=-1)
@submission_options
@click.option(
    "--max-workers",
    metavar="N",
    type=click.IntRange(1, 256),
    help="How many activities run side by side.  [default: 4]",
)
@storage_option
@grace_option
@where_options
@json_option
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="warning",
    show_default=True,
    help="What to log, on stderr.",
)
@click.option(
    "--log-format",
    type=click.Choice(["human", "json"]),
    default="human",
    show_default=True,
    help="How to log; with json, stderr has no plain progress beside the JSON lines.",
)
@debug_option
@click.pass_context
def standalone(ctx: click.Context, /, **options: Any) -> None:
    """Run a workflow on SWF to its end, with a decider and a worker in this process, for trying out.

    What it prints is what sfs run prints. All its tasks go to a task list of its own, so that other deciders and
    workers in the domain get none of them. The domain must be there: sfs swf register. The first signal lets running
    activities end within the grace period, and then terminates the execution; run the same command again, and the steps
    that are done are skipped.

    \b
    sfs swf standalone daily:Daily 2026-11-20 --domain jobs
    sfs swf standalone daily:Daily 2026-11-20 --force stats --json
    AWS_ENDPOINT_URL_SWF=http://127.0.0.1:4566 sfs swf standalone daily:Daily 2026-11-20 --domain simpleflow-steps
    """
    from simpleflow_steps.cli.swf import trying

    ctx.exit(trying.try_out(**options))
