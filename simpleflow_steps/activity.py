"""Activities: the registered functions and classes in which side effects happen."""

from __future__ import annotations

import functools
import inspect
import sys
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar

from simpleflow_steps.assigned import Assigned
from simpleflow_steps.codec import reference, resolve
from simpleflow_steps.exceptions import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenacity import BaseRetrying

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

TIMEOUTS = ("schedule_to_close", "schedule_to_start", "start_to_close", "heartbeat")


def _no_heartbeat(details: Any) -> None:
    """Drop a heartbeat: where the activity runs, nobody listens."""


@dataclass(frozen=True, slots=True)
class ActivityContext:
    """Tell an activity which one it is; `context["run_id"]` reads as `context.run_id` does."""

    workflow_id: str
    run_id: str
    activity_id: str
    activity: str
    attempt: int
    step: str | None
    name: str
    version: str
    beat: Callable[[Any], None] = field(default=_no_heartbeat, repr=False, compare=False)

    def __getitem__(self, key: str) -> Any:
        """Read a field the way simpleflow's context is read."""
        try:
            return getattr(self, key)
        except AttributeError:
            raise KeyError(key) from None

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the heartbeat behind: it belongs to this process."""
        fields = (self.workflow_id, self.run_id, self.activity_id, self.activity, self.attempt, self.step)
        return (ActivityContext, (*fields, self.name, self.version))


_context: ContextVar[ActivityContext] = ContextVar("simpleflow_steps_activity_context")


def context() -> ActivityContext:
    """Give the context of the activity that is running.

    :raises LookupError: outside an activity
    """
    try:
        return _context.get()
    except LookupError:
        raise LookupError("activity.context() was called outside an activity") from None


def enter_context(entered: ActivityContext) -> Assigned[ActivityContext]:
    """Make `entered` what `context()` gives inside the `with` block, in this thread or task."""
    return Assigned(_context, entered)


def heartbeat(details: Any = None) -> None:
    """Say that the running activity is alive, with anything that tells its progress.

    :raises TaskCanceled: if the activity was cancelled or timed out in the meantime: stop, nobody waits for it
    """
    context().beat(details)


class Executes(Protocol[R_co]):
    """A class activity, which type checkers see as the class: its result is what `execute` gives."""

    def execute(self) -> R_co:
        """Do the work."""


class Activity(Generic[P, R]):
    """A registered function or class. Calling it runs it here and now; `Workflow.submit` hands it to the executor."""

    def __init__(  # noqa: PLR0913, PLR0917  simpleflow's parameters, in its order
        self,
        callable: Callable[P, R],  # noqa: A002  simpleflow's name
        name: str | None = None,
        version: str = "default",
        task_list: str = "default",
        retry: int | BaseRetrying = 0,
        raises_on_failure: bool = True,
        start_to_close_timeout: float | str | None = None,
        schedule_to_close_timeout: float | str | None = None,
        schedule_to_start_timeout: float | str | None = None,
        heartbeat_timeout: float | str | None = None,
        task_priority: int | str | None = None,
        idempotent: bool | None = None,
        meta: dict[str, Any] | None = None,
    ) -> None:
        if not (inspect.isroutine(callable) or inspect.isclass(callable)):
            raise InvalidInput(f"an activity is a function or a class with execute(), not {callable!r}")
        if inspect.isclass(callable) and not hasattr(callable, "execute"):
            raise InvalidInput(f"the class {callable.__qualname__} needs a method execute() to be an activity")
        functools.update_wrapper(self, callable, updated=())
        self.__qualname__ = callable.__qualname__
        self.callable = callable
        self.name = name or f"{callable.__module__}.{callable.__name__}"
        self.version = version
        self.task_list = task_list
        self.task_priority = task_priority
        self.retry = check_retry(retry)
        self.raises_on_failure = raises_on_failure
        self.start_to_close_timeout = _seconds("start_to_close_timeout", start_to_close_timeout)
        self.schedule_to_close_timeout = _seconds("schedule_to_close_timeout", schedule_to_close_timeout)
        self.schedule_to_start_timeout = _seconds("schedule_to_start_timeout", schedule_to_start_timeout)
        self.heartbeat_timeout = _seconds("heartbeat_timeout", heartbeat_timeout)
        self.idempotent = bool(idempotent)
        self.meta = meta or {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run it here, without an executor: for tests, and for one activity that calls another."""
        return self.callable(*args, **kwargs)  # type: ignore[return-value]  # mypy sees a class in every callable

    def __repr__(self) -> str:
        return f"Activity({self.name}, version={self.version!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle it by name, as Python does with the function under it."""
        found: Any = sys.modules.get(self.__module__)
        for name in self.__qualname__.split("."):
            found = getattr(found, name, None)
        if found is not self:
            from pickle import PicklingError  # noqa: PLC0415  for who pickles alone

            raise PicklingError(
                f"{self!r} cannot leave this process: only an activity that is found as "
                f"{self.__module__}.{self.__qualname__} can be pickled; decorate a function of a module"
            )
        return (resolve_activity, (self.__module__, self.__qualname__))

    @functools.cached_property
    def is_async(self) -> bool:
        """Whether it runs on an event loop."""
        target = getattr(self.callable, "execute", self.callable)
        return inspect.iscoroutinefunction(target)

    @functools.cached_property
    def timeouts(self) -> Mapping[str, float]:
        """The seconds of its time-outs, for those that it has: `{"start_to_close": 60.0}`."""
        given = {kind: getattr(self, f"{kind}_timeout") for kind in TIMEOUTS}
        return {kind: seconds for kind, seconds in given.items() if seconds is not None}

    @property
    def reference(self) -> str:
        """Name it as `module:qualname`."""
        return reference(self)


