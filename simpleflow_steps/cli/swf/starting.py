"""What `sfs swf start` does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.failures import FAILED, WRONG_USE, exit_code, message_of, say_error, tell
from simpleflow_steps.cli.input import read_input
from simpleflow_steps.cli.output import jsonable, print_json, reserved_stdout
from simpleflow_steps.cli.swf.connection import connect
from simpleflow_steps.cli.target import find_workflow
from simpleflow_steps.cli.text import one_line
from simpleflow_steps.executors.swf import SwfExecutor

if TYPE_CHECKING:
    from simpleflow_steps.executors.swf.executor import Started
    from simpleflow_steps.workflow import Workflow

LISTS = ("force", "skip", "from_", "until", "only")


@dataclass(frozen=True, slots=True)
class Submitted:
    """What to start: a workflow and its input, and the rest as `SwfExecutor` takes it."""

    workflow: type[Workflow]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    options: dict[str, Any]


def submitted(
    target: str,
    words: tuple[str, ...],
    given: str | None,
    execution_timeout: float | None,
    **options: Any,
) -> Submitted:
    """Find the workflow, read its input, and name the reasons of the lists."""
    workflow = find_workflow(target)
    args, kwargs = read_input(workflow, words, given)
    asked = {name: dict.fromkeys(options.pop(name), f"Asked for by --{name.strip('_')}") for name in LISTS}
    settings = {**options, "timeout": execution_timeout}
    return Submitted(workflow, args, kwargs, {**asked, **{k: v for k, v in settings.items() if v is not None}})


def start(
    wait: bool,
    timeout: float | None,
    domain: str | None,
    region: str | None,
    as_json: bool,
    debug: bool,
    **options: Any,
) -> int:
    """Start an execution, wait for its end if that is asked for, and give the exit code."""
    with reserved_stdout():
        what = submitted(**options)
        executor = SwfExecutor(what.workflow, client=connect(domain, region), **what.options)
        started = executor.start(*what.args, **what.kwargs)
    document = {"workflow_id": started.workflow_id, "run_id": started.run_id, "domain": executor.client.domain}
    if wait:
        return _wait(executor, started, document, timeout, as_json=as_json, debug=debug)
    if as_json:
        print_json(document)
    else:
        click.echo(one_line(f"{started.workflow_id} {started.run_id}"))
    return 0


def _wait(
    executor: SwfExecutor,
    started: Started,
    document: dict[str, str],
    timeout: float | None,
    *,
    as_json: bool,
    debug: bool,
) -> int:
    click.echo(one_line(f"started {started.workflow_id}, run {started.run_id}"), err=True)
    result, error = None, None
    try:
        result = executor.result(started, timeout)
    except Exception as raised:  # noqa: BLE001  whatever it is, it is the outcome
        error = raised
        if isinstance(error, TimeoutError):
            say_error(str(error))
        else:
            tell(error, what=f"execution {started.workflow_id}", debug=debug)
    if as_json:
        told = None if error is None else {"type": type(error).__name__, "message": message_of(error)}
        print_json({**document, "status": _status(error), "result": jsonable(result), "error": told})
    elif error is None:
        print_json(jsonable(result))
    code = 0 if error is None else exit_code(error)
    return FAILED if code == WRONG_USE else code


def _status(error: Exception | None) -> str:
    if error is None:
        return "completed"
    return "running" if isinstance(error, TimeoutError) else "failed"
