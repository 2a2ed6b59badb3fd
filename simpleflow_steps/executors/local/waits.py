"""Waits that outlive their run: signals from the bucket, and timers that go on where they were."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from simpleflow_steps.execution.parts import fitting
from simpleflow_steps.execution.positions import Positions, read_time, waits_inside, write_time
from simpleflow_steps.execution.signals import read_signal, signal_ids
from simpleflow_steps.futures import Future, after
from simpleflow_steps.scope import current_step
from simpleflow_steps.task import StorageTask

if TYPE_CHECKING:
    from collections.abc import Generator

    from simpleflow_steps.execution.positions import Position
    from simpleflow_steps.executors.local.execution import Execution
    from simpleflow_steps.storage import Storage
    from simpleflow_steps.task import TimerTask, WaitForSignal

KEPT_FROM = 1.0  # seconds; a shorter timer is started anew by a resumed run
KEPT_TO = 10 * 366 * 24 * 3600.0  # seconds; no calendar holds the end of much longer ones
POLLS = (0.25, 0.5, 1.0, 2.0, 5.0)  # seconds between looks into the bucket; the last one repeats


class Waits:
    """Start one execution's waits. It belongs to the execution's thread."""

    def __init__(self, execution: Execution, generation: int) -> None:
        self._execution = execution
        self._generation = generation
        self._workflow_id = execution.get_run_context()["workflow_id"]
        self._positions = Positions(execution.storage, self._workflow_id)
        self._listing: Future[Any] | None = None
        self._known: dict[Position, str] = {}
        self._taken: dict[str, set[str]] = defaultdict(set)
        self._watched: set[str] = set()

    def start_timer(self, task: TimerTask, future: Future[Any]) -> None:
        """Finish the future when the timer fires; a long one fires when it would have in the run that started it."""
        if not KEPT_FROM <= task.timeout <= KEPT_TO:
            self._fire_after(task.timeout, future)
            return
        position = self._positions.next(self._generation, current_step(), "timer", task.timer_id)
        self._let(future, self._keep_timer(position, task.timeout, future))

    def wait_for_signal(self, task: WaitForSignal, future: Future[Any]) -> None:
        """Finish the future with the signal that ended this wait in an earlier run, or with the next one."""
        position = self._positions.next(self._generation, current_step(), "signal", task.signal_name)
        self._let(future, self._find_signal(task.signal_name, position, future))

    def forget(self, step: str) -> Generator[Future[Any], None, None]:
        """Drop what is known of the waits inside a step that is played anew."""
        yield from self._list()
        ended = waits_inside(step, self._known)
        self._positions.restart(step)
        if not ended:
            return
        forgetting = self._execution.submit(
            StorageTask(f"forget the waits of step {step}", self._positions.forget, ended)
        )
        yield forgetting
        forgetting.result  # noqa: B018  a step must not be played anew with the signals of its last time
        for position in ended:
            self._known.pop(position, None)

    def _let(self, future: Future[Any], work: Generator[Future[Any], None, None]) -> None:
        """Have the work done on behalf of a future, which fails if it does."""
        working = after(self._execution, work)
        working.add_done_callback(lambda done: future.set_exception(done.error) if done.error else None)

    def _list(self) -> Generator[Future[Any], None, None]:
        if self._listing is None:
            self._listing = self._execution.submit(StorageTask("list the waits", self._positions.list))
            self._listing.add_done_callback(self._take)
        yield self._listing
        self._listing.result  # noqa: B018  its failure is that of every wait

    def _take(self, listing: Future[Any]) -> None:
        if listing.error is not None:
            return
        self._known.update(listing.result)
        for position, value in self._known.items():
            if position.kind == "signal":
                self._taken[position.name].add(value)

    def _keep_timer(
        self, position: Position, timeout: float, future: Future[Any]
    ) -> Generator[Future[Any], None, None]:
        now, started = self._execution.now(), self._monotonic()
        yield from self._list()
        kept = read_time(self._known.get(position, ""))
        if kept is not None:
            self._fire_after((kept - self._execution.now()).total_seconds(), future)
            return
        remembering = self._remember(position, write_time(now + timedelta(seconds=timeout)))
        yield remembering
        remembering.result  # noqa: B018  a timer that cannot be kept is not started
        self._fire_after(started + timeout - self._monotonic(), future)

    def _fire_after(self, seconds: float, future: Future[Any]) -> None:
        if future.done:
            return
        alarm = self._execution.alarms.set(
            max(0.0, seconds), lambda: None if future.done else future.set_finished(None)
        )
        future.on_cancel = alarm.cancel

    def _find_signal(self, name: str, position: Position, future: Future[Any]) -> Generator[Future[Any], None, None]:
        yield from self._list()
        signal_id = self._known.get(position)
        if signal_id is not None:
            yield from self._bring(name, signal_id, future)
        elif not future.done:
            self._execution.mailbox.wait(name, future, position)
            self._watch(name)

    def _bring(
        self, name: str, signal_id: str, future: Future[Any], consumer: Position | None = None
    ) -> Generator[Future[Any], None, None]:
        """Finish the future with a signal, once it is written for good, if it is not yet, which wait it ends."""
        reading = self._execution.submit(
            StorageTask(f"read signal {name}", read_signal, self._storage, self._workflow_id, name, signal_id)
        )
        yield reading
        payload = reading.result.payload
        if consumer is not None:
            remembering = self._remember(consumer, signal_id)
            yield remembering
            remembering.result  # noqa: B018  what cannot be remembered is not consumed
        if not future.done:
            future.set_finished(payload)

    def _watch(self, name: str, look: int = 0) -> None:
        """Look for a signal in the bucket, now and from time to time, for as long as somebody waits for it."""
        if look == 0:
            if name in self._watched:
                return
            self._watched.add(name)
        if self._execution.closing or not self._execution.mailbox.awaits(name):
            self._watched.discard(name)
            return
        looking = after(self._execution, self._look(name))
        looking.add_done_callback(partial(self._look_again, name, look))

    def _look_again(self, name: str, look: int, looked: Future[Any]) -> None:
        if looked.error is not None:
            self._watched.discard(name)
            self._execution.mailbox.fail(name, looked.error)
            return
        pause = POLLS[min(look, len(POLLS) - 1)]
        self._execution.alarms.set(pause, partial(self._watch, name, look + 1))

    def _look(self, name: str) -> Generator[Future[Any], None, None]:
        listing = self._execution.submit(
            StorageTask(f"look for signal {name}", signal_ids, self._storage, self._workflow_id, name)
        )
        yield listing
        for signal_id in listing.result:
            if signal_id in self._taken[fitting(name)]:
                continue
            waiting = self._execution.mailbox.next_waiting(name)
            if waiting is None:
                return
            future, position = waiting
            self._taken[fitting(name)].add(signal_id)
            bringing = after(self._execution, self._bring(name, signal_id, future, position))
            yield bringing
            if bringing.error is not None and not future.done:
                future.set_exception(bringing.error)

    def _remember(self, position: Position, value: str) -> Future[Any]:
        self._known[position] = value
        return self._execution.submit(
            StorageTask(f"remember a wait for {position.name}", self._positions.remember, position, value)
        )

    def _monotonic(self) -> float:
        return self._execution.owner.clock.monotonic()

    @property
    def _storage(self) -> Storage:
        return self._execution.storage
