"""What an executor carries out, and how anything a user submits becomes it."""

from __future__ import annotations

import unicodedata
from enum import Enum
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from simpleflow_steps.activity import Activity, check_retry
from simpleflow_steps.dispatch import Choice
from simpleflow_steps.events import StepsSubmitted, event_of
from simpleflow_steps.exceptions import InvalidInput, TaskFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import Self

    from simpleflow_steps.executors.protocol import Executor
    from simpleflow_steps.futures import Future
    from simpleflow_steps.workflow import Workflow


class Submittable:
    """Anything that `Workflow.submit` takes as it is."""

    __slots__ = ("__dict__", "__weakref__")

    def submit(self, executor: Executor) -> Future[Any]:
        """Start it and give its future; nothing in here waits."""
        raise NotImplementedError(f"{type(self).__qualname__}.submit() is not written")

    def steps_inside(self) -> Sequence[str]:
        """Name the steps that it certainly starts, in their order; those inside them are theirs to name."""
        return ()

    def propagate_attribute(self, attr: str, val: Any) -> None:
        """Set an attribute, such as `raises_on_failure`, on every task inside."""

    def with_argument(self, value: Any) -> Submittable:  # noqa: ARG002  for overriding
        """Give the same with one more argument at the end, for `Chain(send_result=True)`.

        :raises InvalidInput: if it takes no arguments
        """
        raise InvalidInput(f"send_result=True: {self!r} takes no argument; put the next one in a FuncGroup")


def announce_steps(submittable: Submittable, executor: Executor) -> None:
    """Tell which steps are about to start, if these are several: one alone tells it by itself."""
    steps = submittable.steps_inside()
    if len(steps) > 1:
        executor.emit(event_of(executor, StepsSubmitted, steps=tuple(steps)))


class SubmittableContainer(Submittable):
    """A submittable that is made of others; subclass it and submit the parts with `executor.workflow.submit`."""


def as_submittable(what: Any, /, *args: Any, **kwargs: Any) -> Submittable:
    """Make a task of an activity, a workflow class or a tuple of one of them and its arguments.

    :raises InvalidInput: naming what cannot be submitted
    """
    made: Submittable = _made[type(what)](what, *args, **kwargs)
    return made


@singledispatch
def make_submittable(what: Any, *args: Any, **kwargs: Any) -> Submittable:  # noqa: ARG001
    """Do what `as_submittable` does; register here what else it takes."""
    cure = "decorate it with @activity.with_attributes()" if callable(what) else "pass an activity, a task or a canvas"
    raise InvalidInput(f"cannot submit {what!r}: {cure}")


@make_submittable.register
def _(what: Submittable, *args: Any, **kwargs: Any) -> Submittable:
    if args or kwargs:
        raise InvalidInput(f"{what!r} has its arguments already; {args or kwargs!r} cannot be added")
    return what


@make_submittable.register
def _(what: Activity, *args: Any, **kwargs: Any) -> Submittable:  # type: ignore[type-arg]
    return ActivityTask(what, *args, **kwargs)


@make_submittable.register
def _(what: tuple, *args: Any, **kwargs: Any) -> Submittable:  # type: ignore[type-arg]
    if not what or args or kwargs:
        raise InvalidInput(f"cannot submit {what!r}: write (activity, argument, ...)")
    return as_submittable(*what)


_made = Choice(make_submittable.dispatch)


def check_task_name(kind: str, name: object) -> str:
    """Give the name of a signal, a timer or a log marker back if it can be one.

    :raises InvalidInput: naming what is wrong with it
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(f"{kind} {name!r}: pass a text that is not empty")
    is_plain = name.isascii() and name.isprintable()
    if "/" in name or (not is_plain and any(unicodedata.category(character)[0] == "C" for character in name)):
        raise InvalidInput(f"{kind} {name!r}: no slash and no control character, please")
    return name


class Task(Submittable):
    """One thing that an executor carries out."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """What it is called in logs and failures."""
        raise NotImplementedError

    def submit(self, executor: Executor) -> Future[Any]:
        """Hand it to the executor."""
        return executor.submit(self)


class _Call(Task):
    """A task with arguments, some of which may be futures."""

    __slots__ = ("args", "kwargs", "raises_on_failure")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs
        self.raises_on_failure = True

    @property
    def target(self) -> Any:
        """What is called: its type hints decode arguments and results."""
        raise NotImplementedError

    def with_arguments(self, *args: Any, **kwargs: Any) -> Self:
        """Give the same task with other arguments."""
        raise NotImplementedError

    def propagate_attribute(self, attr: str, val: Any) -> None:
        """Set the attribute on this task, not on what it calls."""
        setattr(self, attr, val)

    def with_argument(self, value: Any) -> Submittable:
        """Give the same task with one more argument."""
        task = self.with_arguments(*self.args, value, **self.kwargs)
        task.raises_on_failure = self.raises_on_failure
        return task

    def __repr__(self) -> str:
        arguments = [repr(arg) for arg in self.args] + [f"{key}={value!r}" for key, value in self.kwargs.items()]
        return f"{type(self).__name__}({', '.join([self.name, *arguments])})"


class ActivityTask(_Call):
    """Run an activity."""

    __slots__ = ("activity",)

    def __init__(self, activity: Activity[Any, Any], *args: Any, **kwargs: Any) -> None:
        if not isinstance(activity, Activity):
            raise InvalidInput(f"ActivityTask({activity!r}): pass an activity")
        super().__init__(args, kwargs)
        self.activity = activity
        self.raises_on_failure = activity.raises_on_failure

    @property
    def target(self) -> Activity[Any, Any]:
        """Give the activity."""
        return self.activity

    def with_arguments(self, *args: Any, **kwargs: Any) -> Self:
        """Give the same activity with other arguments."""
        return type(self)(self.activity, *args, **kwargs)

    @property
    def name(self) -> str:
        """Give the activity's name after `activity-`."""
        return f"activity-{self.activity.name}"


