"""Every error of the package, in one tree.

SimpleflowStepsError
├── InvalidInput (ValueError)             what the caller passed is wrong
│   ├── InvalidStepName
│   └── InvalidStorageURL
├── TaskFailed                            an activity or a child workflow failed; its cause is the original
├── TaskTimeout (TimeoutError)            a task was too slow; the cause of a TaskFailed
├── TaskCanceled                          a task was cancelled
├── AggregateException (ExceptionGroup)   several of them at once
├── WorkflowFailed                        `Workflow.fail` was called
├── WorkflowStuck                         what is awaited can never finish
├── RunSuperseded                         another run of the same execution took over
│   └── LeaseLost                         its lease ran out or was taken
├── LeaseHeld                             another live run owns the execution
├── LeaseCorrupt (ValueError)             the lease object is not what it should be
├── RecordCorrupt (ValueError)            a run's, signal's or timer's object is not what it should be
├── RemoteError                           an exception of another process whose type is not known here
├── HistoryMismatch                       the workflow's code no longer matches what an execution has done
├── EngineError                           the root of what an engine, such as SWF, can answer
│   ├── EngineDenied (PermissionError)
│   ├── EngineUnavailable (ConnectionError)
│   ├── ExecutionNotFound (LookupError)
│   └── ExecutionRunning                  an execution of this id is open
├── StepError
│   ├── ResultNotStored (LookupError)     a step is done, but its result is not in its marker
│   │   └── MarkerGone                    it is not done any more: somebody invalidated or removed its marker
│   └── MarkerCorrupt (ValueError)        a marker is not what it should be
└── StorageError (OSError)
    ├── ObjectNotFound (LookupError)
    ├── ObjectTooLarge
    ├── PreconditionFailed                the object is not what `if_match` or `if_none_match` said
    ├── BucketNotFound
    ├── StorageDenied (PermissionError)
    └── StorageUnavailable (ConnectionError)

ExecutionBlocked, RunStopped and ContinueAsNew steer the control flow and are no errors: they derive from BaseException,
so that `except Exception` in a workflow cannot swallow them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self


class SimpleflowStepsError(Exception):
    """The root of every error of this package."""


class InvalidInput(SimpleflowStepsError, ValueError):
    """Say which argument is wrong, with its value, and what to pass instead."""


class InvalidStepName(InvalidInput):
    """Say why a text cannot be the name of a step."""


class InvalidStorageURL(InvalidInput):
    """Say why a text does not name a storage."""


class TaskFailed(SimpleflowStepsError):
    """Tell that a task failed; `__cause__` is the exception that it raised, where that is known.

    :param name: the task's name, such as `activity-weather.load`
    :param reason: one line: the original exception's type and message
    :param details: the original traceback, or what else is known
    """

    def __init__(self, name: str, reason: str | None = None, details: str | None = None) -> None:
        super().__init__(name, reason, details)
        self.name = name
        self.reason = reason
        self.details = details

    def __str__(self) -> str:
        return f"{self.name} failed: {self.reason}" if self.reason else f"{self.name} failed"


class TaskTimeout(SimpleflowStepsError, TimeoutError):
    """Tell which time-out ended a task.

    :param timeout_type: `start_to_close`, `schedule_to_start`, `schedule_to_close` or `heartbeat`
    :param timeout_value: its length in seconds
    """

    def __init__(self, timeout_type: str, timeout_value: float | None = None) -> None:
        super().__init__(timeout_type, timeout_value)
        self.timeout_type = timeout_type
        self.timeout_value = timeout_value

    def __str__(self) -> str:
        return f"no end within {self.timeout_type}_timeout={self.timeout_value} s"


class TaskCanceled(SimpleflowStepsError):
    """Tell that a task was cancelled before it finished."""

    def __init__(self, details: str | None = None) -> None:
        super().__init__(details)
        self.details = details

    def __str__(self) -> str:
        return self.details or "cancelled"


class AggregateException(SimpleflowStepsError, ExceptionGroup[Exception]):
    """Hold several failures at once; `except*` works on it."""

    def derive(self, excs: Sequence[Exception]) -> Self:  # type: ignore[override]  # its members are always Exceptions
        """Make a group of the same kind with other members, as `split` and `subgroup` need it."""
        return type(self)(self.message, excs)


class WorkflowFailed(SimpleflowStepsError):
    """Tell that a workflow gave up by calling `Workflow.fail`."""

    def __init__(self, reason: str, details: Any = None) -> None:
        super().__init__(reason, details)
        self.reason = reason
        self.details = details

    def __str__(self) -> str:
        return self.reason if self.details is None else f"{self.reason}: {self.details}"


class WorkflowStuck(SimpleflowStepsError):
    """Tell that a workflow waits for something that nothing under way can finish."""


class RunSuperseded(SimpleflowStepsError):
    """Tell that another run of the same execution took over; this one has stopped writing."""


class LeaseLost(RunSuperseded):
    """Tell that this run does not own its execution any more: it starts nothing and marks nothing."""


class LeaseHeld(SimpleflowStepsError):
    """Tell that another run owns the execution.

    :param holder: who, for people
    :param cure: what to do
    """

    WAIT = "--on-conflict wait (on_conflict='wait') waits for it, and also takes over a lease whose holder is gone"

    def __init__(self, holder: str, workflow_id: str, cure: str = WAIT) -> None:
        super().__init__(holder, workflow_id, cure)
        self.holder = holder
        self.workflow_id = workflow_id
        self.cure = cure

    def __str__(self) -> str:
        return f"execution {self.workflow_id!r} is running: {self.holder}; {self.cure}"


class LeaseCorrupt(SimpleflowStepsError, ValueError):
    """Tell that the lease object cannot be read."""


class RecordCorrupt(SimpleflowStepsError, ValueError):
    """Tell that the object of a run, a signal or a timer cannot be read."""


class RemoteError(SimpleflowStepsError):
    """Stand for an exception of another process whose type is not known here, or cannot be made again.

    :param name: the type's name
    :param message: what it said
    """

    def __init__(self, name: str, message: str = "") -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" if self.message else self.name


class HistoryMismatch(SimpleflowStepsError):
    """Tell that a workflow's code asks for something else than its history says that it asked for."""


