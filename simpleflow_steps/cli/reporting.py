"""What `sfs report` writes, and where."""

from __future__ import annotations

import webbrowser
from dataclasses import replace
from pathlib import Path

import click

from simpleflow_steps.cli.known import check_known
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.text import plural, shown, size
from simpleflow_steps.cli.version import line
from simpleflow_steps.cli.writing import STDOUT, write_text
from simpleflow_steps.drawing.page import to_html
from simpleflow_steps.drawing.report import read_report
from simpleflow_steps.drawing.results import MOST_READ, read_results
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.step.tasks import open_register


def write(
    workflow_id: str,
    output: str | None,
    last: int,
    *,
    no_results: bool,
    open_it: bool,
    prefix: str | None,
    storage: str | None,
    debug: bool,
) -> None:
    """Write the page."""
    del debug  # the command itself heeds it
    file = output or f"{workflow_id}.html"
    if open_it and file == STDOUT:
        raise InvalidInput("--open needs a file: pass --output FILE")
    where = open_place(storage)
    check_known(where, workflow_id, prefix)
    register = open_register(where, prefix or f"{workflow_id}/steps")
    report = read_report(where, workflow_id, register, last)
    if not no_results:
        report = replace(report, results=read_results(register, report.done))
        if len(report.done) > MOST_READ:
            report.head["notes"].append(f"The results of {len(report.done) - MOST_READ} steps are left out.")
    text = to_html(report, line())
    write_text(file, text)
    if file == STDOUT:
        return
    there, drawn = sum(report.head["counts"].values()), len(report.now["steps"])
    steps = plural(there, "step") if drawn == there else f"{drawn} of {there} steps"
    told = f"{plural(len(report.runs), 'run')}, {steps}, {size(len(text))}"
    _say(f"wrote {shown(file)}: {told}")
    if open_it and not webbrowser.open(Path(file).absolute().as_uri()):
        _say("no browser could be started: open the file yourself")


def _say(text: str) -> None:
    click.echo(text, err=True)
