"""`sfs swf register` and `sfs swf start`."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option
from simpleflow_steps.cli.swf.options import execution_task_list_option, submission_options, where_options


@click.command(cls=Command)
@click.argument("targets", metavar="MODULE:WORKFLOW...", nargs=-1, required=True)
@click.option(
    "--retention",
    metavar="DAYS",
    type=click.IntRange(0, 90),
    default=30,
    show_default=True,
    help="How long a new domain keeps the history of closed executions.",
)
@where_options
@json_option
@debug_option
def register(**options: Any) -> None:
    """Register the domain, and the types of workflows and of the activities in their modules.

    What is there already stays as it is, so that it may be done again. Only the domain has to be registered before
    anything is started: sfs swf start registers the workflow's type, and deciders the types of activities.

    \b
    sfs swf register daily:Daily --domain jobs
    sfs swf register daily:Daily weekly:Weekly --domain jobs --retention 7
    """
    from simpleflow_steps.cli.swf import registering

    registering.register(**options)


@click.command(cls=Command)
@click.argument("target", metavar="MODULE:WORKFLOW")
@click.argument("words", metavar="[ARGS]...", nargs=-1)
@submission_options
@execution_task_list_option
@click.option("--wait", is_flag=True, help="Wait for its end, and print its result.")
@click.option(
    "--timeout", metavar="SECONDS", type=click.FloatRange(min=0), help="With --wait: no longer than this; it goes on."
)
@storage_option
@where_options
@json_option
@debug_option
@click.pass_context
def start(ctx: click.Context, /, **options: Any) -> None:
    """Start an execution, and print its id and that of its run; deciders and workers carry it out.

    Each of ARGS is read as the type that run() asks for; put -- before one that begins with a dash. Steps whose markers
    are in the storage are skipped, as with sfs run. An execution of this id that is open is an error, with exit code 3.

    \b
    sfs swf start daily:Daily 2026-11-20
    sfs swf start daily:Daily 2026-11-20 --workflow-id daily-20 --force stats --skip fetch
    sfs swf start daily:Daily --input '{"day": "2026-11-20"}' --task-list big --execution-timeout 86400
    sfs swf start daily:Daily 2026-11-20 --wait > result.json

    The storage must be one that workers on other machines reach too, such as s3://my-bucket/flows. Their times may be
    set for all by --worker-timeout, which costs nothing but requests: a worker gives a sign of life three times in it.
    """
    from simpleflow_steps.cli.swf import starting

    ctx.exit(starting.start(**options))
