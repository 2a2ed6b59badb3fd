"""What a resumed run needs to know of the runs before it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from simpleflow_steps import codec
from simpleflow_steps.cli.known import no_run
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.playing import Prepared
from simpleflow_steps.cli.target import find_workflow
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.execution.record import read_run, run_ids
from simpleflow_steps.identity import check_workflow_id

if TYPE_CHECKING:
    from simpleflow_steps.execution.record import RunRecord
    from simpleflow_steps.storage import Storage
    from simpleflow_steps.workflow import Workflow

CURE = "name it: sfs resume ID MODULE:WORKFLOW"


def resumed(workflow_id: str, target: str | None, where: str | None) -> Prepared:
    """Find the workflow of an execution's last run, and its input.

    :raises InvalidInput: saying what is not known, and what to pass
    """
    storage = open_place(where)
    record = _beginning(storage, check_workflow_id(workflow_id))
    shown_target = target or record.target or ""
    workflow = find_workflow(target) if target is not None else _recorded_workflow(record)
    if workflow.get_name() != record.workflow:
        raise InvalidInput(
            f"the last run of {workflow_id!r} was of workflow {record.workflow!r}, and {shown_target} is "
            f"{workflow.get_name()!r}; {CURE}"
        )
    if record.input is None:
        raise InvalidInput(f"the input of run {record.run_id} was no JSON, so that it was not kept: pass it to sfs run")
    args, kwargs = record.input.get("args", []), record.input.get("kwargs", {})
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise InvalidInput(f"the input of run {record.run_id} cannot be read: pass it to sfs run")
    return Prepared(shown_target, workflow, *codec.decode_arguments(workflow, args, kwargs), workflow_id)


def _beginning(storage: Storage, workflow_id: str) -> RunRecord:
    """Read the newest run; of a chain of runs that continued as new, the one that began it."""
    for run_id in sorted(run_ids(storage, workflow_id), reverse=True):
        record = read_run(storage, workflow_id, run_id)
        if record.generation == 0:
            return record
    raise InvalidInput(f"{no_run(storage, workflow_id)}; start it with sfs run")


def _recorded_workflow(record: RunRecord) -> type[Workflow]:
    """Import the class that a record names, if its module is the user's own: anybody may have written the record."""
    if record.target is None:
        raise InvalidInput(f"run {record.run_id} does not say which class it was of; {CURE}")
    name = record.target.partition(":")[0]
    file = _file_here(name)
    if file is None:
        raise InvalidInput(
            f"run {record.run_id} says that it was of {record.target}, but no file in {Path.cwd()} is the module "
            f"{name}, and no other is imported because a record says so; {CURE}"
        )
    workflow = find_workflow(record.target)
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if loaded is None or not file.samefile(loaded):
        raise InvalidInput(f"the module {name} is {loaded} and not {file}; {CURE}")
    return workflow


def _file_here(module: str) -> Path | None:
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    place = Path.cwd().joinpath(*parts)
    candidates = (place / "__init__.py", place.with_name(f"{place.name}.py"))
    return next((path for path in candidates if path.is_file()), None)
