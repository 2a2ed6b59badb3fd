"""The timers of one run on SWF: those of the workflow, and the pauses between attempts."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import EngineError
from simpleflow_steps.execution.parts import fitting, to_part
from simpleflow_steps.execution.roots import TimerFutures
from simpleflow_steps.executors.swf.decisions import LONGEST, duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.executors.swf.history import Event
    from simpleflow_steps.executors.swf.run import Run
    from simpleflow_steps.futures import Future
    from simpleflow_steps.task import TimerTask


class Countdown:
    """Something to do after some seconds, by a timer of SWF, or by one after another if they are very many."""

    def __init__(self, run: Run, timer_id: str, seconds: float, action: Callable[[], object]) -> None:
        self._run = run
        self._id = timer_id
        self._left = seconds
        self._action: Callable[[], object] | None = action
        self._failed: Callable[[EngineError], object] | None = None
        self._round = 0
        self._start()

    @property
    def running(self) -> bool:
        """Whether it is still to happen."""
        return self._action is not None

    def cancel(self) -> None:
        """Forget it."""
        if self._action is None:
            return
        self._action = None
        timer_id = self._timer_id
        self._run.ask_to_cancel(lambda: self._run.ask("CancelTimer", timer_id, lambda: {"timerId": timer_id}))

    def on_failure(self, failed: Callable[[EngineError], object]) -> None:
        """Call this if SWF refuses the timer."""
        self._failed = failed

    @property
    def _timer_id(self) -> str:
        return self._id if self._round == 1 else f"{self._id}.{self._round}"

    def _start(self) -> None:
        self._round += 1
        timer_id, seconds = self._timer_id, min(self._left, LONGEST)
        self._left -= seconds
        self._run.ask(
            "StartTimer",
            timer_id,
            lambda: {"timerId": timer_id, "startToFireTimeout": duration(seconds)},
            partial(self._heard, self._round),
        )

    def _heard(self, number: int, event: Event) -> None:
        if self._action is None or number != self._round:
            return
        if event.kind == "TimerFired" and self._left > 0:
            self._start()
        elif event.kind == "TimerFired":
            action, self._action = self._action, None
            action()
        elif event.kind == "StartTimerFailed":
            self._action = None
            if self._failed is not None:
                cause = str(event.facts.get("cause"))
                self._failed(EngineError(f"SWF refused the timer {self._timer_id!r}: {cause}", cause))


class Timers:
    """Start and cancel the timers that the workflow submits."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._futures = TimerFutures(run)
        self.cancel = self._futures.cancel
        self._countdowns: list[Countdown] = []
        self._numbers: Counter[str] = Counter()

    @property
    def running(self) -> bool:
        """Whether any timer or pause is to end."""
        self._countdowns = [each for each in self._countdowns if each.running]
        return bool(self._countdowns)

    def start(self, task: TimerTask, *, closing: bool) -> Future[Any]:
        """Start a timer.

        :raises InvalidInput: if one of its id is running
        """
        future = self._futures.begin(task.timer_id, closing=closing)
        if future.done:
            return future
        self._numbers[task.timer_id] += 1
        name = f"timer-{to_part(fitting(task.timer_id))}-{self._numbers[task.timer_id]}"
        countdown = self.rest(name, task.timeout, lambda: None if future.done else future.set_finished(None))
        countdown.on_failure(future.set_exception)
        future.on_cancel = countdown.cancel
        return future

    def rest(self, timer_id: str, seconds: float, action: Callable[[], object]) -> Countdown:
        """Do something so many seconds from now."""
        countdown = Countdown(self._run, timer_id, seconds, action)
        self._countdowns.append(countdown)
        return countdown
