"""The options that `sfs run` and `sfs resume` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.command import debug_option, json_option, storage_option

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

STEERING = (
    click.option(
        "--force", metavar="NAME", multiple=True, help="Run this step, and all under its name, although done."
    ),
    click.option("--skip", metavar="NAME", multiple=True, help="Do not run this step, nor any under its name."),
    click.option(
        "--from",
        "from_",
        metavar="NAME",
        multiple=True,
        help="Run this step again, and all that came after it in the past runs.",
    ),
    click.option("--until", metavar="NAME", multiple=True, help="Stop once this step and all under its name are over."),
    click.option("--only", metavar="NAME", multiple=True, help="Run this step although done, and skip all others."),
)
input_option = click.option(
    "--input",
    "given",
    metavar="JSON",
    help="The input as JSON: a list of arguments, an object of named ones, or "
    '{"args": [...], "kwargs": {...}}. @FILE reads a file, - the standard input.',
)
workflow_id_option = click.option(
    "--workflow-id", metavar="ID", help="Name the execution; else its workflow and its input do."
)
_OPTIONS = (
    storage_option,
    *STEERING,
    click.option("--plan", is_flag=True, help="Say what would be run or skipped, and why; run nothing."),
    click.option(
        "--max-workers", metavar="N", type=click.IntRange(min=1), help="How many activities run side by side."
    ),
    click.option(
        "--on-conflict",
        type=click.Choice(["fail", "wait"]),
        default="fail",
        show_default=True,
        help="If another run has the execution: fail at once, or wait; a holder that is gone is taken over.",
    ),
    click.option(
        "--lease-ttl",
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        help="How long this run holds the execution without a renewal.  [env: SIMPLEFLOW_LEASE_TTL; default: 60]",
    ),
    click.option(
        "--grace",
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        help="How long an interrupted run lets running activities finish.  [env: SIMPLEFLOW_GRACE_PERIOD; default: 30]",
    ),
    json_option,
    click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="warning",
        show_default=True,
        help="What to log, on stderr.",
    ),
    click.option(
        "--log-format",
        type=click.Choice(["human", "json"]),
        default="human",
        show_default=True,
        help="How to log; with json, stderr has no plain progress beside the JSON lines.",
    ),
    debug_option,
)


def run_options(function: Function) -> Function:
    """Add the options that say how a run is carried out."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
