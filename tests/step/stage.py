"""A stage for steps: workflows written as one function, run on one storage, and what can be seen afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from simpleflow_steps import LocalExecutor, Step, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.events import Event, StepEvent
from simpleflow_steps.storage import Storage
from tests.step.doubles import is_of_the_run

EVERYWHERE = pytest.mark.parametrize("storage", ["memory", "directory", "seaweedfs", "localstack"], indirect=True)
IN_MEMORY = pytest.mark.parametrize("storage", ["memory"], indirect=True)

CALLS: list[Any] = []
"""What the activities below were called with, in order; empty at the start of each test."""


@activity.with_attributes()
def note(name: str, result: Any = None) -> Any:
    CALLS.append(name)
    return name if result is None else result


@activity.with_attributes()
def fail(name: str) -> None:
    CALLS.append(name)
    raise ValueError(f"{name} has no luck")


@activity.with_attributes(raises_on_failure=False)
def fail_quietly(name: str) -> None:
    CALLS.append(name)
    raise ValueError(f"{name} has no luck")


def simple(*names: str, **arguments: Any) -> Callable[[Any], list[Any]]:
    """Give the body of a workflow that plays one step after another and returns their results."""

    def body(workflow: Any) -> list[Any]:
        return [workflow.submit(Step(name, (note, name), **arguments)).result for name in names]

    return body


def workflow_of(body: Callable[..., Any], **attributes: Any) -> type[Workflow]:
    """Make a workflow with steps whose `run` is a function of the workflow."""

    def run(self: Any, *args: Any) -> Any:
        return body(self, *args)

    return type("Staged", (Workflow, WorkflowStepMixin), {"name": "staged", "run": run, **attributes})


class Stage:
    """One execution, `w`, that is run again and again on one storage."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.events: list[Event] = []
        self.workflow: Any = None

    def run(self, body: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run it once; `attributes` are the workflow class's, the other options the executor's."""
        self.events = []

        def kept(workflow: Any, *args: Any) -> Any:
            self.workflow = workflow
            return body(workflow, *args)

        workflow_class = workflow_of(kept, **options.pop("attributes", {}))
        options = {"storage": self.storage, "workflow_id": "w", "on_event": self.events.append, **options}
        return LocalExecutor(workflow_class, **options).run(*args)

    @property
    def log(self) -> list[dict[str, Any]]:
        """The log markers that the last run's steps left."""
        markers = self.workflow.list_markers(all=True)
        return [marker.details for marker in markers if marker.name == "log.step"]

    def statuses(self, name: str) -> list[str]:
        """What the last run's log markers say of one step."""
        return [details["status"] for details in self.log if details["step"] == name]

    def said(self, kind: type[StepEvent]) -> list[Any]:
        """The last run's events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def markers(self, prefix: str = "w/steps/") -> dict[str, Any]:
        """Every marker as it is in storage; an invalidated one is None."""
        found = {listed.key.removeprefix(prefix): listed for listed in self.storage.list(prefix)}
        return {name: json.loads(self.storage.get(each.key)) if each.size else None for name, each in found.items()}

    def done(self) -> set[str]:
        """The names of the done steps."""
        return {name for name, marker in self.markers().items() if marker is not None}

    def contents(self) -> dict[str, bytes]:
        """Everything in storage that steps leave there."""
        keys = [listed.key for listed in self.storage.list() if not is_of_the_run(listed.key)]
        return {key: bytes(self.storage.get(key)) for key in keys}

    def write(self, name: str, body: bytes) -> None:
        """Write a marker past everything."""
        self.storage.put(f"w/steps/{name}", body)
