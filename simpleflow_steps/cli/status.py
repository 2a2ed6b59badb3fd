"""`sfs status`: how an execution is now."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, json_option, storage_option


@click.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@storage_option
@json_option
@click.option("--watch", is_flag=True, help="Show it until the run ends; with --json, one document a line.")
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(min=0.1, max=3600),
    default=2.0,
    show_default=True,
    help="How often --watch looks.",
)
@debug_option
def status(watch: bool, interval: float, **options: Any) -> None:
    """Show whether an execution is running, who runs it, and how far it is; it costs one request.

    The state is running, stale (held, but not renewed for longer than its time to live: its holder is gone or cut off),
    crashed (its process on this machine is gone), finished, failed, interrupted, canceled, superseded, stopped
    (where --until said so), continued (as new), or stolen. An execution that never ran is an error, with exit code 2.

    With --watch it is shown again and again, from any machine that reaches the storage, until the run ends: 0 if it
    completed, 1 if it ended otherwise or crashed. A stale run may come back, and is watched on. A run tells what it
    does when it renews its lease, at a quarter of its time to live; the picture says how old it is. Each look reads the
    lease, and those of running child workflows, and lists the markers if they are no more than 1,000. Control-C ends
    the watch, not the run.

    \b
    sfs status daily-20
    sfs status daily-20 --json
    sfs status daily-20 --watch
    sfs status daily-20 --watch --interval 10 --json | jq .progress.steps
    sfs status daily-20 --storage s3://my-bucket/flows
    """
    if watch:
        from simpleflow_steps.cli import watching

        click.get_current_context().exit(watching.watch(interval=interval, **options))
    from simpleflow_steps.cli import holding

    holding.show_status(**options)
