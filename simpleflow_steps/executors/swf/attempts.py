"""The attempts at one task of a replayed run: asked of SWF, and heard of in the history."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from simpleflow_steps import codec
from simpleflow_steps.activity import Activity
from simpleflow_steps.codec import NotStorable
from simpleflow_steps.exceptions import (
    EngineError,
    InvalidInput,
    RecordCorrupt,
    RunSuperseded,
    StepError,
    TaskCanceled,
    TaskTimeout,
)
from simpleflow_steps.execution.attempts import Attempts
from simpleflow_steps.execution.retries import Retries
from simpleflow_steps.executors.swf import failures
from simpleflow_steps.executors.swf.decisions import duration
from simpleflow_steps.executors.swf.jobs import STEP_ACTIVITY, Job
from simpleflow_steps.executors.swf.payloads import check_swf_type
from simpleflow_steps.step.workflow import STEP_ACTIVITY_PARAMS, WorkflowStepMixin
from simpleflow_steps.task import ActivityTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.execution.attempts import Cancellable
    from simpleflow_steps.executors.swf.history import Event
    from simpleflow_steps.executors.swf.run import Run
    from simpleflow_steps.futures import Future
    from simpleflow_steps.step.operations import StepOperation
    from simpleflow_steps.task import ChildWorkflowTask

LOST_WORKERS = 5  # of one attempt, after which its activity is to blame
BUSY = 5.0  # seconds before what SWF had too much of is asked for again
TRANSIENT = ("OPEN_ACTIVITIES_LIMIT_EXCEEDED", "ACTIVITY_CREATION_RATE_EXCEEDED", "ACTIVITY_TYPE_DOES_NOT_EXIST")
BUSY_TIMES = 20
ENDS = {
    "ActivityTaskCompleted",
    "ActivityTaskFailed",
    "ActivityTaskTimedOut",
    "ActivityTaskCanceled",
    "ScheduleActivityTaskFailed",
}


class Done:
    """What is not going to happen any more."""

    def cancel(self) -> None:
        """Forget it, which is easy."""


class SwfAttempts(Attempts):
    """What the attempts at activities and at children share here."""

    execution: Run

    def time(self) -> float:
        """Give the time of the history: a policy decides the same at each replay."""
        return self.execution.now().timestamp()

    def rest(self, seconds: float) -> Cancellable:
        """Start the next attempt after a timer; at once, if there is nothing to wait for."""
        if seconds > 0:
            return self.pause("pause", seconds, self.start)
        self.start()
        return Done()

    def pause(self, why: str, seconds: float, action: Callable[[], object]) -> Cancellable:
        """Do something after a timer; if SWF refuses that, the task has failed."""
        countdown = self.execution.timers.rest(f"{why}-{self.label}", seconds, action)
        countdown.on_failure(partial(self.future.set_exception, raises=self.task.raises_on_failure))
        return countdown

    @property
    def label(self) -> str:
        """Name the attempt under way, in this run."""
        raise NotImplementedError


class ActivityAttempts(SwfAttempts):
    """Carry out an activity.

    :param number: what the activity is called in its run
    :raises InvalidInput: if its arguments are not JSON, or SWF does not take its name
    """

    HEARD: ClassVar = True
    task: ActivityTask

    def __init__(self, execution: Run, task: ActivityTask, future: Future[Any], number: str) -> None:
        super().__init__(execution, task, future, execution.chronicle(task.activity.name, number, is_heard=self.HEARD))
        self.activity_number = number
        check_swf_type("activity", task.activity.name, task.activity.version)
        self._task_list = execution.submission.list_for(task.activity.task_list)
        self._arguments = encoded(task)
        self._launches = 0
        self._lost = 0
        self._busy = 0
        self._open = False
        self._begun = False

    @property
    def label(self) -> str:
        """Give the activity's id on SWF: no two attempts share one."""
        return f"{self.activity_number}.{self._launches}"

    def retry(self) -> Any:
        """Give the activity's `retry`."""
        return self.task.activity.retry

    def is_running(self) -> bool:
        """Tell whether a worker has it."""
        return self._open and self._begun

    def launch(self) -> None:
        """Schedule the activity."""
        self._launches += 1
        self._open, self._begun = True, False
        name = self.task.activity.name
        self.execution.ask(
            "ScheduleActivityTask", f"{self.label} {name}", self._scheduled, partial(self._heard, self._launches)
        )

    def abandon(self) -> None:
        """Ask for its cancellation; a worker that has it learns of it at its next heartbeat."""
        if not self._open:
            return
        self._open = False
        label = self.label
        request = partial(self.execution.ask, "RequestCancelActivityTask", label, lambda: {"activityId": label})
        self.execution.ask_to_cancel(request)

    def job(self) -> Job:
        """Say what a worker has to know."""
        return Job(activity=self.task.activity.reference, arguments=self._arguments, **self._circumstances())

    def _circumstances(self) -> dict[str, Any]:
        context = self.execution.get_run_context()
        return {
            "number": self.activity_number,
            "attempt": self.number,
            "step": self.chronicle.step,
            "workflow": context["name"],
            "version": context["version"],
            "storage": self.execution.storage.url,
            "heartbeat": self._alive or self.task.activity.heartbeat_timeout,
            "watched": self._alive is None,
        }

    @property
    def _alive(self) -> float | None:
        """How long the worker may be silent, where the activity does not say how long it may be itself."""
        return None if self.task.activity.heartbeat_timeout else self.execution.submission.worker_timeout

    def _scheduled(self) -> dict[str, Any]:
        activity = self.task.activity
        document = self.job().model_dump(mode="json", exclude_defaults=True)
        return {
            "activityId": self.label,
            "activityType": {"name": activity.name, "version": activity.version},
            "input": self.execution.payloads.write(document, self.execution.workflow_id),
            "taskList": {"name": self._task_list},
            "taskPriority": None if activity.task_priority is None else str(activity.task_priority),
            "scheduleToCloseTimeout": duration(activity.schedule_to_close_timeout),
            "scheduleToStartTimeout": duration(activity.schedule_to_start_timeout),
            "startToCloseTimeout": duration(activity.start_to_close_timeout),
            "heartbeatTimeout": duration(self._alive or activity.heartbeat_timeout),
        }

    def _heard(self, launch: int, event: Event) -> None:
        if launch != self._launches or not self._open or self.future.done:
            return
        if event.kind == "ActivityTaskStarted":
            self._begun = True
            self.chronicle.begin(self.number, here=False)
            self.chronicle.tell_begin()
            return
        if event.kind not in ENDS:
            return
        self._open = False
        match event.kind:
            case "ActivityTaskCompleted":
                self._completed(event)
            case "ActivityTaskTimedOut":
                self._timed_out(event)
            case "ActivityTaskCanceled":
                self.chronicle.cancel(self.number)
                self.future.set_cancelled("the activity was cancelled")
            case "ScheduleActivityTaskFailed":
                self._refused(str(event.facts.get("cause")))
            case _:
                self._raised(event)

    def _completed(self, event: Event) -> None:
        try:
            answer = self.execution.read(event.facts.get("result"), f"the result of {self.task.name}")
            result = self.read_result(answer if isinstance(answer, dict) else {"value": answer, "shape": None})
        except Exception as error:  # noqa: BLE001  the user's types may raise anything
            self.failed(error)
        else:
            self.chronicle.end(self.number)
            self.succeeded(result)

    def cancel(self) -> None:
        """Give the activity up."""
        super().cancel()
        self.chronicle.cancel(self.number)

    def failed(self, error: BaseException) -> None:
        """Tell that the attempt failed, and go on from there."""
        self.chronicle.end(self.number, error)
        super().failed(error)

    def read_result(self, answer: dict[str, Any]) -> Any:
        """Make what the activity returned of its JSON."""
        return codec.decode_result(answer.get("value"), answer.get("shape"))

    def _raised(self, event: Event) -> None:
        error = failure_in(self.execution, event, self.task.name)
        if isinstance(error, TaskCanceled):
            self.chronicle.cancel(self.number, error)
            self.future.set_cancelled(str(error))
        else:
            self.failed(error)

    def _timed_out(self, event: Event) -> None:
        kind = str(event.facts.get("timeoutType", "")).lower()
        if kind == "heartbeat" and self._alive is not None:
            self._lost += self._begun
            if self._lost < LOST_WORKERS:
                self.launch()
            else:
                self.failed(EngineError(f"{self._lost} workers were lost while they carried out {self.task.name}"))
            return
        seconds = getattr(self.task.activity, f"{kind}_timeout", None)
        self.failed(TaskTimeout(kind, seconds))

    def _refused(self, cause: str) -> None:
        self._busy += 1
        if cause in TRANSIENT and self._busy < BUSY_TIMES:
            self._pause = self.pause("busy", BUSY, self.launch)
        else:
            self.failed(EngineError(f"SWF refused to schedule {self.task.name}: {cause}", cause))


