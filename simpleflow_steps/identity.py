"""What executions and runs are called."""

from __future__ import annotations

import os
import unicodedata
from typing import TYPE_CHECKING, Any

from simpleflow_steps.codec import digest
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.workflow import call_hook

if TYPE_CHECKING:
    from collections import Counter
    from datetime import datetime

    from simpleflow_steps.workflow import Workflow

MAX_BYTES = 255


def check_workflow_id(workflow_id: object) -> str:
    """Give the id back if objects can be kept under it.

    :raises InvalidInput: naming what is wrong with it
    """
    if not isinstance(workflow_id, str) or not workflow_id.strip():
        raise InvalidInput(f"workflow_id={workflow_id!r}: pass a text that is not empty")
    if workflow_id != workflow_id.strip() or workflow_id in (".", ".."):
        raise InvalidInput(f"workflow_id={workflow_id!r}: no white space at its ends, and not '.' or '..'")
    if "/" in workflow_id or any(unicodedata.category(character)[0] == "C" for character in workflow_id):
        raise InvalidInput(f"workflow_id={workflow_id!r}: no slash and no control character, please")
    if len(workflow_id.encode()) > MAX_BYTES:
        raise InvalidInput(f"workflow_id={workflow_id[:40]!r}...: longer than {MAX_BYTES} bytes")
    return workflow_id


def new_run_id(now: datetime) -> str:
    """Make a run id; later ones sort after earlier ones."""
    return f"{now:%Y%m%dT%H%M%S.%fZ}-{os.urandom(3).hex()}"


def workflow_id_of(workflow: type[Workflow], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Name an execution by its input: as its `get_workflow_id` says, else by the workflow's name and a digest.

    :raises InvalidInput: if the input is not JSON, so that it has no digest
    """
    given = call_hook(workflow, "get_workflow_id", args, kwargs)
    return check_workflow_id(given if given is not None else f"{workflow.get_name()}-{digest(args, kwargs)}")


def child_workflow_id(
    parent_id: str, workflow: type[Workflow], args: tuple[Any, ...], kwargs: dict[str, Any], before: Counter[str]
) -> str:
    """Name a child by its own `get_workflow_id`, else by its parent, its name, its input and how often that came
    before.

    The order in which children are started does not matter, so that a child keeps its name when a resumed parent skips
    others. `before` counts those of the same parent, this one included.
    """
    given = call_hook(workflow, "get_workflow_id", args, kwargs)
    if given is not None:
        return check_workflow_id(given)
    workflow_id = f"{parent_id}.{workflow.get_name()}-{digest(args, kwargs)}"
    before[workflow_id] += 1
    again = before[workflow_id]
    return check_workflow_id(workflow_id if again == 1 else f"{workflow_id}-{again}")
