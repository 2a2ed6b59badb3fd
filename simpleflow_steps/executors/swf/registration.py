"""The types that SWF has to know before anything of them may start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps import log
from simpleflow_steps.exceptions import EngineDenied
from simpleflow_steps.executors.swf.jobs import STEP_ACTIVITY
from simpleflow_steps.step.operations import OPERATIONS
from simpleflow_steps.step.workflow import STEP_ACTIVITY_PARAMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simpleflow_steps.activity import Activity
    from simpleflow_steps.executors.swf.client import SwfClient
    from simpleflow_steps.workflow import Workflow

    Type = tuple[str, str, str]  # its kind, name and version


class Registrar:
    """Register types, each once in this process."""

    def __init__(self, client: SwfClient) -> None:
        self._client = client
        self._known: set[Type] = set()

    def ensure(self, types: Iterable[Type]) -> None:
        """Register those that this process has not registered yet; who may not counts on those who have deployed."""
        for each in sorted(set(types) - self._known):
            try:
                self._client.register_type(*each)
            except EngineDenied as error:
                kind, name, version = each
                log.info(f"{kind} type {name} {version} is taken as registered: {error}", error=str(error))
            self._known.add(each)


def types_of(workflows: Iterable[type[Workflow]], activities: Iterable[Activity[..., object]] = ()) -> list[Type]:
    """List the types of workflows, of activities, and of the operations on steps."""
    found = {("workflow", workflow.get_name(), workflow.version) for workflow in workflows}
    found |= {("activity", activity.name, activity.version) for activity in activities}
    version = str(STEP_ACTIVITY_PARAMS["version"])
    return sorted(found | {("activity", f"{STEP_ACTIVITY}{kind}", version) for kind in OPERATIONS})
