"""The workflow: what a user subclasses."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast, overload

from simpleflow_steps.canvas import Group
from simpleflow_steps.exceptions import ContinueAsNew, InvalidInput, WorkflowFailed
from simpleflow_steps.task import (
    CancelTimerTask,
    ChildWorkflowTask,
    MarkerTask,
    SignalTask,
    Submittable,
    TimerTask,
    WaitForSignal,
    announce_steps,
    as_submittable,
    make_submittable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from tenacity import BaseRetrying

    from simpleflow_steps.activity import Activity, Executes
    from simpleflow_steps.executors.protocol import Executor, RunContext
    from simpleflow_steps.futures import Future
    from simpleflow_steps.history import History, LogMarker
    from simpleflow_steps.task import TaskFailureContext

T = TypeVar("T")


class Workflow:
    """A workflow: subclass it and write `run`, which submits activities and waits for their futures.

    `run` decides and waits; side effects belong to activities. The class attributes are the workflow's settings:
    `name` (the class's name if None), `version`, `task_list`, `task_priority`, `tag_list`, `idempotent` (as a child:
    once for the same input), `raises_on_failure` and `retry` (as a child), and `step_listing` (`"per_run"`, or
    `"per_step"` to list the markers afresh at each step).
    """

    name: str | None = None
    version: str = "1"
    task_list: str | None = None
    task_priority: int | str | None = None
    tag_list: Iterable[str] = ()
    idempotent: bool = False
    raises_on_failure: bool = True
    retry: int | BaseRetrying = 0
    step_listing: str = "per_run"

    def __init__(self, executor: Executor) -> None:
        super().__init__()
        self._executor = executor
        self.failure: WorkflowFailed | None = None

    @property
    def executor(self) -> Executor:
        """What carries this execution out."""
        return self._executor

    @classmethod
    def get_name(cls) -> str:
        """Give the workflow's name: `name`, else the class's."""
        return cls.name or cls.__name__

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work: this is what you write."""
        raise NotImplementedError(f"{type(self).__qualname__}.run() is not written")

    @overload
    def submit(self, submittable: Activity[..., Coroutine[Any, Any, T]], /, *args: Any, **kwargs: Any) -> Future[T]: ...
    @overload
    def submit(self, submittable: Callable[..., Executes[T]], /, *args: Any, **kwargs: Any) -> Future[T]: ...
    @overload
    def submit(self, submittable: Activity[..., T], /, *args: Any, **kwargs: Any) -> Future[T]: ...
    @overload
    def submit(self, submittable: Any, /, *args: Any, **kwargs: Any) -> Future[Any]: ...
    def submit(self, submittable: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Start an activity, a task, a canvas, a step or a child workflow, and give its future.

        :param submittable: what to start; for an activity or a workflow class its arguments follow, and may be futures
        :raises InvalidInput: if it cannot be submitted
        """
        started = as_submittable(submittable, *args, **kwargs)
        announce_steps(started, self._executor)
        future = started.submit(self._executor)
        self._executor.adopt(future)
        return future

    def map(self, activity: Any, iterable: Iterable[Any]) -> list[Future[Any]]:
        """Submit an activity once for each value, side by side."""
        return self._submit_all((activity, value) for value in iterable)

    def starmap(self, activity: Any, iterable: Iterable[Iterable[Any]]) -> list[Future[Any]]:
        """Submit an activity once for each tuple of arguments, side by side."""
        return self._submit_all((activity, *values) for values in iterable)

    def _submit_all(self, submittables: Iterable[Any]) -> list[Future[Any]]:
        """Start none if one of them cannot be submitted."""
        return [self.submit(each) for each in Group(*submittables).activities]

    def fail(self, reason: str, details: Any = None) -> NoReturn:
        """End the run as failed; code that swallows the exception cannot prevent it.

        :raises WorkflowFailed: always
        """
        self.failure = WorkflowFailed(reason, details)
        raise self.failure

    def signal(
        self,
        name: str,
        *args: Any,
        workflow_id: str | None = None,
        run_id: str | None = None,  # noqa: ARG002  simpleflow's argument: an execution has one live run
        propagate: bool = True,
        **kwargs: Any,
    ) -> SignalTask:
        """Make a signal to submit.

        :param args: what the waiter receives: one argument as it is, several as `{"args": ..., "kwargs": ...}`
        :param workflow_id: the execution to send it to; this one, if None
        :param propagate: whether this execution's parent and children get it too
        """
        return SignalTask(name, *args, workflow_id=workflow_id, propagate=propagate and workflow_id is None, **kwargs)

    def wait_signal(self, name: str) -> WaitForSignal:
        """Make a wait to submit; its future's result is what the signal brought. Each signal ends one wait."""
        return WaitForSignal(name)

    def record_marker(self, name: str, details: Any = None) -> MarkerTask:
        """Make a log marker to submit."""
        return MarkerTask(name, details)

    def list_markers(self, all: bool = False) -> list[LogMarker]:  # noqa: A002  simpleflow's argument
        """Give the log markers of this run: the last of each name, or all of them."""
        return self._executor.history.markers(all=all)

    def start_timer(self, timer_id: str, timeout: float | str, control: Any = None) -> TimerTask:
        """Make a timer to submit; its future is done after `timeout` seconds."""
        return TimerTask(timer_id, timeout, control)

    def cancel_timer(self, timer_id: str) -> CancelTimerTask:
        """Make the cancellation of a timer, to submit."""
        return CancelTimerTask(timer_id)

    def continue_as_new(self, *args: Any, **kwargs: Any) -> NoReturn:
        """End this run and start the next one of the same execution with other arguments."""
        raise ContinueAsNew(args, kwargs)

    def get_run_context(self) -> RunContext:
        """Say which run of which execution this is."""
        return cast("RunContext", {**self._executor.get_run_context()})

    @classmethod
    def get_workflow_id(cls, *args: Any, **kwargs: Any) -> str | None:  # noqa: ARG003  for overriding
        """Name the execution by its input; override it, or leave it to name and digest of the input."""
        return None

    @classmethod
    def get_tag_list(cls, *args: Any, **kwargs: Any) -> Iterable[str]:  # noqa: ARG003  for overriding
        """Give the execution's tags by its input; `tag_list` if not overridden."""
        return cls.tag_list

    def on_task_failure(self, failure_context: TaskFailureContext) -> TaskFailureContext | None:
        """Decide what to do with a failed attempt at an activity or child workflow; override it.

        Return the context after one of its `decide_...` methods, or None to leave it to `retry`.
        """

    def on_completed(self, history: History) -> None:
        """Be told that the run completed."""

    def on_failure(self, history: History, reason: str, details: str | None = None) -> None:
        """Be told that the run failed: the reason in one line, the traceback in `details`."""

    def on_canceled(self, history: History) -> None:
        """Be told that the run was cancelled."""


def call_hook(workflow: type[Workflow], hook: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call `get_workflow_id` or `get_tag_list`, which a class may define as a class or static method or, as in
    simpleflow, plainly.
    """
    if isinstance(inspect.getattr_static(workflow, hook), classmethod | staticmethod):
        return getattr(workflow, hook)(*args, **kwargs)
    return getattr(workflow, hook)(workflow, *args, **kwargs)


@make_submittable.register
def _(what: type, *args: Any, **kwargs: Any) -> Submittable:
    if not issubclass(what, Workflow):
        raise InvalidInput(f"cannot submit the class {what.__qualname__}: it is neither a Workflow nor an activity")
    return ChildWorkflowTask(what, *args, **kwargs)
