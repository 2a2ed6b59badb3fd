"""`sfs swf decider` and `sfs swf worker`."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, storage_option
from simpleflow_steps.cli.swf.options import grace_option, log_options, where_options

processes_option = click.option(
    "--processes",
    metavar="N",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="How many, each restarted when it dies.",
)
task_list_option = click.option(
    "--task-list", metavar="LIST", default="default", show_default=True, help="Whose tasks they take."
)


@click.command(cls=Command)
@click.argument("targets", metavar="MODULE:WORKFLOW...", nargs=-1, required=True)
@processes_option
@task_list_option
@click.option(
    "--on-mismatch",
    type=click.Choice(["wait", "fail"]),
    default="wait",
    show_default=True,
    help="If the code does not match an execution's history: leave it to a decider with its code, or fail it.",
)
@storage_option
@grace_option
@where_options
@log_options
@debug_option
@click.pass_context
def decider(ctx: click.Context, /, **options: Any) -> None:
    """Decide what follows in executions of these workflows and of their children, until a signal ends it.

    A decider that dies is started again; the decision that it was at is made by another one after --decision-timeout of
    the execution. One decider serves many executions, as it only replays run(); activities are the workers' part.

    The first signal (Ctrl-C, SIGTERM) lets it end what is at hand, and the poll that is open, within the grace period:
    SWF keeps a poll open for up to 60 s, and what it hands to one that is gone waits for its time-out. The second
    signal gives it up. Exit codes: 0 ended in time, 1 to 4 it cannot begin, 130 and 143 given up.

    \b
    sfs swf decider daily:Daily
    sfs swf decider daily:Daily weekly:Weekly --processes 2 --task-list reports
    """
    from simpleflow_steps.cli.swf import fleet

    ctx.exit(fleet.serve("decider", **options))


@click.command(cls=Command)
@click.argument("targets", metavar="MODULE...", nargs=-1, required=True)
@processes_option
@click.option(
    "--concurrency",
    metavar="N",
    type=click.IntRange(1, 256),
    default=4,
    show_default=True,
    help="How many activities each carries out at once, in threads.",
)
@task_list_option
@storage_option
@grace_option
@where_options
@log_options
@debug_option
@click.pass_context
def worker(ctx: click.Context, /, **options: Any) -> None:
    """Carry out the activities of these modules, until a signal ends it.

    An activity is found in the modules that are imported here, and in those that they import. A worker that dies is
    started again; the activities that it was at go to others after --worker-timeout of the execution, or after their
    own time-outs.

    The first signal (Ctrl-C, SIGTERM) lets activities end, and the poll that is open, within the grace period; the
    second one gives them up. With --grace 90 nothing that SWF hands out is lost, as it keeps a poll open for up to
    60 s. Exit codes: 0 ended in time, 1 to 4 it cannot begin, 130 and 143 given up.

    \b
    sfs swf worker daily
    sfs swf worker daily weekly --processes 4 --concurrency 8 --grace 90
    sfs swf worker daily --task-list big --log-format json
    """
    from simpleflow_steps.cli.swf import fleet

    ctx.exit(fleet.serve("worker", **options))
