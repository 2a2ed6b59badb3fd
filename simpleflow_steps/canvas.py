"""Activities put together: one after another, side by side, or built when reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simpleflow_steps.codec import encode_list
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.futures import RUNNING, Driven, Future, combine, gather, soon
from simpleflow_steps.task import Submittable, SubmittableContainer, as_submittable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from typing import Self

    from simpleflow_steps.codec import Encoded
    from simpleflow_steps.executors.protocol import Executor


class GroupFuture(Driven[list[Any]]):
    """The outcomes of several submittables; `futures` are those that were started."""

    __slots__ = (
        "_bubbles",
        "_open",
        "_starting",
        "_to_start",
        "_waits_for_room",
        "activities",
        "executor",
        "futures",
        "max_parallel",
    )

    def __init__(self, group: Group, executor: Executor) -> None:
        super().__init__(executor)
        self.executor = executor
        self.activities = group.activities
        self.max_parallel = group.max_parallel
        self.futures: list[Future[Any]] = []
        self._bubbles = group.bubbles_exception_on_failure
        self._to_start = iter(self.activities)
        self._open = 0
        self._starting = False
        self._waits_for_room = False

    @property
    def count_finished_activities(self) -> int:
        """Say how many of them are done."""
        return len(self.futures) - self._open

    def start(self) -> None:
        """Start as many as may run side by side, and the others as these end."""
        self.on_cancel = self._stop
        self._state = RUNNING
        soon(self._fill)

    def encode(self) -> Encoded:
        """Give the values as JSON, each by the type hints of what made it."""
        return encode_list([future.encode() for future in self.futures])

    def _fill(self) -> None:
        """Start what may start; what ends meanwhile leaves that to the loop under way, or to the room it waits for."""
        if self._starting or self._waits_for_room:
            return
        self._starting = True
        try:
            while not self.max_parallel or self._open < self.max_parallel:
                room = self.executor.room
                if room is not None:
                    self._waits_for_room = True
                    room.add_done_callback(self._go_on)
                    return
                activity = next(self._to_start, None)
                if activity is None:
                    break
                self._start_one(activity)
        finally:
            self._starting = False
        if not self._open and not self.done:
            self.conclude()

    def _start_one(self, activity: Submittable) -> None:
        future = submit_guarded(activity, self.executor)
        self.futures.append(future)
        if not future.done:
            self._open += 1
            future.add_done_callback(self._one_is_done)

    def _one_is_done(self, _: Future[Any]) -> None:
        self._open -= 1
        self._fill()

    def _go_on(self, _: Future[Any]) -> None:
        self._waits_for_room = False
        self._fill()

    def _stop(self) -> None:
        super()._stop()
        self._to_start = iter(())
        self._starting = True
        # what waits goes first, or it would start in the place of what runs
        for future in reversed(self.futures):
            future.cancel()

    def _gather(self) -> Future[list[Any]]:
        return gather(self.executor, self.futures)

    def conclude(self) -> None:
        """End with the results, or with the failures, of what was started."""
        error = combine(future.error for future in self.futures)
        reported = combine(f.exception if self._bubbles else f.error for f in self.futures)
        failures = tuple(failure for future in self.futures for failure in future.failures)
        result = None
        if error is None:
            if any(future.is_stored for future in self.futures):
                self._load = GroupFuture._gather
            else:
                result = [future.result for future in self.futures]
        self.settle(error=error, exception=reported, failures=failures, result=result)


class ChainFuture(GroupFuture):
    """The outcomes of submittables that run one after another."""

    __slots__ = ("_break_on_failure", "_send_result")

    def __init__(self, chain: Chain, executor: Executor) -> None:
        super().__init__(chain, executor)
        self._send_result = chain.send_result
        self._break_on_failure = chain.break_on_failure

    def start(self) -> None:
        """Start the first one; each goes on to the next."""
        self.drive(self._play())

    def _play(self) -> Generator[Future[Any], None, list[Any]]:
        previous: Future[Any] | None = None
        for activity in self.activities:
            if self._send_result and previous is not None:
                value = previous.fetch()
                yield value
                future = activity.with_argument(value.result).submit(self.executor)
            else:
                future = submit_guarded(activity, self.executor)
            self.futures.append(future)
            yield future
            if future.exception and self._break_on_failure:
                break
            previous = future
        self.conclude()
        return []


class Group(SubmittableContainer):
    """Submittables that run side by side.

    :param activities: activities, tuples of an activity and its arguments, tasks, canvases, steps, workflow classes
    :param max_parallel: how many may run at once; all of them if None
    :param raises_on_failure: if given, replaces that of every activity inside
    :param bubbles_exception_on_failure: whether failures that `raises_on_failure=False` keeps from being raised show
        in the `exception` of the group's future
    """

    def __init__(
        self,
        *activities: Any,
        max_parallel: int | None = None,
        raises_on_failure: bool | None = None,
        bubbles_exception_on_failure: bool = True,
    ) -> None:
        if max_parallel is not None and (type(max_parallel) is not int or max_parallel < 1):
            raise InvalidInput(f"max_parallel={max_parallel!r}: pass a number of 1 or more, or None for no limit")
        self.activities: list[Submittable] = []
        self.max_parallel = max_parallel
        self.raises_on_failure = raises_on_failure
        self.bubbles_exception_on_failure = bubbles_exception_on_failure
        self.extend(activities)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.activities)}>"

    def append(self, submittable: Any, *args: Any, **kwargs: Any) -> None:
        """Add one more; `append(activity, argument, ...)` works too."""
        added = as_submittable(submittable, *args, **kwargs)
        if self.raises_on_failure is not None:
            added.propagate_attribute("raises_on_failure", self.raises_on_failure)
        self.activities.append(added)

    def extend(self, iterable: Iterable[Any]) -> None:
        """Add each of them."""
        for submittable in iterable:
            self.append(submittable)

    def __iadd__(self, iterable: Iterable[Any]) -> Self:
        self.extend(iterable)
        return self

    def steps_inside(self) -> Sequence[str]:
        """Name the steps of everything inside."""
        return [step for activity in self.activities for step in activity.steps_inside()]

    def propagate_attribute(self, attr: str, val: Any) -> None:
        """Set the attribute on everything inside."""
        if attr == "raises_on_failure":
            self.raises_on_failure = val
        for activity in self.activities:
            activity.propagate_attribute(attr, val)

    def submit(self, executor: Executor) -> GroupFuture:
        """Start as many as may run at once."""
        future = GroupFuture(self, executor)
        future.start()
        return future


class Chain(Group):
    """Submittables that run one after another.

    :param activities: as for a `Group`
    :param send_result: whether each gets the result of the one before as its last argument
    :param break_on_failure: whether the chain ends where something fails
    :param raises_on_failure: as for a `Group`; False also keeps the chain's failures to itself, unless
        `bubbles_exception_on_failure` says otherwise
    :param bubbles_exception_on_failure: as for a `Group`
    """

    def __init__(
        self,
        *activities: Any,
        send_result: bool = False,
        break_on_failure: bool = True,
        raises_on_failure: bool | None = None,
        bubbles_exception_on_failure: bool | None = None,
    ) -> None:
        if send_result and not break_on_failure:
            raise InvalidInput("send_result=True needs break_on_failure=True: a failed activity has no result to send")
        if bubbles_exception_on_failure is None:
            bubbles_exception_on_failure = raises_on_failure is not False
        self.send_result = send_result
        self.break_on_failure = break_on_failure
        super().__init__(
            *activities,
            raises_on_failure=raises_on_failure,
            bubbles_exception_on_failure=bubbles_exception_on_failure,
        )

    def submit(self, executor: Executor) -> ChainFuture:
        """Start the first."""
        future = ChainFuture(self, executor)
        future.start()
        return future


class FuncGroup(SubmittableContainer):
    """A submittable that a function builds when it is reached.

    :param func: gives anything that `Workflow.submit` takes
    :param args: its arguments, and `kwargs` its keyword arguments
    :param raises_on_failure: if given, replaces that of every activity that `func` gives
    """

    def __init__(
        self, func: Callable[..., Any], *args: Any, raises_on_failure: bool | None = None, **kwargs: Any
    ) -> None:
        if not callable(func):
            raise InvalidInput(f"FuncGroup({func!r}): pass a function that returns a canvas, a task or an activity")
        self.func = func
        self.args = list(args)
        self.kwargs = kwargs
        self.raises_on_failure = raises_on_failure

    def __repr__(self) -> str:
        return f"<FuncGroup of {self.func!r}>"

    def with_argument(self, value: Any) -> Submittable:
        """Give the same with one more argument for the function."""
        return FuncGroup(self.func, *self.args, value, raises_on_failure=self.raises_on_failure, **self.kwargs)

    def propagate_attribute(self, attr: str, val: Any) -> None:
        """Keep it for what the function gives."""
        if attr == "raises_on_failure":
            self.raises_on_failure = val

    def submit(self, executor: Executor) -> Future[Any]:
        """Call the function and submit what it gives."""
        built = as_submittable(self.func(*self.args, **self.kwargs))
        if self.raises_on_failure is not None:
            built.propagate_attribute("raises_on_failure", self.raises_on_failure)
        return built.submit(executor)


def submit_guarded(submittable: Submittable, executor: Executor) -> Future[Any]:
    """Submit it; what goes wrong on the way is the future's exception."""
    try:
        return submittable.submit(executor)
    except Exception as error:  # noqa: BLE001  a function that builds a canvas may raise anything
        failed: Future[Any] = Future(executor)
        failed.set_exception(error)
        return failed
