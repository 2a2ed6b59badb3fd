"""Durable workflows on nothing but a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps.lazy import loader

if TYPE_CHECKING:
    from simpleflow_steps import activity, canvas, exceptions, futures
    from simpleflow_steps.canvas import Chain, FuncGroup, Group
    from simpleflow_steps.executors.local import LocalExecutor
    from simpleflow_steps.step.submittable import Step
    from simpleflow_steps.step.workflow import WorkflowStepMixin
    from simpleflow_steps.workflow import Workflow

__all__ = [
    "Chain",
    "FuncGroup",
    "Group",
    "LocalExecutor",
    "Step",
    "Workflow",
    "WorkflowStepMixin",
    "activity",
    "canvas",
    "exceptions",
    "futures",
]

# What a name costs is paid when it is first asked for: `sfs --help` asks for none and loads no pydantic.
_HOMES = {
    "Chain": "simpleflow_steps.canvas",
    "FuncGroup": "simpleflow_steps.canvas",
    "Group": "simpleflow_steps.canvas",
    "LocalExecutor": "simpleflow_steps.executors.local",
    "Step": "simpleflow_steps.step.submittable",
    "Workflow": "simpleflow_steps.workflow",
    "WorkflowStepMixin": "simpleflow_steps.step.workflow",
}

__getattr__ = loader(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
