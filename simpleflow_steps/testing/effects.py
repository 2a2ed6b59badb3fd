"""What can go wrong with one operation on a storage: small frozen effects, each around the real operation."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from simpleflow_steps.clock import SystemClock
from simpleflow_steps.exceptions import StorageError, StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.clock import Clock
    from simpleflow_steps.testing.operations import Operation

    Perform = Callable[[Operation], Any]

When = Literal["before", "after"]
LOST = "the answer was lost (simulated)"


class SimulatedCrash(BaseException):
    """Stand for the end of the process: no `except Exception` survives it, and its storage does nothing any more."""


class Effect(Protocol):
    """Do something to one operation; frozen, so that one may be used many times."""

    def around(self, operation: Operation, perform: Perform) -> Any:
        """Carry the operation out, or not, and give its answer.

        :param perform: what really carries an operation out
        """


@dataclass(frozen=True)
class Fails:
    """Raise an error; nothing is written."""

    error: StorageError | type[StorageError] = StorageUnavailable

    def around(self, operation: Operation, perform: Perform) -> Any:  # noqa: ARG002  it never comes to that
        """Raise."""
        raise _fresh(self.error, f"{operation.kind} {operation.key!r} failed (simulated)")


@dataclass(frozen=True)
class LosesAnswer:
    """Carry it out, and then raise an error as if nobody knew."""

    error: StorageError | type[StorageError] = StorageUnavailable

    def around(self, operation: Operation, perform: Perform) -> Any:
        """Perform and raise."""
        perform(operation)
        raise _fresh(self.error, f"{operation.kind} {operation.key!r}: {LOST}")


@dataclass(frozen=True)
class RetriesAfterLostAnswer:
    """Carry it out twice, as a storage does whose first answer was lost: a conditional write that happened is then
    refused with `PreconditionFailed`.
    """

    def around(self, operation: Operation, perform: Perform) -> Any:
        """Perform, and perform again."""
        perform(operation)
        return perform(operation)


@dataclass(frozen=True)
class Crashes:
    """Raise `SimulatedCrash` before or after the operation; from then on the storage raises it at every operation."""

    when: When = "before"

    def around(self, operation: Operation, perform: Perform) -> Any:
        """Perform or not, and crash."""
        if self.when == "after":
            perform(operation)
        raise SimulatedCrash(f"crashed {self.when} {operation.kind} {operation.key!r}")


@dataclass(frozen=True)
class Kills:
    """Send this process a signal before or after the operation, for tests with real processes."""

    when: When = "before"
    signal_number: int = signal.SIGKILL

    def around(self, operation: Operation, perform: Perform) -> Any:
        """Perform before or after the signal."""
        if self.when == "before":
            os.kill(os.getpid(), self.signal_number)
            return perform(operation)
        answer = perform(operation)
        os.kill(os.getpid(), self.signal_number)
        return answer


@dataclass(frozen=True)
class IgnoresConditions:
    """Write whatever the condition says, as some stores do that speak S3."""

    def around(self, operation: Operation, perform: Perform) -> Any:
        """Perform without the conditions."""
        return perform(replace(operation, if_none_match=None, if_match=None))


@dataclass(frozen=True)
class Delays:
    """Wait before or after the operation, by any clock; waiting after it is a slow answer."""

    seconds: float
    clock: Clock = SystemClock()  # noqa: RUF009  it holds nothing
    when: When = "before"

    def around(self, operation: Operation, perform: Perform) -> Any:
        """Wait and perform, or perform and wait."""
        if self.when == "before":
            self._wait()
            return perform(operation)
        answer = perform(operation)
        self._wait()
        return answer

    def _wait(self) -> None:
        self.clock.wait(threading.Event(), self.seconds)


@dataclass(frozen=True)
class Pauses:
    """Hold the operation, before or after it is carried out, until the test sets `go_on`.

    :param reached: set when an operation is being held
    :param timeout: how many real seconds to hold it at most
    :raises TimeoutError: if `go_on` was not set in time
    """

    go_on: threading.Event
    reached: threading.Event
    when: When = "before"
    timeout: float = 10.0

    def around(self, operation: Operation, perform: Perform) -> Any:
        """Hold and perform, or perform and hold."""
        if self.when == "before":
            self._hold(operation)
            return perform(operation)
        answer = perform(operation)
        self._hold(operation)
        return answer

    def _hold(self, operation: Operation) -> None:
        self.reached.set()
        if not self.go_on.wait(self.timeout):
            raise TimeoutError(f"{operation.kind} {operation.key!r} was held for {self.timeout} s: set `go_on`")


def _fresh(error: StorageError | type[StorageError], message: str) -> StorageError:
    """Make an error of a class; an instance is the caller's own and raised as it is."""
    return error(message) if isinstance(error, type) else error
