import asyncio
import threading
import time
from collections import deque

import pytest
from tenacity import Retrying, stop_after_attempt, stop_after_delay

from simpleflow_steps import activity, futures
from simpleflow_steps.events import ActivityHeartbeat
from simpleflow_steps.exceptions import TaskCanceled, TaskFailed, TaskTimeout
from tests.executors.activities import echo
from tests.executors.local.conftest import LONG

SHORT = 0.05


def timed(function, **attributes):
    return activity.with_attributes(name="timed", **attributes)(function)


@pytest.mark.parametrize("kind", ["start_to_close", "schedule_to_close", "heartbeat"])
def test_a_time_out_ends_the_wait_for_an_activity_that_hangs(local, gate, kind):
    hanging = timed(gate.enter, **{f"{kind}_timeout": SHORT})

    with pytest.raises(TaskFailed, match=f"no end within {kind}_timeout={SHORT} s") as caught:
        local(lambda self: self.submit(hanging).result).run()
    cause = caught.value.__cause__
    assert isinstance(cause, TaskTimeout)
    assert (cause.timeout_type, cause.timeout_value) == (kind, SHORT)


def test_schedule_to_start_ends_the_wait_for_a_worker(local, gate):
    blocking, waiting = timed(gate.enter), timed(echo.callable, schedule_to_start_timeout=SHORT)

    def run(self):
        self.submit(blocking)
        failure = self.submit(waiting).exception
        gate.open()
        return failure.__cause__.timeout_type

    assert local(run, max_workers=1).run() == "schedule_to_start"


def test_schedule_to_start_does_not_end_what_has_started(local, gate):
    slow = timed(lambda: time.sleep(4 * SHORT) or "done", schedule_to_start_timeout=2 * SHORT)

    assert local(lambda self: self.submit(slow).result).run() == "done"


def test_start_to_close_does_not_count_the_wait_for_a_worker(local, gate):
    blocking, waiting = timed(lambda: time.sleep(4 * SHORT)), timed(echo.callable, start_to_close_timeout=2 * SHORT)

    def run(self):
        self.submit(blocking)
        return self.submit(waiting, "done").result

    assert local(run, max_workers=1).run() == "done"


def test_schedule_to_close_counts_the_wait_for_a_worker(local, gate):
    blocking, waiting = timed(gate.enter), timed(echo.callable, schedule_to_close_timeout=SHORT)

    def run(self):
        self.submit(blocking)
        failure = self.submit(waiting).exception
        gate.open()
        return failure.__cause__.timeout_type

    assert local(run, max_workers=1).run() == "schedule_to_close"


def test_time_outs_of_a_quick_activity_do_nothing(local):
    quick = timed(
        echo.callable,
        start_to_close_timeout=60,
        schedule_to_start_timeout=60,
        schedule_to_close_timeout=60,
        heartbeat_timeout=60,
    )

    assert local(lambda self: self.submit(quick, 1).result).run() == 1


def test_heartbeats_keep_an_activity_alive_and_are_events(local):
    def beat():
        for count in range(12):
            activity.heartbeat({"count": count})
            time.sleep(0.1)
        return "alive"

    events, beating = [], timed(beat, heartbeat_timeout=1)

    assert local(lambda self: self.submit(beating).result, on_event=events.append).run() == "alive"
    told = [event for event in events if isinstance(event, ActivityHeartbeat)]
    assert [event.details["count"] for event in told] == list(range(12))
    assert {(event.activity, event.step) for event in told} == {("timed", None)}


def test_an_abandoned_attempt_learns_of_it_at_its_next_heartbeat(local):
    told = threading.Event()

    def beat():
        with pytest.raises(TaskCanceled, match="given up"):
            deque(iter(activity.heartbeat, "never"))
        told.set()

    with pytest.raises(TaskFailed):
        local(lambda self: self.submit(timed(beat, start_to_close_timeout=SHORT)).result).run()
    assert told.wait(LONG)


def test_a_time_out_is_retried_and_the_late_result_of_the_first_attempt_is_not_taken(local, gate):
    threads = []

    def run_twice():
        threads.append(threading.current_thread())
        if len(threads) == 1:
            gate.enter()
            return "late"
        gate.open()
        threads[0].join(LONG)
        return "second"

    twice = timed(run_twice, start_to_close_timeout=1.0, retry=1)

    assert local(lambda self: self.submit(twice).result).run() == "second"
    assert not threads[0].is_alive()


def test_the_late_failure_of_an_attempt_is_not_taken_either(local, gate):
    threads = []

    def run_twice():
        threads.append(threading.current_thread())
        if len(threads) == 1:
            gate.enter()
            raise ValueError("late")
        gate.open()
        threads[0].join(LONG)
        return "second"

    twice = timed(run_twice, start_to_close_timeout=1.0, retry=1)

    assert local(lambda self: self.submit(twice).result).run() == "second"


def test_activities_that_hang_do_not_starve_the_others(local, gate):
    hanging = timed(gate.enter, start_to_close_timeout=SHORT)

    def run(self):
        failures = [future.exception for future in [self.submit(hanging) for _ in range(3)]]
        return len(failures), futures.wait(*self.map(echo, range(5)))

    assert local(run, max_workers=1).run() == (3, [0, 1, 2, 3, 4])


def test_a_pool_keeps_its_size_when_abandoned_activities_end(local, gate):
    hanging = timed(gate.enter, start_to_close_timeout=SHORT)
    together, most = [], []

    def count():
        together.append(1)
        most.append(len(together))
        time.sleep(0.005)
        together.pop()

    def run(self):
        assert self.submit(hanging).exception
        gate.open()
        futures.wait(*self.map(timed(lambda _: count()), range(20)))

    local(run, max_workers=2).run()

    assert max(most) <= 2


def test_a_coroutine_is_cancelled_by_its_time_out(local):
    cancelled = threading.Event()

    async def sleep():
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    with pytest.raises(TaskFailed, match="start_to_close"):
        local(lambda self: self.submit(timed(sleep, start_to_close_timeout=SHORT)).result).run()
    assert cancelled.wait(LONG)


def test_stop_after_delay_counts_from_the_first_attempt(local):
    attempts = []

    def slow():
        attempts.append(activity.context().attempt)
        time.sleep(0.06)
        raise ValueError("no")

    policy = Retrying(stop=stop_after_delay(0.05) | stop_after_attempt(9))
    with pytest.raises(TaskFailed):
        local(lambda self: self.submit(timed(slow, retry=policy)).result).run()

    assert attempts == [1]


def test_a_run_that_ends_badly_does_not_wait_for_retries(local, gate):
    def fail():
        gate.enter()
        raise ValueError("again and again")

    def run(self):
        self.submit(timed(fail, retry=1_000_000))
        assert gate.reached()
        threading.Timer(SHORT, gate.open).start()
        raise ValueError("the run's own")

    with pytest.raises(ValueError, match="the run's own"):
        local(run).run()


def test_what_runs_is_finished_before_a_run_ends_badly(local, gate):
    done = []

    def work():
        gate.enter()
        done.append("finished")

    def run(self):
        self.submit(timed(work))
        assert gate.reached()
        threading.Timer(SHORT, gate.open).start()
        raise ValueError("the run's own")

    with pytest.raises(ValueError, match="the run's own"):
        local(run).run()
    assert done == ["finished"]