class EngineError(SimpleflowStepsError):
    """The root of what an engine can answer; the message names the request.

    :param code: the engine's own name of the fault
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message, code)
        self.code = code

    def __str__(self) -> str:
        return str(self.args[0])


class EngineDenied(EngineError, PermissionError):
    """Tell that the credentials are missing, wrong or not allowed to do this."""


class EngineUnavailable(EngineError, ConnectionError):
    """Tell that the engine could not be reached, or kept failing, after every retry."""


class ExecutionNotFound(EngineError, LookupError):
    """Tell that there is no such execution, task, type or domain, or that it is closed."""


class ExecutionRunning(EngineError):
    """Tell that an execution of this id is open already."""


class StepError(SimpleflowStepsError):
    """The root of what can be wrong with a done step."""


class ResultNotStored(StepError, LookupError):
    """Tell that a done step's result could not be stored, so that it cannot be given after a skip."""


class MarkerGone(ResultNotStored):
    """Tell that a step is not done any more, although it was when this run listed the markers."""


class MarkerCorrupt(StepError, ValueError):
    """Tell that a marker's content cannot be read."""


class StorageError(SimpleflowStepsError, OSError):
    """The root of what a storage can answer; the message names the storage and the key."""


class ObjectNotFound(StorageError, LookupError):
    """Tell that no object has this key."""


class ObjectTooLarge(StorageError):
    """Tell that an object is larger than what its reader accepts."""


class PreconditionFailed(StorageError):
    """Tell that a conditional write found another state than it asked for; nothing was written by this attempt."""


class BucketNotFound(StorageError):
    """Tell that the bucket does not exist."""


class StorageDenied(StorageError, PermissionError):
    """Tell that the credentials are missing, wrong or not allowed to do this."""


class StorageUnavailable(StorageError, ConnectionError):
    """Tell that the storage could not be reached, or kept failing, after every retry."""


class ExecutionBlocked(BaseException):
    """Leave a replayed workflow that cannot go on before something finishes."""


class RunStopped(BaseException):
    """Leave a workflow's run that has done all that it was asked for (`until`)."""


class ContinueAsNew(BaseException):
    """Leave a workflow's run to start the next one with other arguments."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(args, kwargs)
        self.run_args = args
        self.run_kwargs = kwargs
