"""What `sfs graph` draws, and where it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from simpleflow_steps.cli.input import read_input
from simpleflow_steps.cli.known import check_known, is_known
from simpleflow_steps.cli.output import reserved_stdout
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.runids import all_runs, find_run
from simpleflow_steps.cli.target import find_workflow
from simpleflow_steps.cli.text import one_line
from simpleflow_steps.cli.writing import write_text
from simpleflow_steps.drawing.composing import compose
from simpleflow_steps.drawing.dot import to_dot
from simpleflow_steps.drawing.mermaid import to_mermaid
from simpleflow_steps.drawing.reading import Reader
from simpleflow_steps.drawing.source import subject_of_source
from simpleflow_steps.drawing.svg import to_svg
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.identity import check_workflow_id, workflow_id_of
from simpleflow_steps.step.tasks import open_register

if TYPE_CHECKING:
    from simpleflow_steps.drawing.subject import Subject
    from simpleflow_steps.storage import Storage
    from simpleflow_steps.workflow import Workflow

WRITERS = {"mermaid": to_mermaid, "dot": to_dot, "svg": to_svg}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The arguments of `sfs graph`, as click gives them."""

    target: str
    words: tuple[str, ...]
    given: str | None
    form: str
    output: str
    run_id: str | None
    fold: int
    prefix: str | None
    storage: str | None
    debug: bool

    @property
    def has_input(self) -> bool:
        """Whether the input of a workflow was passed."""
        return bool(self.words) or self.given is not None


def draw(request: Request) -> None:
    """Write the graph of what is named."""
    graph = compose(_subject(open_place(request.storage), request), request.fold or None)
    write_text(request.output, WRITERS[request.form](graph))
    for note in graph.notes:
        click.echo(one_line(f"note: {note}"), err=True)


def _subject(storage: Storage, request: Request) -> Subject:
    target = request.target
    if ":" not in target or (not request.has_input and is_known(storage, target, request.prefix)):
        if request.has_input:
            raise InvalidInput(f"{target!r} is an execution, which has its input: ARGS and --input are a workflow's")
        return _execution(storage, check_workflow_id(target), request)
    with reserved_stdout():
        workflow = find_workflow(target)
        workflow_id = _workflow_id(workflow, request)
    if workflow_id is not None and (request.run_id is not None or is_known(storage, workflow_id, request.prefix)):
        return _execution(storage, workflow_id, request)
    if request.run_id is not None:
        raise InvalidInput(
            f"--run {request.run_id}: pass the input of {target} too, or the execution's ID in its place"
        )
    return subject_of_source(workflow, target if workflow_id is None else f"{target}, {workflow_id}")


def _execution(storage: Storage, workflow_id: str, request: Request) -> Subject:
    if request.run_id is not None:
        run_id = find_run(all_runs(storage, workflow_id), request.run_id, workflow_id)
        return Reader(storage).read_run(workflow_id, run_id)
    check_known(storage, workflow_id, request.prefix)
    return Reader(storage).read(workflow_id, open_register(storage, request.prefix or f"{workflow_id}/steps"))


def _workflow_id(workflow: type[Workflow], request: Request) -> str | None:
    """Name the execution; None if no input was passed and the workflow needs one."""
    try:
        args, kwargs = read_input(workflow, request.words, request.given)
    except InvalidInput:
        if request.has_input:
            raise
        return None
    return workflow_id_of(workflow, args, kwargs)
