from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Event, Thread

import pytest

from simpleflow_steps.clock import Clock, SystemClock, elapsed

LONG = 10.0


@pytest.fixture
def clock() -> Clock:
    return SystemClock()


def test_tells_the_machines_time(clock: Clock) -> None:
    first, second = clock.monotonic(), clock.monotonic()

    assert first <= second
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=10)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux has two monotonic clocks")
def test_goes_on_while_the_machine_sleeps(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(time, "clock_gettime", lambda which: asked.append(which) or 1.0)

    assert clock.monotonic() == 1.0
    assert asked == [time.CLOCK_BOOTTIME]


def test_takes_what_is_there_and_gives_up_in_time(clock: Clock) -> None:
    queue: SimpleQueue[int] = SimpleQueue()
    queue.put(1)
    queue.put(2)

    assert clock.take(queue, None) == 1
    assert clock.take(queue, 1e300) == 2
    with pytest.raises(Empty):
        clock.take(queue, 0.001)


def test_waits_for_an_event(clock: Clock) -> None:
    event = Event()
    in_vain = clock.wait(event, 0.001)
    event.set()

    assert (in_vain, clock.wait(event, 1e300)) == (False, True)


@pytest.fixture
def heard() -> Iterator[SimpleQueue[str]]:
    """Be told of SIGUSR1."""
    queue: SimpleQueue[str] = SimpleQueue()
    before = signal.signal(signal.SIGUSR1, lambda *_: queue.put("signal"))
    yield queue
    signal.signal(signal.SIGUSR1, before)


def test_hears_a_signal_that_comes_as_it_begins_to_wait(clock: Clock, heard: SimpleQueue[str]) -> None:
    begins: SimpleQueue[bool] = SimpleQueue()
    was_heard = Event()

    def interrupt() -> None:
        while begins.get():
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0.05)
            heard.put("nothing" if not was_heard.wait(LONG) else "more")

    Thread(target=interrupt, daemon=True).start()
    for _ in range(30):
        was_heard.clear()
        begins.put(True)
        assert clock.take(heard, None) == "signal"
        was_heard.set()
        assert clock.take(heard, None) == "more"
    begins.put(False)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0s"), (-1, "0.0s"), (59.94, "59.9s"), (59.96, "1m00s"), (187, "3m07s"), (3599.6, "1h00m"), (7500, "2h05m")],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text
