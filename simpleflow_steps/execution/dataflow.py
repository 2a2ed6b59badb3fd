"""Futures as arguments: they delay a task, never the workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simpleflow_steps.futures import PENDING, Driven, Future

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from simpleflow_steps.futures import Waiter
    from simpleflow_steps.task import ActivityTask, ChildWorkflowTask

    Call = ActivityTask | ChildWorkflowTask


class LaterFuture(Driven[Any]):
    """The outcome of a task that starts when its arguments are there; if one of them failed, that failure."""

    __slots__ = ("_started",)

    def __init__(self, waiter: Waiter, target: Any) -> None:
        super().__init__(waiter, target)
        self._started: Future[Any] | None = None

    def start_when(
        self, awaited: list[Future[Any]], task: Call, start: Callable[[Call], Future[Any]]
    ) -> Generator[Future[Any], None, Any]:
        """Wait for the futures, put their results in their place, and start the task."""
        self._state = PENDING
        for future in awaited:
            future.looked_at = True
            yield future
            if future.error is not None:
                self.end_as(future)
                return
            yield future.fetch()
        task.args = tuple(map(_value, task.args))
        task.kwargs.update({key: _value(argument) for key, argument in task.kwargs.items()})
        self.set_running()
        self._started = start(task)
        yield self._started
        self.end_as(self._started)

    def _stop(self) -> None:
        super()._stop()
        if self._started is not None:
            self._started.cancel()


def futures_in(task: Call) -> list[Future[Any]]:
    """Find the futures among a task's arguments, and those directly in a list, tuple or dict there."""
    found = []
    for argument in (*task.args, *task.kwargs.values()):
        match argument:
            case Future():
                found.append(argument)
            case list() | tuple():
                found += [item for item in argument if isinstance(item, Future)]
            case dict():
                found += [item for item in argument.values() if isinstance(item, Future)]
    return found


def _value(argument: Any) -> Any:
    """Put results where futures are."""
    if isinstance(argument, Future):
        return argument.result
    if type(argument) in (list, tuple) and any(isinstance(item, Future) for item in argument):
        return type(argument)(item.result if isinstance(item, Future) else item for item in argument)
    if type(argument) is dict:
        return {key: item.result if isinstance(item, Future) else item for key, item in argument.items()}
    return argument
