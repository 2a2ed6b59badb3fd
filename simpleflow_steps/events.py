"""What an executor tells whoever follows a run, as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime

    from simpleflow_steps.executors.protocol import Executor


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """Something that happened in one run, at a time in UTC."""

    workflow_id: str
    run_id: str
    at: datetime


class RunStarted(Event, frozen=True, kw_only=True):
    """A run began."""

    workflow: str
    version: str = ""
    parent_workflow_id: str | None = None


class RunFinished(Event, frozen=True, kw_only=True):
    """A run ended: `completed`, `stopped`, `continued`, `failed`, `canceled`, `interrupted` or `superseded`."""

    status: str
    error: str | None = None
    error_type: str | None = None
    parent_workflow_id: str | None = None


class ChildStarted(Event, frozen=True, kw_only=True):
    """A run started a child workflow, inside `step` if inside any."""

    child_id: str
    workflow: str
    step: str | None = None


class StepsSubmitted(Event, frozen=True, kw_only=True):
    """Several steps were submitted at once, in this order; each waits for its turn."""

    steps: tuple[str, ...]


class StepsAsked(Event, frozen=True, kw_only=True):
    """The workflow itself asked for steps to be forced, or to be skipped."""

    steps: tuple[str, ...]
    skip: bool
    reason: str | None = None


class StepEvent(Event, frozen=True, kw_only=True):
    """Something happened to a step."""

    step: str
    forced: bool = False
    reasons: tuple[str, ...] = ()


class StepDecided(StepEvent, frozen=True, kw_only=True):
    """A step is about to `run`, or to be skipped.

    `within` is the nearest step around it; `asked` is its own `force` argument; `dependents` are the names that it
    forces if it runs; `instead` says whether it does something when it is skipped.
    """

    run: bool
    within: str | None = None
    asked: bool = False
    dependents: tuple[str, ...] = ()
    instead: bool = False


class StepStarted(StepEvent, frozen=True, kw_only=True):
    """A step began to run."""


class StepCompleted(StepEvent, frozen=True, kw_only=True):
    """A step ran to its end and is marked done."""

    seconds: float
    duplicate: bool = False


class StepSkipped(StepEvent, frozen=True, kw_only=True):
    """A step was not run; `done` tells whether it had been done before."""

    done: bool


class StepFailed(StepEvent, frozen=True, kw_only=True):
    """A step ran and something in it failed, or was merely `canceled` before its end; it is not marked done."""

    seconds: float
    error: str
    error_type: str = ""
    traceback: str = ""
    canceled: bool = False


class StepInvalidated(StepEvent, frozen=True, kw_only=True):
    """A done step is not done any more, because `reasons`; `skipped` if this run had skipped it already."""

    skipped: bool


class ActivityEvent(Event, frozen=True, kw_only=True):
    """Something happened to an attempt at an activity, which `activity_id` and `attempt` tell from its run's others."""

    activity: str
    step: str | None
    activity_id: str = ""
    attempt: int = 1


class ActivityStarted(ActivityEvent, frozen=True, kw_only=True):
    """An attempt began; where a pool in other processes does not tell, it was handed over."""


class ActivityFinished(ActivityEvent, frozen=True, kw_only=True):
    """An attempt ended: `completed`, `failed`, `timed_out` or `canceled`, after `seconds`.

    One that never began, as no worker took it in time or its pool refused it, took 0 seconds and has no
    `ActivityStarted`; if it was merely canceled, nothing is told. Nor is the end of one that outlives its run.
    """

    status: str
    seconds: float
    error: str | None = None
    error_type: str | None = None


class ActivityRetried(ActivityEvent, frozen=True, kw_only=True):
    """An attempt at an activity or a child workflow failed and another one follows, after `wait` seconds."""

    error: str
    wait: float


class ActivityHeartbeat(ActivityEvent, frozen=True, kw_only=True):
    """An activity told its progress."""

    details: Any


class NamesUnmatched(Event, frozen=True, kw_only=True):
    """Names in a force or skip list matched no step of the run; `nearest` gives the likeliest ones for each."""

    nearest: dict[str, list[str]]


def event_of(executor: Executor, kind: Any, at: datetime | None = None, /, **facts: Any) -> Any:
    """Make an event of the run that an executor carries out, happening now unless `at` says when."""
    context = executor.get_run_context()
    return kind(workflow_id=context["workflow_id"], run_id=context["run_id"], at=at or executor.now(), **facts)
