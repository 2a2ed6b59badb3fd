"""`sfs graph`: draw the steps of an execution."""

from __future__ import annotations

from typing import Any

import click

from simpleflow_steps.cli.command import Command, debug_option, storage_option


@click.command(cls=Command)
@click.argument("target", metavar="ID|MODULE:WORKFLOW")
@click.argument("words", metavar="[ARGS]...", nargs=-1)
@click.option("--input", "given", metavar="JSON", help="The input of MODULE:WORKFLOW, as for sfs run.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot", "svg"]),
    default="mermaid",
    show_default=True,
    help="What to write; svg needs the program dot of Graphviz.",
)
@click.option("--output", "-o", metavar="FILE", default="-", help="Where to write it, in place of the standard output.")
@click.option("--run", "run_id", metavar="RUN", help="Draw what became of the steps in this run; -1 is the last one.")
@click.option(
    "--fold",
    metavar="N",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Draw so many boxes in one box, and fold the others into one; 0 draws all.",
)
@click.option(
    "--prefix", metavar="KEY", help="Where the markers are, if get_step_path_prefix() says so.  [default: ID/steps]"
)
@storage_option
@debug_option
def graph(**options: Any) -> None:
    """Draw the steps of an execution: what is inside what, what forces what, and how each stands.

    For ID it is drawn from the markers and the last runs. For MODULE:WORKFLOW it is the execution that this workflow
    and this input name; if that never ran, what the source of the class says of its steps, without running it, and
    what is not known. Steps whose names begin alike are in a box, a step is in the step around it, a child workflow is
    a box of its own. A dashed arrow leads to what a step forces if it runs. A solid one leads to what began when the
    other was over; it is drawn only where no dashed one ends.

    \b
    sfs graph daily-20                                      Mermaid, for a README or a wiki
    sfs graph daily-20 --format svg --output daily.svg
    sfs graph daily-20 --format dot | dot -Tpdf > daily.pdf
    sfs graph daily-20 --run 5b1f0c                         one run: its id, a part of it, or -1
    sfs graph daily:Daily 2026-11-20                        before it has run
    """
    from simpleflow_steps.cli import graphing

    graphing.draw(graphing.Request(**options))
