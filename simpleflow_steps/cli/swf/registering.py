"""What `sfs swf register` does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from simpleflow_steps.activity import Activity
from simpleflow_steps.cli.output import print_json, reserved_stdout
from simpleflow_steps.cli.swf.connection import connect
from simpleflow_steps.cli.target import find_workflow
from simpleflow_steps.cli.text import one_line
from simpleflow_steps.exceptions import EngineDenied
from simpleflow_steps.executors.swf.registration import types_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simpleflow_steps.executors.swf import SwfClient
    from simpleflow_steps.workflow import Workflow

NEW, KNOWN, DENIED = "registered", "was there", "not allowed"


def register(
    targets: tuple[str, ...], retention: int, domain: str | None, region: str | None, as_json: bool, debug: bool
) -> None:
    """Register the domain and the types, and say which of them were new."""
    del debug  # the command itself heeds it
    with reserved_stdout():
        workflows = [find_workflow(target) for target in targets]
    client = connect(domain, region)
    rows = [("domain", client.domain, "", _register_domain(client, retention))]
    for kind, name, version in types_of(workflows, activities_beside(workflows)):
        rows.append((kind, name, version, NEW if client.register_type(kind, name, version) else KNOWN))
    if as_json:
        print_json([dict(zip(("kind", "name", "version", "state"), row, strict=True)) for row in rows])
        return
    for kind, name, version, state in rows:
        click.echo(one_line(f"{state:<10}  {kind:<8}  {name} {version}".rstrip()))


def activities_beside(workflows: Iterable[type[Workflow]]) -> list[Activity[..., object]]:
    """List the activities in the modules of workflows, those that they import too."""
    modules = {workflow.__module__ for workflow in workflows}
    found = [value for module in modules for value in vars(sys.modules[module]).values() if isinstance(value, Activity)]
    return list({(activity.name, activity.version): activity for activity in found}.values())


def _register_domain(client: SwfClient, retention: int) -> str:
    """Register the domain; whoever may not do that may still register types in it."""
    try:
        return NEW if client.register_domain(retention) else KNOWN
    except EngineDenied as error:
        if error.code not in ("OperationNotPermittedFault", "AccessDeniedException"):
            raise
        return DENIED
