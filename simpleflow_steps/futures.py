"""The outcome of something submitted, and what is built on other outcomes.

A future belongs to the thread of its workflow. Whoever completes it does so there; its callbacks run there, in the
context (`contextvars`) in which they were added, so that a chain goes on inside the step that it was submitted in.
"""

from __future__ import annotations

from collections import deque
from contextvars import copy_context
from functools import partial
from threading import local
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from simpleflow_steps import codec
from simpleflow_steps.exceptions import AggregateException, ExecutionBlocked, InvalidInput, TaskCanceled

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from contextvars import Context

    from simpleflow_steps.codec import Encoded

T = TypeVar("T")

PENDING = "PENDING"
RUNNING = "RUNNING"
CANCELLED = "CANCELLED"
FINISHED = "FINISHED"


class Waiter(Protocol):
    """Finish futures: block until they are done, or leave the workflow."""

    def wait(self, future: Future[Any]) -> None:
        """Return when `future` is done."""


class _Callbacks(local):
    """What is to be called, one after another: a row of futures, however long or deep, needs no deep stack."""

    def __init__(self) -> None:
        self._ready: deque[Callable[[], object]] = deque()
        self._calling = False

    @property
    def waiting(self) -> int:
        """How many wait for the one that is being called."""
        return len(self._ready)

    def call(self, callback: Callable[[], object]) -> None:
        """Call it now, or, inside another callback, after that."""
        self._ready.append(callback)
        if not self._calling:
            self._call_all()

    def go_on_in(self, wait: Callable[[Future[Any]], None], future: Future[Any]) -> None:
        """Go on calling while this waits for a future, although a callback may be what waits."""
        calling, self._calling = self._calling, False
        try:
            self._call_all()
            wait(future)
        finally:
            self._calling = calling

    def _call_all(self) -> None:
        self._calling = True
        try:
            while self._ready:
                self._ready.popleft()()
        except (ExecutionBlocked, KeyboardInterrupt, SystemExit):
            self._ready.clear()
            raise
        finally:
            self._calling = False


_callbacks = _Callbacks()


def callbacks_waiting() -> int:
    """Say how many callbacks are still to be called in this thread."""
    return _callbacks.waiting


def soon(callback: Callable[[], object]) -> None:
    """Call it in the caller's context (`contextvars`): now, or, inside another callback, after that."""
    _callbacks.call(partial(copy_context().run, callback))


def wait(*futures: Future[Any]) -> list[Any]:
    """Wait for every future and give their results, in the order of the arguments.

    :raises TaskFailed: if one failed; an `AggregateException` if several did
    """
    for future in futures:
        if not isinstance(future, Future):
            raise InvalidInput(f"futures.wait() takes futures, one an argument, not {future!r}")
    for future in futures:
        future.wait()
    error = combine(future.error for future in futures)
    if error is not None:
        raise error
    return [future.result for future in futures]


def combine(errors: Iterable[BaseException | None]) -> Exception | None:
    """Make one exception of several: none, itself if there is but one, a group otherwise."""
    found = list({id(error): error for error in errors if isinstance(error, Exception)}.values())
    if len(found) < 2:
        return found[0] if found else None
    return AggregateException(f"{len(found)} tasks failed", found)


