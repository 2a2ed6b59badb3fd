import threading
import time
import weakref
from contextvars import ContextVar
from queue import SimpleQueue

import pytest

from simpleflow_steps.executors.local.threads import ThreadPool
from tests.executors.local.conftest import LONG, Gate

word = ContextVar("word", default="none")


def telling(told):
    def ended(*outcome):
        told.put(outcome)

    return ended


def settles(look, value):
    for _ in range(1000):
        if look() == value:
            return True
        time.sleep(0.01)
    return False


def test_threads_are_started_only_as_they_are_needed():
    pool, told = ThreadPool(8, "test"), SimpleQueue()
    for _ in range(20):
        pool.submit(telling(told), int, "3")
        assert told.get(timeout=LONG) == (3, None)
        time.sleep(0.001)

    assert pool._threads < 8


def test_a_pool_starts_nothing_after_its_end_and_drops_what_waits():
    pool, gate, told = ThreadPool(1, "test"), Gate(), SimpleQueue()
    pool.submit(telling(told), gate.enter)
    assert gate.reached()
    pool.submit(telling(told), int, "3")
    pool.shutdown()
    gate.open()

    assert repr(told.get(timeout=LONG)) == "(None, TaskCanceled('its pool dropped it'))"
    assert told.get(timeout=LONG) == (None, None)
    with pytest.raises(RuntimeError, match="the run is over"):
        pool.submit(telling(told), int)


def test_a_pool_ends_although_a_thread_takes_what_it_is_about_to_drop():
    class Contested(SimpleQueue):
        def empty(self):
            return super().empty() or self.get() is None

    pool = ThreadPool(0, "test")
    pool._jobs = Contested()
    pool.submit(telling(SimpleQueue()), int)
    ends = threading.Thread(target=pool.shutdown, daemon=True)
    ends.start()
    ends.join(LONG)

    assert not ends.is_alive()


def test_a_job_is_cancelled_or_run_and_never_both():
    pool, gate, told = ThreadPool(1, "test"), Gate(), SimpleQueue()
    running = pool.submit(telling(told), gate.enter)
    waiting = pool.submit(telling(told), int, "3")
    assert gate.reached()

    assert (running.running(), running.cancel(), waiting.running(), waiting.cancel()) == (True, False, False, True)
    assert (waiting.running(), waiting.cancel()) == (False, False)
    gate.open()
    pool.submit(telling(told), int, "4")
    assert [told.get(timeout=LONG) for _ in range(2)] == [(None, None), (4, None)]
    assert told.empty()


def test_to_give_up_what_is_cancelled_or_over_takes_no_thread():
    pool, gate, told = ThreadPool(1, "test"), Gate(), SimpleQueue()
    over = pool.submit(telling(told), gate.enter)
    assert gate.reached()
    cancelled = pool.submit(telling(told), int, "3")
    cancelled.cancel()
    pool.abandon(cancelled)
    gate.open()
    told.get(timeout=LONG)
    assert settles(lambda: over.is_over, True)
    pool.abandon(over)

    assert (pool._size, pool._threads) == (1, 1)


def test_threads_of_jobs_that_are_given_up_are_replaced_and_do_not_add_up():
    pool, gates, told = ThreadPool(2, "test"), [Gate() for _ in range(6)], SimpleQueue()
    for gate in gates:
        job = pool.submit(lambda *_: None, gate.enter)
        assert gate.reached()
        pool.abandon(job)
    for gate in gates:
        gate.open()
    for _ in range(50):
        pool.submit(telling(told), int, "3")

    assert [told.get(timeout=LONG) for _ in range(50)] == [(3, None)] * 50
    assert settles(lambda: (pool._size, pool._threads <= 2), (2, True))


def test_a_job_is_carried_out_in_the_context_that_it_was_submitted_in():
    pool, told = ThreadPool(1, "test"), SimpleQueue()

    def change():
        before = word.get()
        word.set("changed")
        return before

    for each in ("one", "two"):
        word.set(each)
        pool.submit(telling(told), change)
    word.set("later")

    assert [told.get(timeout=LONG)[0] for _ in range(2)] == ["one", "two"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_a_job_raises_is_its_end_and_not_its_threads(error):
    pool, told = ThreadPool(1, "test"), SimpleQueue()

    def fail():
        raise error

    pool.submit(telling(told), fail)
    pool.submit(telling(told), threading.current_thread)

    assert told.get(timeout=LONG) == (None, error)
    assert told.get(timeout=LONG)[0].name == "test-1"


def test_as_many_threads_as_there_may_be_work_at_once():
    pool, told, gates = ThreadPool(3, "test"), SimpleQueue(), [Gate() for _ in range(3)]
    for gate in gates:
        pool.submit(telling(told), gate.enter)

    assert all(gate.reached() for gate in gates)
    for gate in gates:
        gate.open()


def test_a_thread_that_waits_keeps_nothing_of_its_last_job():
    class Thing:
        pass

    pool, told, thing = ThreadPool(1, "test"), SimpleQueue(), Thing()
    alive = weakref.ref(thing)
    pool.submit(telling(told), id, thing)
    assert told.get(timeout=LONG) == (id(thing), None)
    del thing

    assert settles(lambda: alive() is None, True)