class StepAttempts(ActivityAttempts):
    """Carry out an operation on steps, by an activity of the package's own, of which nobody is told."""

    HEARD: ClassVar = False

    def __init__(self, execution: Run, operation: StepOperation, future: Future[Any], number: str) -> None:
        self._operation = operation
        self._described = operation.describe()
        workflow = execution.workflow
        params = workflow.get_step_activity_params() if isinstance(workflow, WorkflowStepMixin) else {}
        name = f"{STEP_ACTIVITY}{operation.kind}"
        activity: Activity[Any, Any] = Activity(_elsewhere, **{**STEP_ACTIVITY_PARAMS, **params, "name": name})
        super().__init__(execution, ActivityTask(activity), future, number)

    def job(self) -> Job:
        """Say what is to be done, and where."""
        return Job(operation=self._described, **self._circumstances())

    @property
    def _alive(self) -> float | None:
        """Its worker gives the signs of life."""
        return self.execution.submission.worker_timeout

    def read_result(self, answer: dict[str, Any]) -> Any:
        """Read what the operation gave."""
        return self._operation.read_answer(answer["value"])

    def succeeded(self, result: Any) -> None:
        """End it with what it gave."""
        self.future.set_finished(result)

    def failed(self, error: BaseException) -> None:
        """Try again, unless the error says that this is no use; nobody else is asked what follows."""
        if isinstance(error, RunSuperseded):
            self.execution.abort(error)
        if not isinstance(error, RunSuperseded | StepError):
            self._retries = self._retries or Retries(self.retry(), self.time)
            verdict = self._retries.after(error)
            if verdict.wait is not None:
                self._pause = self.rest(verdict.wait)
                return
        self.future.set_exception(error if isinstance(error, Exception) else EngineError(repr(error)))


def encoded(task: ActivityTask | ChildWorkflowTask) -> dict[str, Any]:
    """Give a task's arguments as JSON.

    :raises InvalidInput: naming the one that has none
    """
    try:
        return codec.encode_arguments(task.args, task.kwargs)
    except NotStorable as error:
        raise InvalidInput(f"{task.name}: {error}") from None


def failure_in(run: Run, event: Event, name: str) -> Exception:
    """Make the exception that an event tells of."""
    try:
        told = run.read(event.facts.get("details"), f"the failure of {name}")
    except RecordCorrupt:
        told = event.facts.get("details")
    return failures.rebuild(told, event.facts.get("reason"))


def _elsewhere() -> None:
    """Stand for what a worker does by its name."""
