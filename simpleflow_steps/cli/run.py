"""`sfs run`: run a workflow here and now."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option


@click.command(cls=Command)
@click.argument("target", metavar="MODULE:WORKFLOW")
@click.argument("words", metavar="[ARGS]...", nargs=-1)
@click.option(
    "--input",
    "given",
    metavar="JSON",
    help="The input as JSON: a list of arguments, an object of named ones, or "
    '{"args": [...], "kwargs": {...}}. @FILE reads a file, - the standard input.',
)
@click.option("--workflow-id", metavar="ID", help="Name the execution; else its workflow and its input do.")
@storage_option
@click.option("--force", metavar="NAME", multiple=True, help="Run this step, and all under its name, although done.")
@click.option("--skip", metavar="NAME", multiple=True, help="Do not run this step, nor any under its name.")
@click.option("--max-workers", metavar="N", type=click.IntRange(min=1), help="How many activities run side by side.")
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
def run(ctx: click.Context, /, **options: Any) -> None:
    """Run the class WORKFLOW of MODULE, which is looked for in the current directory first.

    Steps that are done are skipped. Each of ARGS is read as the type that run() asks for; put -- before one that begins
    with a dash. The result goes to stdout as JSON; progress, logs and what the workflow prints go to stderr.

    \b
    sfs run daily:Daily 2026-11-20
    sfs run daily:Daily 2026-11-20 --force stats --force report.chart
    sfs run daily:Daily 2026-11-20 --force '*' --skip fetch
    sfs run daily:Daily --input '{"day": "2026-11-20"}' > result.json
    sfs run jobs.daily:Daily 2026-11-20 --storage s3://my-bucket/flows --workflow-id daily-20

    A name covers all under it: stats covers stats.2012, and '*' covers every step. After a failure or an interruption
    run the same command again.
    """
    from simpleflow_steps.cli.playing import Request, play
    from simpleflow_steps.cli.report import conclude

    request = Request(**options)
    ctx.exit(conclude(request, *play(request)))
