import pytest

from simpleflow_steps.canvas import Chain
from simpleflow_steps.exceptions import InvalidInput, TaskCanceled
from tests.executors.activities import echo

CENTURIES = 1e12


def test_a_timer_ends_after_its_time(play):
    def run(self):
        started = self.executor.now()
        self.submit(self.start_timer("t", 0.05)).wait()
        return (self.executor.now() - started).total_seconds()

    assert play(run) >= 0.05


def test_timers_end_in_the_order_of_their_times(play, tick):
    def run(self):
        ended = []
        timers = [self.submit(self.start_timer(f"t{n}", tick * n)) for n in (3, 1, 2)]
        for n, timer in zip((3, 1, 2), timers, strict=True):
            timer.add_done_callback(lambda _, n=n: ended.append(n))
        for timer in timers:
            timer.wait()
        return ended

    assert play(run) == [1, 2, 3]


def test_a_timer_delays_the_rest_of_its_chain(play):
    def run(self):
        return self.submit(Chain(self.start_timer("t", "0.01"), (echo, 1))).result

    assert play(run) == [None, 1]


@pytest.mark.parametrize("seconds", [60, CENTURIES])
def test_a_cancelled_timer_raises_that(play, seconds):
    def run(self):
        timer = self.submit(self.start_timer("t", seconds))
        self.submit(self.cancel_timer("t"))
        with pytest.raises(TaskCanceled):
            _ = timer.result
        return timer.cancelled

    assert play(run) is True


@pytest.mark.parametrize("seconds", [60, CENTURIES])
def test_a_run_does_not_wait_for_a_timer_that_nobody_waits_for(play, seconds):
    def run(self):
        self.submit(self.start_timer("t", seconds))
        return self.submit(echo, "done").result

    assert play(run) == "done"


def test_cancelling_an_ended_or_unknown_timer_does_nothing(play):
    def run(self):
        timer = self.submit(self.start_timer("t", 0))
        timer.wait()
        self.submit(self.cancel_timer("t"))
        self.submit(self.cancel_timer("other"))
        return timer.finished

    assert play(run) is True


def test_an_id_is_free_again_once_its_timer_ended(play):
    def run(self):
        for _ in range(2):
            self.submit(self.start_timer("t", 0)).wait()
        return "twice"

    assert play(run) == "twice"


def test_two_running_timers_of_one_id_are_refused(play):
    def run(self):
        self.submit(self.start_timer("t", 60))
        self.submit(self.start_timer("t", 60))

    with pytest.raises(InvalidInput, match="timer 't' is running: cancel it first"):
        play(run)


@pytest.mark.parametrize("timeout", [-1, "soon", None, float("nan"), float("inf"), []])
def test_a_bad_timeout_is_refused(play, timeout):
    with pytest.raises(InvalidInput, match=r"timer 't': timeout=.* is not a number of seconds, 0 or more"):
        play(lambda self: self.start_timer("t", timeout))


@pytest.mark.parametrize("timer_id", ["", None, 3, "a\nb"])
def test_a_bad_timer_id_is_refused(play, timer_id):
    with pytest.raises(InvalidInput, match="timer id"):
        play(lambda self: self.start_timer(timer_id, 1))
    with pytest.raises(InvalidInput, match="timer id"):
        play(lambda self: self.cancel_timer(timer_id))
