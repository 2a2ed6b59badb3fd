"""What `sfs signal` does."""

from __future__ import annotations

import click

from simpleflow_steps.cli.input import read_json
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.execution.signals import send_signal
from simpleflow_steps.identity import check_workflow_id


def send(workflow_id: str, name: str, given: str | None, storage: str | None, as_json: bool, debug: bool) -> None:
    """Send a signal, and print its id."""
    del debug  # the command itself heeds it
    check_workflow_id(workflow_id)
    payload = None if given is None else read_json(given, "--input")
    signal_id = send_signal(open_place(storage), workflow_id, name, payload)
    if as_json:
        print_json({"workflow_id": workflow_id, "name": name, "id": signal_id})
    else:
        click.echo(signal_id)
