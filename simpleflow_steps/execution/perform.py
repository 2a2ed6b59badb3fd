"""How an activity is carried out, in whatever thread or process its pool puts it."""

from __future__ import annotations

import inspect
import pickle
import traceback
from typing import TYPE_CHECKING, Any

from simpleflow_steps import log
from simpleflow_steps.activity import enter_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.activity import Activity, ActivityContext
    from simpleflow_steps.execution.middleware import Middlewares

    Call = tuple[Activity[Any, Any], tuple[Any, ...], dict[str, Any], ActivityContext, Middlewares]


def perform(call: Call) -> Any:
    """Call an activity with its middleware around it."""
    activity, args, kwargs, context, middlewares = call
    with enter_context(context), log.bound(**_bound(context)):
        middlewares.before(context)
        instance, function = _function(activity, args, kwargs, context)
        result = function()
        _after(instance)
        middlewares.after(context, result)
    return result


def perform_elsewhere(call: Call) -> Any:
    """Call an activity in another process, where an exception that cannot come back would break the whole pool."""
    try:
        return perform(call)
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301  made right here
        except Exception:  # noqa: BLE001  what pickling runs is the exception's own
            raise RuntimeError("".join(traceback.format_exception(error)).rstrip()) from None
        raise


def perform_pickled(call: bytes) -> Any:
    """Call an activity in another process, where what cannot be read would break the whole pool too."""
    return perform_elsewhere(pickle.loads(call))  # noqa: S301  this program pickled it


async def perform_async(call: Call) -> Any:
    """Call an `async def` activity with its middleware around it."""
    activity, args, kwargs, context, middlewares = call
    with enter_context(context), log.bound(**_bound(context)):
        middlewares.before(context)
        instance, function = _function(activity, args, kwargs, context)
        result = await function()
        _after(instance)
        middlewares.after(context, result)
    return result


def _function(
    activity: Activity[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any], context: ActivityContext
) -> tuple[Any, Callable[[], Any]]:
    """Give what is to be called; for a class, its instance too."""
    target: Any = activity.callable
    if not inspect.isclass(target):
        return None, lambda: target(*args, **kwargs)
    instance: Any = target(*args, **kwargs)
    instance.context = context
    return instance, instance.execute


def _after(instance: Any) -> None:
    post_execute = getattr(instance, "post_execute", None)
    if post_execute is not None:
        post_execute()


def _bound(context: ActivityContext) -> dict[str, Any]:
    return {
        "workflow_id": context.workflow_id,
        "run_id": context.run_id,
        "step": context.step,
        "activity": context.activity,
        "attempt": context.attempt,
    }
