"""The options that the commands of `sfs swf` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.options import STEERING, input_option, workflow_id_option

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

_WHERE = (
    click.option("--domain", metavar="DOMAIN", help="The SWF domain.  [env: SWF_DOMAIN]"),
    click.option("--region", metavar="REGION", help="The AWS region.  [env: AWS_DEFAULT_REGION]"),
)
_LOGS = (
    click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        help="What to log, on stderr.",
    ),
    click.option(
        "--log-format", type=click.Choice(["human", "json"]), default="human", show_default=True, help="How to log."
    ),
)
_SUBMISSION = (
    input_option,
    workflow_id_option,
    *STEERING,
    click.option(
        "--execution-timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=1),
        help="How long the execution may take.  [default: a year, the most that SWF takes]",
    ),
    click.option(
        "--decision-timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=1),
        help="How long one decision may take; then another decider gets it.  [default: 60]",
    ),
    click.option(
        "--worker-timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=1),
        help="After how long without a sign of life a worker is lost, and another one gets its activity.  "
        "[default: 60]",
    ),
)

execution_task_list_option = click.option(
    "--task-list",
    metavar="LIST",
    help="Where its tasks go, unless the workflow or the activity names one.  [default: default]",
)
grace_option = click.option(
    "--grace",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="How long to finish what is at hand after a signal.  [env: SIMPLEFLOW_GRACE_PERIOD; default: 30]",
)
run_id_option = click.option("--run-id", metavar="RUN_ID", help="This run of it.  [default: the open one, or the last]")


def _adding(options: tuple[Function, ...]) -> Callable[[Function], Function]:
    def add(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return add


where_options = _adding(_WHERE)
log_options = _adding(_LOGS)
submission_options = _adding(_SUBMISSION)
