from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from simpleflow_steps.clock import Clock
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.testing import ManualClock, WorkPool
from tests.apart import apart

HOUR = 3600.0


def soon(job: Future[Any]) -> Any:
    return job.result(timeout=5)


def test_time_stands_still_until_it_is_moved() -> None:
    clock: Clock = ManualClock()
    before = clock.monotonic()
    time.sleep(0.01)
    still = clock.monotonic()
    clock.advance(1.5)  # type: ignore[attr-defined]

    assert still == before
    assert clock.monotonic() == before + 1.5


def test_the_time_of_day_moves_along_and_never_repeats() -> None:
    start = datetime(2026, 11, 20, tzinfo=UTC)
    clock = ManualClock(start=start)
    first, second = clock.now(), clock.now()
    clock.advance(HOUR)

    assert start < first < second < start + timedelta(seconds=1)
    assert timedelta(0) <= clock.now() - second - timedelta(hours=1) < timedelta(seconds=1)


def test_time_does_not_go_back() -> None:
    with pytest.raises(InvalidInput, match="does not go back"):
        ManualClock().advance(-1)


def test_takes_what_is_there_at_once() -> None:
    queue: SimpleQueue[str] = SimpleQueue()
    queue.put("item")

    assert ManualClock().take(queue, 0) == "item"
    with pytest.raises(Empty):
        ManualClock().take(queue, 0)


@pytest.mark.parametrize("seconds", [None, HOUR])
def test_takes_what_comes_in_real_time(seconds: float | None) -> None:
    clock, queue = ManualClock(), SimpleQueue[str]()
    taken = apart(clock.take, queue, seconds)
    clock.await_waiters()
    queue.put("item")

    assert soon(taken) == "item"
    assert clock.waiters == 0


def test_gives_up_taking_when_the_time_has_passed() -> None:
    clock, queue = ManualClock(), SimpleQueue[str]()
    taken = apart(clock.take, queue, HOUR)
    clock.await_waiters()
    clock.advance(HOUR - 1)
    assert not taken.done()
    clock.advance(1)

    with pytest.raises(Empty):
        soon(taken)


def test_waits_for_an_event_or_the_time() -> None:
    clock, event = ManualClock(), threading.Event()
    in_vain, heard = apart(clock.wait, event, 10), apart(clock.wait, event, HOUR)
    clock.await_waiters(2)
    clock.advance(10)
    assert soon(in_vain) is False
    event.set()

    assert soon(heard) is True


def test_says_if_nobody_comes_to_wait() -> None:
    with pytest.raises(TimeoutError, match=r"0 threads wait on the clock after 0\.01 s, not 1"):
        ManualClock().await_waiters(timeout=0.01)


def test_stops_at_each_deadline_on_the_way() -> None:
    clock, seen = ManualClock(), []

    def every_quarter() -> None:
        for _ in range(4):
            clock.wait(threading.Event(), 15)
            seen.append(clock.monotonic())

    ticking = apart(every_quarter)
    clock.await_waiters()
    clock.advance(60)
    soon(ticking)

    assert seen == [15, 30, 45, 60]


def test_moves_by_itself_to_the_next_deadline_of_all() -> None:
    clock, seen = ManualClock(auto=True, quiet=0.5), []
    together = threading.Barrier(3)

    def sleep(seconds: float) -> None:
        together.wait()
        clock.wait(threading.Event(), seconds)
        seen.append((seconds, clock.monotonic()))

    jobs = [apart(sleep, seconds) for seconds in (2 * HOUR, HOUR, 3 * HOUR)]
    for job in jobs:
        soon(job)

    assert seen == [(HOUR, HOUR), (2 * HOUR, 2 * HOUR), (3 * HOUR, 3 * HOUR)]


def test_does_not_move_by_itself_for_those_who_wait_without_end() -> None:
    clock, queue = ManualClock(auto=True), SimpleQueue[str]()
    taken = apart(clock.take, queue, None)
    time.sleep(0.15)
    queue.put("item")

    assert soon(taken) == "item"
    assert clock.monotonic() == 0


def test_work_holds_the_time_back() -> None:
    clock, go_on = ManualClock(auto=True, patience=60), threading.Event()
    with WorkPool(clock) as workers:
        work = workers.submit(go_on.wait, 5)
        waiting = apart(clock.wait, threading.Event(), HOUR)
        time.sleep(0.15)
        during = clock.monotonic()
        go_on.set()
        soon(waiting)

    assert work.result() is True
    assert (during, clock.monotonic()) == (0, HOUR)


def test_work_that_hangs_does_not_hold_the_time_for_ever() -> None:
    clock, hangs = ManualClock(auto=True, patience=0.05), threading.Event()
    with WorkPool(clock) as workers:
        workers.submit(hangs.wait, 5)
        clock.wait(threading.Event(), HOUR)
        hangs.set()

    assert clock.monotonic() == HOUR


def test_work_that_waits_on_the_clock_does_not_hold_it_back() -> None:
    clock = ManualClock(auto=True, patience=60)
    with WorkPool(clock, 1) as workers:
        workers.submit(clock.wait, threading.Event(), HOUR).result(5)
        failing = workers.submit(divmod, 1, 0)
        assert isinstance(failing.exception(5), ZeroDivisionError)
    clock.wait(threading.Event(), HOUR)

    assert clock.monotonic() == 2 * HOUR


def test_a_closed_pool_leaves_no_work_behind() -> None:
    clock = ManualClock(auto=True, patience=60)
    workers = WorkPool(clock)
    workers.shutdown()
    with pytest.raises(RuntimeError):
        workers.submit(print)
    clock.wait(threading.Event(), HOUR)

    assert clock.monotonic() == HOUR
