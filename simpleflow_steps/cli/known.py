"""Whether anything is known of an execution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps.cli.runids import all_runs
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.execution.record import runs_prefix
from simpleflow_steps.identity import check_workflow_id

if TYPE_CHECKING:
    from simpleflow_steps.storage import Storage


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
        all_runs(storage, workflow_id)
    return workflow_id
