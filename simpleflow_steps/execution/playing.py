"""One run from its first line to its end, on every executor: what it gives, what ends it, and who is told."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from simpleflow_steps import log
from simpleflow_steps.events import NamesUnmatched, event_of
from simpleflow_steps.exceptions import (
    AggregateException,
    ContinueAsNew,
    RunStopped,
    RunSuperseded,
    TaskCanceled,
)
from simpleflow_steps.execution.roots import is_cancellation
from simpleflow_steps.futures import combine

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.events import Event
    from simpleflow_steps.execution.asked import Asked
    from simpleflow_steps.executors.protocol import AttemptingExecutor, PlayingExecutor

WELL = ("continued", "stopped")  # ends that are raised and are no failures


def play(execution: PlayingExecutor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Play `run()` and all that it submits, and give its result, or raise what ends the run instead."""
    workflow = execution.workflow
    continued, result = None, None
    try:
        result = workflow.run(*args, **kwargs)
    except ContinueAsNew as following:
        continued = following
    except Exception as error:
        if execution.aborted is not None and _is_due_to(execution.aborted, error):
            raise execution.aborted from error
        raise
    # a run that is to stop after its last step, and has nothing more to do, is complete
    whole = execution.stopping and continued is None and not execution.roots.cut_short and not len(execution.children)
    if not whole:
        execution.finish()
    failure = (None if whole else execution.aborted) or workflow.failure or combine(execution.roots.unnoticed())
    if failure is not None:
        raise failure
    if continued is not None:
        raise continued
    return result


def leave_if_stopping(execution: AttemptingExecutor, error: BaseException | None) -> None:
    """Leave a run that is stopping where it would see that something was not begun, and might swallow that."""
    if execution.stopping and not execution.closing and is_cancellation(error):
        raise RunStopped


def tell(listener: Callable[[Event], object], event: Event) -> None:
    """Tell whoever follows a run; what goes wrong there does not touch the run."""
    try:
        listener(event)
    except Exception as error:  # noqa: BLE001  a follower must not break what it follows
        log.error(f"on_event raised {error!r}", event_type=type(event).__name__, error=repr(error), exc_info=True)


def tell_end(execution: AttemptingExecutor, status: str, raised: BaseException) -> None:
    """Tell the workflow how its run ended badly."""
    try:
        if status in WELL:
            return
        if status in ("canceled", "interrupted"):
            execution.workflow.on_canceled(execution.history)
        else:
            details = "".join(traceback.format_exception(raised))
            execution.workflow.on_failure(execution.history, str(raised) or type(raised).__name__, details)
    except Exception as error:  # noqa: BLE001  what ended the run must come out, whatever its hooks do
        log.error(f"the workflow's hook raised {error!r}", error=repr(error), exc_info=True)


def report_unmatched(execution: AttemptingExecutor, asked: Asked, *, is_root: bool) -> None:
    """Report names that matched no step.

    :param is_root: whether no other execution may still have steps of these names
    """
    nearest = asked.unmatched(execution.workflow, is_root=is_root)
    if nearest:
        execution.emit(event_of(execution, NamesUnmatched, nearest=nearest))
    for name, likely in nearest.items():
        meant = f"; did you mean {' or '.join(likely)}?" if likely else ""
        sentence = f"a name to force or skip matched no step: {name}{meant}"
        log.warning(sentence, selector=name, nearest=likely, as_event=NamesUnmatched.__name__)


def told_of(error: BaseException | None) -> dict[str, str]:
    """Give what `RunFinished` says of what ended the run."""
    if error is None:
        return {}
    kind = type(error).__name__
    return {"error": str(error) or kind, "error_type": kind}


def status_after(raised: BaseException) -> str:
    """Name the end of a run that was left with this."""
    match raised:
        case ContinueAsNew():
            return "continued"
        case RunStopped():
            return "stopped"
        case RunSuperseded():
            return "superseded"
        case TaskCanceled():
            return "canceled"
        case KeyboardInterrupt() | SystemExit():
            return "interrupted"
        case _:
            return "failed"


def _is_due_to(aborted: BaseException, error: Exception) -> bool:
    """Tell whether what `run()` raised only says that the run must end."""
    if isinstance(error, AggregateException) and error.split(RunSuperseded)[1] is None:
        return True
    return isinstance(aborted, RunStopped) and is_cancellation(error)