class ChildWorkflowTask(_Call):
    """Run another workflow as a child of this one."""

    def __init__(self, workflow: type[Workflow], *args: Any, **kwargs: Any) -> None:
        super().__init__(args, kwargs)
        check_retry(workflow.retry)
        self.workflow = workflow
        self.raises_on_failure = workflow.raises_on_failure

    @property
    def target(self) -> type[Workflow]:
        """Give the workflow class."""
        return self.workflow

    def with_arguments(self, *args: Any, **kwargs: Any) -> Self:
        """Give the same workflow with other arguments."""
        return type(self)(self.workflow, *args, **kwargs)

    @property
    def name(self) -> str:
        """Give the workflow's name after `workflow-`."""
        return f"workflow-{self.workflow.get_name()}"


class SignalTask(Task):
    """Send a signal to an execution, and with `propagate` to its parent and children."""

    def __init__(
        self, name: str, *args: Any, workflow_id: str | None = None, propagate: bool = True, **kwargs: Any
    ) -> None:
        self._name = check_task_name("signal name", name)
        self.workflow_id = workflow_id
        self.propagate = propagate
        self.payload = signal_payload(args, kwargs)

    @property
    def name(self) -> str:
        """Give the signal's name."""
        return self._name


def signal_payload(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """Give what a waiter receives: nothing, the one positional argument, or both kinds under their names."""
    if kwargs or len(args) > 1:
        return {"args": list(args), "kwargs": dict(kwargs)}
    return args[0] if args else None


class WaitForSignal(Task):
    """Wait until a signal comes; its payload is the result."""

    def __init__(self, signal_name: str) -> None:
        self.signal_name = check_task_name("signal name", signal_name)

    @property
    def name(self) -> str:
        """Give the signal's name."""
        return self.signal_name


class MarkerTask(Task):
    """Leave a log marker in the run's history.

    :param at: when it happened; now, if None
    """

    def __init__(self, name: str, details: Any = None, at: datetime | None = None) -> None:
        self._name = check_task_name("marker name", name)
        self.details = details
        self.at = at

    @property
    def name(self) -> str:
        """Give the log marker's name."""
        return self._name


class TimerTask(Task):
    """Finish after `timeout` seconds."""

    def __init__(self, timer_id: str, timeout: float | str, control: Any = None) -> None:
        self.timer_id = check_task_name("timer id", timer_id)
        try:
            self.timeout = float(timeout)
        except (TypeError, ValueError):
            self.timeout = -1.0
        if not 0 <= self.timeout < float("inf"):
            raise InvalidInput(f"timer {timer_id!r}: timeout={timeout!r} is not a number of seconds, 0 or more")
        self.control = control

    @property
    def name(self) -> str:
        """Give the timer's id."""
        return self.timer_id


class CancelTimerTask(Task):
    """Cancel a timer that has not fired."""

    def __init__(self, timer_id: str) -> None:
        self.timer_id = check_task_name("timer id", timer_id)

    @property
    def name(self) -> str:
        """Give the timer's id."""
        return self.timer_id


class StorageTask(Task):
    """Do one storage operation, close to the run: a listing, a marker's write.

    :param operation: what does it; a `step.operations.StepOperation` can also be carried out elsewhere
    """

    def __init__(self, name: str, operation: Callable[..., Any], *args: Any) -> None:
        self._name = name
        self.operation = operation
        self.args = args

    @property
    def name(self) -> str:
        """Say what is done to what."""
        return self._name


class TaskFailureContext(Struct):
    """What `Workflow.on_task_failure` is told, and where it leaves its decision."""

    class Decision(Enum):
        """What to do with a failed attempt; `none` leaves it to the activity's `retry`."""

        none = 0
        abort = 1
        ignore = 2
        retry_now = 3
        retry_later = 4
        cancel = 5
        handled = 6

    a_task: ActivityTask | ChildWorkflowTask
    exception: TaskFailed
    attempt_number: int
    decision: Decision = Decision.none
    retry_wait_timeout: float = 0
    result: Any = None

    @property
    def task_name(self) -> str:
        """Give the failed task's name."""
        return self.a_task.name

    @property
    def exception_class(self) -> type[BaseException]:
        """Give the type of the original exception."""
        return type(self.exception.__cause__ or self.exception)

    @property
    def retry_count(self) -> int:
        """Say how many retries went before."""
        return self.attempt_number - 1

    def decide_abort(self) -> TaskFailureContext:
        """Fail the task and the workflow with it, whatever `retry` says."""
        self.decision = self.Decision.abort
        return self

    def decide_ignore(self) -> TaskFailureContext:
        """Take the task as finished without a result; a step around it is not marked done."""
        self.decision = self.Decision.ignore
        return self

    def decide_cancel(self) -> TaskFailureContext:
        """Take the task as cancelled."""
        self.decision = self.Decision.cancel
        return self

    def decide_retry(self, retry_wait_timeout: float | None = 0) -> TaskFailureContext:
        """Try again, after `retry_wait_timeout` seconds, whatever `retry` says."""
        self.decision = self.Decision.retry_later if retry_wait_timeout else self.Decision.retry_now
        self.retry_wait_timeout = retry_wait_timeout or 0
        return self

    def decide_handled(self, result: Any = None) -> TaskFailureContext:
        """Take the task as finished with `result`."""
        self.decision, self.result = self.Decision.handled, result
        return self
