"""The step: a named submittable that leaves a marker when all of it succeeded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.step.names import check_selectors, check_step_name
from simpleflow_steps.step.play import StepFuture
from simpleflow_steps.task import SubmittableContainer, as_submittable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simpleflow_steps.executors.protocol import Executor


class Step(SubmittableContainer):
    """A named submittable that is skipped when its marker says that it is done.

    :param step_name: its dotted name, such as `stats.2012`
    :param activities: what it does: an activity, a tuple of an activity and its arguments, a task, a canvas, a
        workflow class, another step
    :param force: run it although it is done
    :param activities_if_step_already_done: what to do when it is skipped
    :param emit_signal: send the execution the signal `step.{step_name}` at the end, whether it ran or was skipped
    :param force_steps_if_executed: names of the steps to run again if this one runs
    :param bubbles_exception_on_failure: whether failures that `raises_on_failure=False` keeps from being raised show
        in the `exception` of the step's future
    """

    __slots__ = (
        "activities",
        "activities_if_step_already_done",
        "bubbles_exception_on_failure",
        "emit_signal",
        "force",
        "force_steps_if_executed",
        "step_name",
    )

    def __init__(
        self,
        step_name: str,
        activities: Any,
        force: bool = False,
        activities_if_step_already_done: Any = None,
        emit_signal: bool = False,
        force_steps_if_executed: Sequence[str] | None = None,
        bubbles_exception_on_failure: bool = False,
    ) -> None:
        self.step_name = check_step_name(step_name)
        self.activities = as_submittable(activities)
        self.force = force
        alternative = activities_if_step_already_done
        self.activities_if_step_already_done = None if alternative is None else as_submittable(alternative)
        self.emit_signal = emit_signal
        dependents = force_steps_if_executed
        self.force_steps_if_executed = check_selectors(dependents, "force_steps_if_executed") if dependents else ()
        self.bubbles_exception_on_failure = bubbles_exception_on_failure

    def __repr__(self) -> str:
        return f"<Step {self.step_name}>"

    def steps_inside(self) -> Sequence[str]:
        """Name itself."""
        return (self.step_name,)

    def propagate_attribute(self, attr: str, val: Any) -> None:
        """Set the attribute on what the step does, and on what it does when it is skipped."""
        self.activities.propagate_attribute(attr, val)
        if self.activities_if_step_already_done is not None:
            self.activities_if_step_already_done.propagate_attribute(attr, val)

    def submit(self, executor: Executor) -> StepFuture:
        """Start it; whether it runs is decided once the markers are listed."""
        workflow = executor.workflow
        if not hasattr(type(workflow), "step_book"):
            raise InvalidInput(f"{type(workflow).__name__} has steps: let it inherit from WorkflowStepMixin too")
        future = StepFuture(self, workflow, executor)  # type: ignore[arg-type]
        future.start()
        return future