def resolve_activity(module: str, qualname: str) -> Activity[Any, Any]:
    """Find an activity in another process, importing its module there."""
    import importlib  # noqa: PLC0415  only other processes need it

    importlib.import_module(module)
    found = resolve(f"{module}:{qualname}")
    if not isinstance(found, Activity):
        raise InvalidInput(f"{module}:{qualname} is {found!r}, not an activity")
    return found


def check_retry(retry: int | BaseRetrying) -> int | BaseRetrying:
    """Give it back if it says when to try again.

    :raises InvalidInput: otherwise
    """
    if isinstance(retry, bool) or (isinstance(retry, int) and retry < 0):
        raise InvalidInput(f"retry={retry!r}: pass the number of retries, 0 or more, or a tenacity.Retrying(...)")
    ask = getattr(retry, "iter", None)
    if not isinstance(retry, int) and (inspect.isclass(retry) or not callable(ask) or inspect.iscoroutinefunction(ask)):
        raise InvalidInput(f"retry={retry!r}: pass a number of retries or a tenacity.Retrying(stop=..., wait=...)")
    return retry


def _seconds(argument: str, value: float | str | None) -> float | None:
    """Read a time-out in seconds; simpleflow users also write them as texts, `"NONE"` for none."""
    if value is None or value == "NONE":
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise InvalidInput(f"{argument}={value!r}: pass a number of seconds above 0, or None")
    return seconds


class _Decorator(Protocol):
    def __call__(self, callable: Callable[P, R], /) -> Activity[P, R]: ...  # noqa: A002


def with_attributes(  # noqa: PLR0913, PLR0917  simpleflow's parameters, in its order
    name: str | None = None,
    version: str = "default",
    task_list: str = "default",
    task_priority: int | str | None = None,
    retry: int | BaseRetrying = 0,
    raises_on_failure: bool = True,
    start_to_close_timeout: float | str | None = None,
    schedule_to_close_timeout: float | str | None = None,
    schedule_to_start_timeout: float | str | None = None,
    heartbeat_timeout: float | str | None = None,
    idempotent: bool | None = None,
    meta: dict[str, Any] | None = None,
) -> _Decorator:
    """Register a function, an `async def`, or a class with `execute()` as an activity.

    :param name: what it is called in logs and histories; `module.function` if not given
    :param version: its version, for SWF
    :param task_list: where its workers look for work, on SWF
    :param task_priority: which task goes first, on SWF
    :param retry: how many times to try again at once, or a `tenacity.Retrying(stop=..., wait=..., retry=...)`
    :param raises_on_failure: whether a failure fails whatever contains the activity
    :param start_to_close_timeout: how many seconds one attempt may run
    :param schedule_to_close_timeout: how many seconds one attempt may take, the wait for a worker included
    :param schedule_to_start_timeout: how many seconds one attempt may wait for a worker
    :param heartbeat_timeout: how many seconds may pass without a call of `activity.heartbeat`; not watched in other
        processes of a local pool, whose heartbeats do not arrive
    :param idempotent: whether an execution runs it once for the same arguments
    :param meta: anything you want to find again on `Activity.meta`
    """
    if callable(name):
        raise InvalidInput("write @activity.with_attributes(), with the parentheses")

    def register(target: Callable[P, R], /) -> Activity[P, R]:
        return Activity(
            target,
            name,
            version,
            task_list,
            retry,
            raises_on_failure,
            start_to_close_timeout,
            schedule_to_close_timeout,
            schedule_to_start_timeout,
            heartbeat_timeout,
            task_priority,
            idempotent,
            meta,
        )

    return register
