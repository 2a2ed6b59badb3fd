"""Where activities run: threads that can be given up on, an event loop, or anybody's pool."""

from __future__ import annotations

import os
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from simpleflow_steps.execution.perform import perform, perform_async, perform_elsewhere, perform_pickled
from simpleflow_steps.executors.local.threads import ThreadJob, ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor as Pool
    from concurrent.futures import Future

    from simpleflow_steps.activity import Activity
    from simpleflow_steps.execution.middleware import Middlewares
    from simpleflow_steps.execution.perform import Call
    from simpleflow_steps.executors.local.eventloop import EventLoop
    from simpleflow_steps.task import ActivityTask

STORAGE_WORKERS = 32  # storage operations wait for the network, not for a core


class Job(Protocol):
    """What a pool was given to do."""

    def cancel(self) -> bool:
        """Take it back; tell whether that was still possible."""

    def running(self) -> bool:
        """Tell whether somebody is at it."""


class Work(Protocol):
    """One attempt at an activity; a pool calls `started` and `ended` in whatever thread that is."""

    task: ActivityTask

    def call(self, middlewares: Middlewares) -> Call:
        """Say what is to be called, and what it is told of itself."""

    def started(self) -> None:
        """Be told that it begins."""

    def ended(self, result: Any, error: BaseException | None) -> None:
        """Be told how it ended."""


def default_workers() -> int:
    """Say how many threads a pool has if it is not told: as many as Python's own."""
    return min(32, (os.cpu_count() or 1) + 4)


class Pools:
    """The pools of one executor's run: for activities, for `async def` activities, and for storage operations.

    :param given: the user's pool, which is used for plain activities and never shut down
    :param workers: how many threads run activities if no pool is given
    """

    def __init__(self, given: Pool | None, workers: int | None, middlewares: Middlewares) -> None:
        self._given = given
        self._middlewares = middlewares
        self._threads = ThreadPool(workers or default_workers(), "sfs-activity")
        self._loop: EventLoop | None = None
        self._in_threads = given is None or _has_threads(given)
        self.is_slow_to_start = not self._in_threads and _has_a_queue_elsewhere(given)
        self.storage = ThreadPool(STORAGE_WORKERS, "sfs-storage")

    def start(self, work: Work) -> Job:
        """Start an activity where it belongs; `started` is called when it begins, from its own thread where that is
        here, and never if the pool is slow to start.
        """
        if self._given is None and not work.task.activity.is_async:
            return self._threads.submit(work.ended, _perform, work, self._middlewares)
        job = self._submit(work)
        job.add_done_callback(partial(_hand_over, work.ended))
        return job

    def _submit(self, work: Work) -> Future[Any]:
        """Give it to what makes futures of its own."""
        if work.task.activity.is_async:
            return self._event_loop().submit(_perform_async(work, self._middlewares))
        assert self._given is not None  # noqa: S101  None means threads
        if self._in_threads:
            return self._given.submit(copy_context().run, _perform, work, self._middlewares)
        call = work.call(self._middlewares)
        if self.is_slow_to_start:
            import pickle  # noqa: PLC0415  for other processes alone

            return self._given.submit(perform_pickled, pickle.dumps(call))
        job = self._given.submit(perform_elsewhere, call)
        work.started()
        return job

    @property
    def waiting(self) -> int:
        """How many jobs wait for a thread of ours."""
        return self._threads.waiting + self.storage.waiting

    def queue_up(self, ended: Callable[[Any, BaseException | None], object]) -> None:
        """Call `ended`, from a thread of ours, as soon as what waits now where most waits has had its turn."""
        max(self._threads, self.storage, key=lambda pool: pool.waiting).submit(ended, _do_nothing)

    def hears(self, activity: Activity[Any, Any]) -> bool:
        """Tell whether an activity's heartbeats are sure to arrive; from another process they do not."""
        return self._in_threads or activity.is_async

    def abandon(self, job: Job) -> None:
        """Wait no longer for a job."""
        if isinstance(job, ThreadJob):
            self._threads.abandon(job)
        else:
            job.cancel()

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


def _has_threads(pool: Pool) -> bool:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  slow to import

    return isinstance(pool, ThreadPoolExecutor)


def _has_a_queue_elsewhere(pool: Pool | None) -> bool:
    """Tell whether jobs wait in other processes' queue, so that one has to look whether they are running.

    Python calls one job more running than there are processes: the next one, already in their queue.
    """
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415  slow to import

    return isinstance(pool, ProcessPoolExecutor)


def _do_nothing() -> None:
    """Be a job."""


def _perform(work: Work, middlewares: Middlewares) -> Any:
    work.started()
    return perform(work.call(middlewares))


async def _perform_async(work: Work, middlewares: Middlewares) -> Any:
    work.started()
    return await perform_async(work.call(middlewares))


def _hand_over(ended: Callable[[Any, BaseException | None], object], job: Future[Any]) -> None:
    """Say how somebody else's job ended."""
    from concurrent.futures import CancelledError  # noqa: PLC0415  slow to import

    error = CancelledError("its pool dropped it") if job.cancelled() else job.exception()
    ended(None if error is not None else job.result(), error)
