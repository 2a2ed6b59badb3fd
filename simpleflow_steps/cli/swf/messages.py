"""What `sfs swf signal`, `cancel` and `terminate` do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from simpleflow_steps.cli.input import read_json
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.swf.connection import connect
from simpleflow_steps.cli.text import one_line
from simpleflow_steps.exceptions import ExecutionNotFound, InvalidInput
from simpleflow_steps.executors.swf.payloads import Payloads, check_swf_name
from simpleflow_steps.identity import check_workflow_id
from simpleflow_steps.task import check_task_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simpleflow_steps.executors.swf import SwfClient


def send_signal(
    workflow_id: str,
    name: str,
    given: str | None,
    run_id: str | None,
    storage: str | None,
    domain: str | None,
    region: str | None,
    debug: bool,
) -> None:
    """Send a signal."""
    del debug  # the command itself heeds it
    check_task_name("signal name", name)
    payload = None if given is None else read_json(given, "--input")
    with _to_open(workflow_id, domain, region) as client:
        text = Payloads(open_place(storage)).write(payload, workflow_id)
        client.signal(workflow_id, name, text, run_id)
    _say(f"sent {name!r} to {workflow_id}")


def request_cancel(workflow_id: str, run_id: str | None, domain: str | None, region: str | None, debug: bool) -> None:
    """Ask for a cancellation."""
    del debug  # the command itself heeds it
    with _to_open(workflow_id, domain, region) as client:
        client.request_cancel(workflow_id, run_id)
    _say(f"asked for the cancellation of {workflow_id}")


def terminate(
    workflow_id: str, reason: str, run_id: str | None, domain: str | None, region: str | None, debug: bool
) -> None:
    """End an execution."""
    del debug  # the command itself heeds it
    with _to_open(workflow_id, domain, region) as client:
        client.terminate(workflow_id, run_id, reason)
    _say(f"terminated {workflow_id}")


@contextmanager
def _to_open(workflow_id: str, domain: str | None, region: str | None) -> Iterator[SwfClient]:
    """Give the requests about an execution; that it is not open is wrong use."""
    check_swf_name("workflow id", check_workflow_id(workflow_id))
    client = connect(domain, region)
    try:
        yield client
    except ExecutionNotFound as error:
        raise InvalidInput(f"no execution {workflow_id!r} is open in domain {client.domain!r}: {error}") from error


def _say(text: str) -> None:
    click.echo(one_line(text), err=True)
