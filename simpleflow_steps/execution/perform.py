"""How an activity is carried out, in whatever thread or process its pool puts it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from simpleflow_steps import log
from simpleflow_steps.activity import enter_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simpleflow_steps.activity import Activity, ActivityContext
    from simpleflow_steps.assigned import Assigned
    from simpleflow_steps.execution.middleware import Middlewares

    Call = tuple[Activity[Any, Any], tuple[Any, ...], dict[str, Any], ActivityContext, Middlewares]


def perform(call: Call) -> Any:
    """Call an activity with its middleware around it."""
    activity, args, kwargs, context, middlewares = call
    with enter_context(context), _log_fields(context):
        for before in middlewares.pre:
            before(context)
        instance, result = _called(activity, args, kwargs, context)
        if instance is not None:
            _after(instance)
        for after in middlewares.post:
            after(context, result=result)
    return result


def perform_elsewhere(call: Call) -> Any:
    """Call an activity in another process, where an exception that cannot come back would break the whole pool."""
    try:
        return perform(call)
    except Exception as error:
        import pickle  # noqa: PLC0415  for other processes alone

        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301  made right here
        except Exception:  # noqa: BLE001  what pickling runs is the exception's own
            raise RuntimeError("".join(traceback.format_exception(error)).rstrip()) from None
        raise


def perform_pickled(call: bytes) -> Any:
    """Call an activity in another process, where what cannot be read would break the whole pool too."""
    import pickle  # noqa: PLC0415  for other processes alone

    return perform_elsewhere(pickle.loads(call))  # noqa: S301  this program pickled it


async def perform_async(call: Call) -> Any:
    """Call an `async def` activity with its middleware around it."""
    activity, args, kwargs, context, middlewares = call
    with enter_context(context), _log_fields(context):
        for before in middlewares.pre:
            before(context)
        instance, coroutine = _called(activity, args, kwargs, context)
        result = await coroutine
        if instance is not None:
            _after(instance)
        for after in middlewares.post:
            after(context, result=result)
    return result


def _called(
    activity: Activity[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any], context: ActivityContext
) -> tuple[Any, Any]:
    """Call it and give what it returns; for a class, its instance too."""
    made: Any = activity.callable(*args, **kwargs)
    if not isinstance(activity.callable, type):
        return None, made
    made.context = context
    return made, made.execute()


def _after(instance: Any) -> None:
    post_execute = getattr(instance, "post_execute", None)
    if post_execute is not None:
        post_execute()


def _log_fields(context: ActivityContext) -> Assigned[Mapping[str, Any] | None]:
    return log.bound(
        workflow_id=context.workflow_id,
        run_id=context.run_id,
        step=context.step,
        activity=context.activity,
        attempt=context.attempt,
    )
