"""Idempotent tasks: one execution carries them out once for the same arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simpleflow_steps.codec import NotStorable, digest
from simpleflow_steps.exceptions import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.futures import Future


class Once:
    """Remember the futures of a run's idempotent tasks."""

    def __init__(self) -> None:
        self._started: dict[tuple[Any, str], Future[Any]] = {}

    def start(self, idempotent: bool, task: Any, start: Callable[[Any], Future[Any]]) -> Future[Any]:
        """Start a task, unless it is idempotent and was started with the same arguments: then give that one's
        future.
        """
        if not idempotent:
            return start(task)
        try:
            key = (task.target, digest(task.args, task.kwargs))
        except (InvalidInput, NotStorable):
            return start(task)
        if key not in self._started:
            self._started[key] = start(task)
        return self._started[key]
