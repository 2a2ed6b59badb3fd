"""A storage operation of a run, in whatever thread it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simpleflow_steps.storage.fence import fenced

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.task import StorageTask

    Outcome = tuple[Any, Any]


def operated(task: StorageTask, check: Callable[[], None]) -> Outcome:
    """Do a storage operation, if the run still owns its execution, and give its result and its error.

    :param check: raises if it does not; it is asked again before each attempt
    """
    try:
        check()
        with fenced(check):
            return task.operation(*task.args), None
    except Exception as error:  # noqa: BLE001  whatever it is, it is the operation's outcome
        return None, error
