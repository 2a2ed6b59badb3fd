"""Where activities run: threads that can be given up on, an event loop, or anybody's pool."""

from __future__ import annotations

import itertools
import os
import pickle
import threading
from concurrent.futures import Executor as Pool
from concurrent.futures import Future as Job
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.execution.perform import perform, perform_async, perform_elsewhere, perform_pickled

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.activity import Activity, ActivityContext
    from simpleflow_steps.execution.middleware import Middlewares
    from simpleflow_steps.execution.perform import Call
    from simpleflow_steps.executors.local.eventloop import EventLoop

    Work = tuple[Job[Any], Callable[..., Any], tuple[Any, ...]]

STORAGE_WORKERS = 32  # storage operations wait for the network, not for a core


def default_workers() -> int:
    """Say how many threads a pool has if it is not told: as many as Python's own."""
    return min(32, (os.cpu_count() or 1) + 4)


class ThreadPool(Pool):
    """Run jobs on daemon threads.

    Python's own pool joins its threads when the interpreter exits, so that one activity that hangs after its time-out
    would keep the process alive, and it has no way to replace the worker that such an activity holds.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._threads = 0
        self._closed = False
        self._abandoned: set[Job[Any]] = set()
        self._numbers = itertools.count(1)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Job[Any]:
        """Queue a job; a thread is started for it if none is idle and there may be more."""
        if kwargs:
            raise InvalidInput("a job takes no keyword arguments here")
        job: Job[Any] = Job()
        with self._lock:
            if self._closed:
                raise RuntimeError("the run is over: nothing starts any more")
            self._work.put((job, function, args))
        if not self._idle.acquire(blocking=False):
            self._start_thread()
        return job

    @property
    def waiting(self) -> int:
        """How many jobs wait for a thread."""
        return self._work.qsize()

    def abandon(self, job: Job[Any]) -> None:
        """Wait no longer for a running job: another thread takes its place, and its own ends when the job does."""
        if job.cancel():
            return
        with self._lock:
            if job.done():
                return
            self._abandoned.add(job)
            self._size += 1
        self._start_thread()

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = True) -> None:  # noqa: ARG002  never waits
        """Drop what has not started and let the threads end with what they are doing."""
        dropped = []
        with self._lock:
            self._closed = True
            while cancel_futures and not self._work.empty():
                dropped.append(self._work.get())
            for _ in range(self._threads):
                self._work.put(None)
        for work in dropped:
            if work is not None:
                work[0].cancel()

    def _start_thread(self) -> None:
        with self._lock:
            if self._threads >= self._size:
                return
            self._threads += 1
        threading.Thread(target=self._serve, name=f"{self._name}-{next(self._numbers)}", daemon=True).start()

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            job = work[0]
            _perform(*work)
            del work
            if self._gave_up_on(job):
                return
            del job
            self._idle.release()
        with self._lock:
            self._threads -= 1

    def _gave_up_on(self, job: Job[Any]) -> bool:
        with self._lock:
            if job not in self._abandoned:
                return False
            self._abandoned.discard(job)
            self._threads -= 1
            self._size -= 1
            return True


def _perform(job: Job[Any], function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    if not job.set_running_or_notify_cancel():
        return
    try:
        result = function(*args)
    except BaseException as error:  # noqa: BLE001  whatever it is, it is the job's outcome
        job.set_exception(error)
    else:
        job.set_result(result)


class Pools:
    """The pools of one executor's run: for activities, for `async def` activities, and for storage operations.

    :param given: the user's pool, which is used for plain activities and never shut down
    :param workers: how many threads run activities if no pool is given
    """

    def __init__(self, given: Pool | None, workers: int | None, middlewares: Middlewares) -> None:
        self.given = given
        self.middlewares = middlewares
        self._threads = ThreadPool(workers or default_workers(), "sfs-activity")
        self._loop: EventLoop | None = None
        self._in_threads = given is None or isinstance(given, ThreadPoolExecutor)
        self.storage = ThreadPool(STORAGE_WORKERS, "sfs-storage")

    def start(
        self,
        activity: Activity[Any, Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        context: ActivityContext,
        started: Callable[[], object],
    ) -> Job[Any]:
        """Start an activity where it belongs; `started` is called when it begins, from its own thread where that is
        here, and never if the pool is slow to start.
        """
        call = (activity, args, kwargs, context, self.middlewares)
        if activity.is_async:
            return self._event_loop().submit(_announced_async(started, call))
        if self._in_threads:
            return (self.given or self._threads).submit(copy_context().run, _announced, started, call)
        assert self.given is not None  # noqa: S101  None means threads
        if self.is_slow_to_start:
            return self.given.submit(perform_pickled, pickle.dumps(call))
        job = self.given.submit(perform_elsewhere, call)
        started()
        return job

    @property
    def waiting(self) -> int:
        """How many jobs wait for a thread of ours."""
        return self._threads.waiting + self.storage.waiting

    @property
    def is_slow_to_start(self) -> bool:
        """Whether jobs wait in other processes' queue, so that one has to look whether they are running.

        Python calls one job more running than there are processes: the next one, already in their queue.
        """
        if self._in_threads:
            return False
        from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415  slow to import

        return isinstance(self.given, ProcessPoolExecutor)

    def hears(self, activity: Activity[Any, Any]) -> bool:
        """Tell whether an activity's heartbeats are sure to arrive; from another process they do not."""
        return self._in_threads or activity.is_async

    def abandon(self, activity: Activity[Any, Any], job: Job[Any]) -> None:
        """Wait no longer for a job."""
        if activity.is_async or self.given is not None:
            job.cancel()
        else:
            self._threads.abandon(job)

    def shutdown(self) -> None:
        """End everything that is ours; nothing is waited for."""
        self._threads.shutdown()
        if self._loop is not None:
            self._loop.shutdown()
        self.storage.shutdown()

    def _event_loop(self) -> EventLoop:
        if self._loop is None:
            from simpleflow_steps.executors.local.eventloop import EventLoop  # noqa: PLC0415  asyncio is slow to import

            self._loop = EventLoop()
        return self._loop


def _announced(started: Callable[[], object], call: Call) -> Any:
    started()
    return perform(call)


async def _announced_async(started: Callable[[], object], call: Call) -> Any:
    started()
    return await perform_async(call)
