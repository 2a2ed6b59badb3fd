"""Durable workflows on nothing but a bucket."""

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
