import asyncio
import multiprocessing
import os
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from simpleflow_steps import LocalExecutor, Workflow, activity, futures
from simpleflow_steps.canvas import Group
from simpleflow_steps.exceptions import InvalidInput, TaskFailed
from simpleflow_steps.storage import MemoryStorage
from tests.executors.activities import (
    Shout,
    add,
    beating,
    broken,
    dying,
    echo,
    incompatible,
    later,
    once,
    opened,
    process,
    slow,
    thrice,
    who,
)
from tests.executors.local.conftest import LONG

SPAWN = multiprocessing.get_context("spawn")
request = ContextVar("request", default="none")


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(1, SPAWN) as pool:
        pool.submit(os.getpid).result()
        yield pool


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Everything(Workflow):
    def run(self):
        return self.submit(Group((add, 1, 2), (Shout, "a"), (later, "async"), (thrice, 3), who)).result


def check_everything(pool):
    summed, shouted, awaited, attempt, told = LocalExecutor(
        Everything, storage=MemoryStorage(), pool=pool, workflow_id="w"
    ).run()

    assert (summed, shouted, awaited, attempt) == (3, "A", "async", 3)
    assert (told["workflow_id"], told["name"]) == ("w", "Everything")


def test_everything_runs_in_a_users_threads(threads):
    check_everything(threads)


def test_everything_runs_in_processes(processes):
    check_everything(processes)


class Eager(Executor):
    """The simplest pool of all."""

    def submit(self, function, /, *args, **kwargs):
        job = Future()
        try:
            job.set_result(function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001
            job.set_exception(error)
        return job


def test_everything_runs_in_anyones_executor():
    check_everything(Eager())


def test_an_activity_in_the_workflows_own_thread_leaves_no_context_behind(local):
    def run(self):
        self.submit(echo).wait()
        with pytest.raises(LookupError):
            activity.context()

    local(run, pool=Eager()).run()


def test_activities_leave_this_process(local, processes):
    assert local(lambda self: self.submit(process).result, pool=processes).run() != os.getpid()


def test_coroutines_stay_here_whatever_the_pool(local, processes):
    here = activity.with_attributes(name="here")(_pid)

    assert local(lambda self: self.submit(here).result, pool=processes).run() == os.getpid()


async def _pid():
    return os.getpid()


@pytest.mark.parametrize("fails", [False, True])
def test_a_users_pool_is_not_shut_down(local, threads, fails):
    def run(self):
        return self.submit(broken if fails else echo).result

    try:
        local(run, pool=threads).run()
    except TaskFailed:
        assert fails

    assert threads.submit(int, "3").result() == 3


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("make", [lambda: _read, lambda: _read_later], ids=["thread", "coroutine"])
def test_context_variables_reach_activities(local, threads, make, given):
    reading = activity.with_attributes(name="reading")(make())

    def run(self):
        request.set("this one")
        return self.submit(reading).result

    assert local(run, pool=threads if given else None).run() == "this one"


def _read():
    return request.get()


async def _read_later():
    return request.get()


def test_a_failure_comes_back_from_another_process(local, processes):
    with pytest.raises(TaskFailed, match="broken failed: ValueError: far away") as caught:
        local(lambda self: self.submit(broken, "far away").result, pool=processes).run()
    assert repr(caught.value.__cause__) == "ValueError('far away')"


class Unreadable:
    """Something that can be pickled, and not be unpickled."""

    def __reduce__(self):
        return (_unreadable, ())


def _unreadable():
    raise ValueError("cannot be read")


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ((echo, threading.Lock()), "pickle"),
        ((opened,), "pickle"),
        ((incompatible,), "does not travel"),
        ((once, 1), "can be pickled"),
        ((echo, Unreadable()), "cannot be read"),
    ],
)
def test_what_cannot_travel_is_a_clear_failure_and_leaves_the_pool_whole(local, processes, task, told):
    def run(self):
        failure = self.submit(Group(task)).exception
        return str(failure), self.submit(echo, "still working").result

    failure, after = local(run, pool=processes).run()

    assert told in failure
    assert after == "still working"


def test_a_worker_that_dies_is_a_failure(local):
    with ProcessPoolExecutor(1, SPAWN) as pool, pytest.raises(TaskFailed, match="BrokenProcessPool"):
        local(lambda self: self.submit(dying).result, pool=pool).run()


def test_what_waits_in_a_process_pools_queue_does_not_time_out(local, processes):
    def run(self):
        return futures.wait(*self.map(slow, [0.3] * 5))

    assert local(run, pool=processes).run() == [0.3] * 5


def test_a_time_out_ends_the_wait_for_another_process(local):
    with ProcessPoolExecutor(1, SPAWN) as own, pytest.raises(TaskFailed, match=r"start_to_close_timeout=1\.0"):
        local(lambda self: self.submit(slow, 3).result, pool=own).run()


def test_heartbeats_of_another_process_are_not_missed(local, processes):
    assert local(lambda self: self.submit(beating, 0.2).result, pool=processes).run() == "done"


def test_a_job_that_its_pool_drops_is_a_failure_and_not_forgotten(local, gate):
    pool = ThreadPoolExecutor(1)

    def run(self):
        self.submit(activity.with_attributes(name="first")(gate.enter))
        self.submit(echo)
        assert gate.reached()
        pool.shutdown(wait=False, cancel_futures=True)
        gate.open()

    with pytest.raises(TaskFailed, match="echo failed: CancelledError: its pool dropped it"):
        local(run, pool=pool).run()


def test_a_pool_that_takes_nothing_is_a_failure(local):
    pool = ThreadPoolExecutor(1)
    pool.shutdown()

    with pytest.raises(TaskFailed, match="cannot schedule new futures after shutdown"):
        local(lambda self: self.submit(thrice, 1).result, pool=pool).run()


def test_coroutines_run_many_at_once_on_one_loop(local):
    number, arrived, all_there, loops = 500, [], asyncio.Event(), set()

    async def meet():
        loops.add(asyncio.get_running_loop())
        arrived.append(1)
        if len(arrived) == number:
            all_there.set()
        await all_there.wait()
        return "met"

    meeting = activity.with_attributes(name="meet", start_to_close_timeout=LONG)(meet)

    assert local(lambda self: self.submit(Group(*[meeting] * number)).result, max_workers=1).run() == ["met"] * number
    assert len(loops) == 1


def test_no_more_threads_run_activities_than_asked_for(local):
    seen = set()
    noting = activity.with_attributes(name="noting")(lambda _: seen.add(threading.current_thread().name))

    local(lambda self: futures.wait(*self.map(noting, range(100))), max_workers=3).run()

    assert 1 <= len(seen) <= 3


def test_threads_end_with_their_pool(local):
    local(lambda self: futures.wait(*self.map(echo, range(50)), self.submit(later, 1)), max_workers=4).run()

    def alive():
        return [thread for thread in threading.enumerate() if thread.name.startswith("sfs-activity")]

    for thread in alive():
        thread.join(LONG)
    assert alive() == []


@pytest.mark.parametrize("pool", [3, "threads", object()])
def test_a_pool_is_an_executor(local, pool):
    with pytest.raises(InvalidInput, match=r"pool=.*: pass a concurrent.futures.Executor"):
        local(lambda self: None, pool=pool)


@pytest.mark.parametrize("max_workers", [0, -1, True, "3", 2.5])
def test_max_workers_is_a_number_of_one_or_more(local, max_workers):
    with pytest.raises(InvalidInput, match=f"max_workers={max_workers!r}: pass a number of 1 or more"):
        local(lambda self: None, max_workers=max_workers)
