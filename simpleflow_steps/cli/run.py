"""`sfs run`: run a workflow here and now."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command
from simpleflow_steps.cli.options import input_option, run_options, workflow_id_option


@click.command(cls=Command)
@click.argument("target", metavar="MODULE:WORKFLOW")
@click.argument("words", metavar="[ARGS]...", nargs=-1)
@input_option
@workflow_id_option
@run_options
@click.pass_context
def run(
    ctx: click.Context,
    /,
    target: str,
    words: tuple[str, ...],
    given: str | None,
    workflow_id: str | None,
    **options: Any,
) -> None:
    """Run the class WORKFLOW of MODULE, which is looked for in the current directory first.

    Steps that are done are skipped. Each of ARGS is read as the type that run() asks for; put -- before one that begins
    with a dash. The result goes to stdout as JSON; progress, logs and what the workflow prints go to stderr.

    \b
    sfs run daily:Daily 2026-11-20
    sfs run daily:Daily 2026-11-20 --force stats --force report.chart
    sfs run daily:Daily 2026-11-20 --force '*' --skip fetch
    sfs run daily:Daily 2026-11-20 --from stats --plan
    sfs run daily:Daily 2026-11-20 --only report
    sfs run daily:Daily --input '{"day": "2026-11-20"}' > result.json
    sfs run jobs.daily:Daily 2026-11-20 --storage s3://my-bucket/flows --workflow-id daily-20
    sfs run daily:Daily 2026-11-20 --on-conflict wait --lease-ttl 20 --grace 120

    A name covers all under it: stats covers stats.2012, and '*' covers every step. --only outweighs all else; then come
    --force and --from with the dependents of what runs, then --skip, then what is done. SIMPLEFLOW_FORCE, _SKIP, _FROM,
    _UNTIL and _ONLY add to the options, with commas between the names.

    After a failure or an interruption
    run the same command again, or sfs resume ID. The first signal (Ctrl-C, SIGTERM) lets running activities finish and
    be marked within the grace period, the second one gives them up, the third one leaves at once.
    """
    from simpleflow_steps.cli.conclusion import carry_out
    from simpleflow_steps.cli.playing import Request, asked

    ctx.exit(carry_out(Request(**options), lambda: asked(target, words, given, workflow_id)))
