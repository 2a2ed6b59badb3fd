"""`sfs report`: a page about an execution."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, storage_option


@click.command(cls=Command)
@click.argument("workflow_id", metavar="ID")
@click.option("--output", "-o", metavar="FILE", help="Where to write it; - is the standard output.  [default: ID.html]")
@click.option(
    "--last",
    metavar="N",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many runs, counted back.",
)
@click.option("--no-results", is_flag=True, help="Leave out what the steps returned; no marker is read then.")
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")
@click.option(
    "--prefix", metavar="KEY", help="Where the markers are, if get_step_path_prefix() says so.  [default: ID/steps]"
)
@storage_option
@debug_option
def report(**options: Any) -> None:
    """Write a page about an execution: its steps, its runs, how long what took, what went wrong, what came out.

    It is one HTML file to open, to send or to keep. It asks for nothing from outside, and holds the input of the runs,
    errors and the beginning of each result: give it to those who may read them.

    \b
    sfs report daily-20 --open
    sfs report daily-20 --output /srv/www/daily.html --last 5
    sfs report daily-20 --no-results --output - > daily.html
    """
    from simpleflow_steps.cli import reporting

    reporting.write(**options)
