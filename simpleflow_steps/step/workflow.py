"""What a workflow with steps inherits from."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from simpleflow_steps.activity import Activity
from simpleflow_steps.codec import is_text
from simpleflow_steps.events import StepsAsked, event_of
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.step.book import StepBook
from simpleflow_steps.step.marker import MarkerRegister
from simpleflow_steps.step.names import check_selectors
from simpleflow_steps.step.operations import ListMarkers
from simpleflow_steps.step.steering import Steering
from simpleflow_steps.step.submittable import Step
from simpleflow_steps.step.tasks import GetStepsDoneTask, results_prefix
from simpleflow_steps.storage import open_bucket
from simpleflow_steps.task import ActivityTask, StorageTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from simpleflow_steps.step.selection import Selection
    from simpleflow_steps.storage import Storage
    from simpleflow_steps.workflow import Workflow

STEP_ACTIVITY_PARAMS: dict[str, Any] = {
    "schedule_to_start_timeout": 4 * 3600,
    "start_to_close_timeout": 60,
    "schedule_to_close_timeout": 4 * 3600 + 60,
    "heartbeat_timeout": 180,
    "task_priority": 100,
    "version": "1.0",
    "idempotent": True,
    "retry": 1,
}


class WorkflowStepMixin:
    """Give a workflow its steps: `class Daily(Workflow, WorkflowStepMixin)`.

    Override `get_step_bucket`, `get_step_path_prefix` or `get_step_activity_params` to put the markers elsewhere, or
    to have them listed and written elsewhere.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.steering = Steering()

    def step(
        self,
        step_name: str,
        activities: Any,
        force: bool = False,
        activities_if_step_already_done: Any = None,
        emit_signal: bool = False,
        force_steps_if_executed: Sequence[str] | None = None,
        bubbles_exception_on_failure: bool = False,
    ) -> Step:
        """Make a `Step` to submit, with the arguments of `Step`."""
        return Step(
            step_name,
            activities,
            force,
            activities_if_step_already_done,
            emit_signal,
            force_steps_if_executed,
            bubbles_exception_on_failure,
        )

    def add_forced_steps(self, steps: Iterable[str], reason: str | None = None) -> None:
        """Ask for steps, and all that their names cover, to run although they are done."""
        self._ask(self.steering.forced, steps, reason, skip=False)

    def add_skipped_steps(self, steps: Iterable[str], reason: str | None = None) -> None:
        """Ask for steps, and all that their names cover, not to run although they are not done."""
        self._ask(self.steering.skipped, steps, reason, skip=True)

    def get_forced_steps(self) -> list[str]:
        """Give the names that were asked to run."""
        return list(self.steering.forced.names)

    def get_skipped_steps(self) -> list[str]:
        """Give the names that were asked not to run."""
        return list(self.steering.skipped.names)

    def get_step_bucket(self) -> str:
        """Give the bucket of the markers: a bucket's name, `host/bucket`, or a storage URL. Override it to move
        them.
        """
        return self._as_workflow.executor.storage.url

    def get_step_path_prefix(self) -> str:
        """Give the prefix of the markers' keys. Override it to move them inside their bucket."""
        return f"{self._as_workflow.get_run_context()['workflow_id']}/steps"

    def get_step_activity_params(self) -> dict[str, Any]:
        """Give attributes of the activities that list and mark steps, where these are activities: a task list, a
        time-out.
        """
        return {}

    def get_steps_done_activity(self) -> ActivityTask:
        """Make a task that lists the names of the done steps, afresh from storage."""
        activity = Activity(GetStepsDoneTask, **{**STEP_ACTIVITY_PARAMS, **self.get_step_activity_params()})
        return ActivityTask(activity, self._markers_storage().url, self.get_step_path_prefix())

    def get_steps_done(self) -> list[str]:
        """List the names of the done steps, afresh from storage."""
        listing = StorageTask("list the steps done", ListMarkers(self.step_book.register))
        markers = self._as_workflow.submit(listing).result
        return sorted(name for name, seen in markers.items() if seen.done)

    @cached_property
    def step_book(self) -> StepBook:
        """What this run knows of its steps."""
        workflow = self._as_workflow
        prefix = self.get_step_path_prefix().rstrip("/")
        register = MarkerRegister(self._markers_storage(), prefix, results_prefix(prefix))
        return StepBook(register, workflow.executor, workflow.step_listing)

    def step_names(self) -> set[str]:
        """Give the names of the steps that this run has met."""
        return set(self.step_book.states) if "step_book" in vars(self) else set()

    def step_names_done(self) -> set[str]:
        """Give the names of the steps that this run knows as done."""
        return set(self.step_book.names_done()) if "step_book" in vars(self) else set()

    def _ask(self, selection: Selection, steps: Iterable[str], reason: str | None, *, skip: bool) -> None:
        """Add names to a selection, and tell of them: a plan of the next run asks for them at the same place."""
        names = check_selectors(steps, "steps")
        if reason is not None and not is_text(reason):
            raise InvalidInput(f"reason={reason!r}: pass a text in UTF-8")
        selection.add(names, reason)
        executor = self._as_workflow.executor
        executor.emit(event_of(executor, StepsAsked, steps=names, skip=skip, reason=reason))

    @property
    def _as_workflow(self) -> Workflow:
        return cast("Workflow", self)

    def _markers_storage(self) -> Storage:
        bucket = self.get_step_bucket()
        storage = self._as_workflow.executor.storage
        return storage if bucket == storage.url else open_bucket(bucket, like=storage)
