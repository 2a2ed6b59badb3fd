"""`sfs resume`: run an execution once more, with the input of its last run."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command
from simpleflow_steps.cli.options import run_options


@click.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.argument("target", metavar="[MODULE:WORKFLOW]", required=False)
@run_options
@click.pass_context
def resume(ctx: click.Context, /, workflow_id: str, target: str | None, **options: Any) -> None:
    """Run an execution once more, with the same input as its last run: what is done is skipped.

    ID is the workflow id. Without MODULE:WORKFLOW the class is the one of the last run; because a storage is not
    trusted to say what to import, its module must then be a file in the current directory.

    What the last run was asked for (--force, --skip, --from, --until, --only) is not repeated: what was forced and ran
    is done by now. Pass it to ask again.

    \b
    sfs resume daily-20
    sfs resume daily-20 jobs.daily:Daily --storage s3://my-bucket/flows
    sfs resume daily-20 --force report --on-conflict wait
    sfs resume daily-20 --from stats --plan
    """
    from simpleflow_steps.cli.conclusion import carry_out
    from simpleflow_steps.cli.playing import Request
    from simpleflow_steps.cli.resuming import resumed

    request = Request(**options)
    ctx.exit(carry_out(request, lambda: resumed(workflow_id, target, request.storage)))
