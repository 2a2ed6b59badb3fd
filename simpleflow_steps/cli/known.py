"""Whether anything is known of an execution."""

from __future__ import annotations

import difflib
from itertools import islice
from typing import TYPE_CHECKING

from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.execution.record import runs_prefix
from simpleflow_steps.identity import check_workflow_id

if TYPE_CHECKING:
    from simpleflow_steps.storage import Storage

MOST_NAMED = 3


def is_known(storage: Storage, workflow_id: str, prefix: str | None) -> bool:
    """Tell whether an execution has a run or a marker.

    :param prefix: where its markers are, if not where they are by default
    """
    try:
        check_workflow_id(workflow_id)
    except InvalidInput:
        return False
    places = (runs_prefix(workflow_id), f"{prefix or f'{workflow_id}/steps'}/")
    return any(next(iter(storage.list(place)), None) is not None for place in places)


def check_known(storage: Storage, workflow_id: str, prefix: str | None) -> str:
    """Give the id back if something is known of the execution.

    :raises InvalidInput: if not, naming the executions that are called alike
    """
    if not is_known(storage, check_workflow_id(workflow_id), prefix):
        raise no_run(storage, workflow_id)
    return workflow_id


def no_run(storage: Storage, workflow_id: str) -> InvalidInput:
    """Make the error for an execution that has no run, with the executions that are called alike."""
    return InvalidInput(f"execution {workflow_id!r} has no run in {storage.url}{alike(storage, workflow_id)}")


def alike(storage: Storage, workflow_id: str, word: str = "nearest") -> str:
    """Name the executions that are called like an unknown one, to end a sentence with; say nothing of a known one."""
    beginning = workflow_id[: (len(workflow_id) + 1) // 2]
    names = list(storage.folders(beginning))
    longer = (name for name in names if name.startswith(workflow_id))
    near = difflib.get_close_matches(workflow_id, names) or list(islice(longer, MOST_NAMED))
    return f"; {word}: {', '.join(near)}" if near and workflow_id not in names else ""