class Future(Generic[T]):
    """Hold the outcome of something submitted.

    `error` is what `result` raises. `exception` is what happened, which `raises_on_failure=False` may keep from being
    raised. `failures` is every failure inside, reported or not: a step with any leaves no marker. `done` tells whether
    it finished or was cancelled. Whoever carries it out is told by `on_cancel()` to stop, and by `on_end(future)` that
    it is done, before anybody who waits for it.
    """

    __slots__ = (
        "_awaited_by",
        "_exception",
        "_load",
        "_result",
        "_state",
        "_waiter",
        "done",
        "error",
        "failures",
        "looked_at",
        "on_cancel",
        "on_end",
        "target",
    )

    def __init__(self, waiter: Waiter | None = None, target: Any = None) -> None:
        self._waiter = waiter
        self._state = PENDING
        self.done = False
        self._result: Any = None
        self._exception: Exception | None = None
        # called with the future itself: a bound method would keep it in a circle
        self._load: Callable[[Any], Future[Any]] | None = None
        self._awaited_by: list[tuple[Callable[[Any], object], Context]] | None = None
        self.error: Exception | None = None
        self.failures: tuple[Exception, ...] = ()
        self.looked_at = False
        self.target = target
        self.on_cancel: Callable[[], object] | None = None
        self.on_end: Callable[[Any], object] | None = None

    def __repr__(self) -> str:
        failure = f" exception={self._exception!r}" if self._exception else ""
        return f"<{type(self).__name__} {self._state.lower()}{failure}>"

    @property
    def state(self) -> str:
        """One of `PENDING`, `RUNNING`, `CANCELLED`, `FINISHED`."""
        return self._state

    @property
    def pending(self) -> bool:
        """Whether it has not started."""
        return self._state == PENDING

    @property
    def running(self) -> bool:
        """Whether it has started and not finished."""
        return self._state == RUNNING

    @property
    def finished(self) -> bool:
        """Whether it ended, well or not."""
        return self._state == FINISHED

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._state == CANCELLED

    @property
    def waiting(self) -> int:
        """How many callbacks wait for it."""
        return len(self._awaited_by or ())

    @property
    def result(self) -> T:
        """Wait for the outcome and give it.

        :raises TaskFailed: if the activity or child workflow failed; an `AggregateException` if several did
        :raises TaskCanceled: if it was cancelled
        """
        self.looked_at = True
        if not self.done:
            self.wait()
        if self.error is not None:
            raise self.error
        if self._load is not None:
            return self.fetch().result  # type: ignore[no-any-return]
        return self._result  # type: ignore[no-any-return]

    @property
    def exception(self) -> Exception | None:
        """Wait for the end and give what went wrong, if anything did."""
        self.looked_at = True
        if not self.done:
            self.wait()
        return self._exception

    def wait(self) -> None:
        """Wait for the end, whatever it is."""
        self.looked_at = True
        if not self.done and self._waiter is not None:
            _callbacks.go_on_in(self._waiter.wait, self)

    def cancel(self) -> bool:
        """Ask for it to stop; tell whether it was still possible."""
        if self.done:
            return False
        if self.on_cancel is not None:
            self.on_cancel()
        if not self.done:
            self.set_cancelled()
        return True

    def fetch(self) -> Future[Any]:
        """Give the future that holds the value itself: this one, or the one that reads it from storage."""
        if self._load is None:
            return self
        loaded = self._load(self)
        self._load = lambda _: loaded
        return loaded

    @property
    def is_stored(self) -> bool:
        """Whether its value is still in storage, to be read when it is asked for."""
        return self._load is not None

    def encode(self) -> Encoded:
        """Give the value as JSON with what is needed to read it back; call it when `fetch()` is done.

        :raises NotStorable: if the value has no faithful JSON
        """
        if self._load is not None:
            return self.fetch().encode()
        return codec.encode_result(self._result, self.target)

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        """Call `callback(future)` once it is done, at once if it is."""
        if self.done:
            callback(self)
            return
        if self._awaited_by is None:
            self._awaited_by = []
        self._awaited_by.append((callback, copy_context()))

    def set_running(self) -> None:
        """Say that it has started."""
        if self._state == PENDING:
            self._state = RUNNING

    def set_finished(self, result: T) -> None:
        """End it well."""
        self._result = result
        self._close(FINISHED)

    def set_exception(self, exception: Exception, *, raises: bool = True) -> None:
        """End it badly; with `raises=False` its result is None instead of an exception."""
        self.settle(error=exception if raises else None, exception=exception, failures=(exception,))

    def set_cancelled(self, details: str | None = None) -> None:
        """End it as cancelled."""
        if self.done:
            return
        self.error = self._exception = TaskCanceled(details)
        self.failures = (self._exception,)
        self._close(CANCELLED)

    def settle(
        self,
        *,
        error: Exception | None,
        exception: Exception | None,
        failures: tuple[Exception, ...],
        result: Any = None,
    ) -> None:
        """End it with failures inside: what `result` raises, what `exception` tells, and all of them."""
        self.error, self._exception, self.failures, self._result = error, exception, failures, result
        self._close(FINISHED)

    def end_as(self, other: Future[Any]) -> None:
        """End it the way another one ended."""
        if other.cancelled:
            self.set_cancelled(str(other.error))
            return
        self._load = other._load and (lambda _: other.fetch())
        self.settle(error=other.error, exception=other._exception, failures=other.failures, result=other._result)

    def _close(self, state: str) -> None:
        self._state, self.done = state, True
        self.on_cancel = None
        if self.on_end is not None:
            on_end, self.on_end = self.on_end, None
            on_end(self)
        if self._awaited_by is not None:
            callbacks, self._awaited_by = self._awaited_by, None
            for callback, context in callbacks:
                _callbacks.call(partial(context.run, callback, self))


class Driven(Future[T]):
    """The outcome of a generator that yields the futures it waits for and returns its result.

    An exception that leaves the generator is the outcome too.
    """

    __slots__ = ("_generator",)

    def __init__(self, waiter: Waiter | None = None, target: Any = None) -> None:
        super().__init__(waiter, target)
        self._generator: Generator[Future[Any], None, T] | None = None

    def drive(self, generator: Generator[Future[Any], None, T]) -> None:
        """Run the generator until it waits for something that is not done; it goes on from there by itself."""
        self._generator = generator
        self.on_cancel = self._stop
        self._state = RUNNING
        soon(self._advance)

    def _advance(self, _: object = None) -> None:
        try:
            while self._generator is not None:
                awaited = next(self._generator)
                if not awaited.done:
                    awaited.add_done_callback(self._advance)
                    return
        except StopIteration as end:
            self._generator = None
            if not self.done:
                self.set_finished(end.value)
        except Exception as error:  # noqa: BLE001  whatever workflow code raises is the outcome
            self._generator = None
            if not self.done:
                self.set_exception(error)

    def _stop(self) -> None:
        """Go no further; what it waits for may have others waiting."""
        generator, self._generator = self._generator, None
        if generator is not None and not generator.gi_running:  # type: ignore[attr-defined]
            generator.close()


def after(waiter: Waiter, generator: Generator[Future[Any], None, T]) -> Driven[T]:
    """Drive a generator of futures and give its outcome."""
    driven: Driven[T] = Driven(waiter)
    driven.drive(generator)
    return driven


def gather(waiter: Waiter, futures: Iterable[Future[Any]]) -> Future[list[Any]]:
    """Give one future of all the values, in order; it fails with the first that did."""

    def values() -> Generator[Future[Any], None, list[Any]]:
        fetched = [future.fetch() for future in futures]
        yield from fetched
        return [future.result for future in fetched]

    return after(waiter, values())
