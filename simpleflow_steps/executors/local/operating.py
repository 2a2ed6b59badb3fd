"""A storage operation of a run, in whatever thread it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simpleflow_steps.storage.fence import fenced

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future as Job

    from simpleflow_steps.task import StorageTask


@dataclass(frozen=True, slots=True)
class Ended:
    """How an operation ended: with a result or with an exception."""

    result: Any = None
    error: Any = None


def operated(task: StorageTask, check: Callable[[], None]) -> Ended:
    """Do a storage operation, if the run still owns its execution.

    :param check: raises if it does not; it is asked again before each attempt
    """
    try:
        check()
        with fenced(check):
            return Ended(task.operation(*task.args))
    except Exception as error:  # noqa: BLE001  whatever it is, it is the operation's outcome
        return Ended(error=error)


def ended(job: Job[Ended]) -> Ended | None:
    """Say how a pool's job ended that did an operation; None if it never began."""
    if job.cancelled():
        return None
    error = job.exception()
    return job.result() if error is None else Ended(error=error)
