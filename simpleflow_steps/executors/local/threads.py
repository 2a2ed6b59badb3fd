"""Threads that carry out jobs and can be given up on."""

from __future__ import annotations

import itertools
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from simpleflow_steps.exceptions import TaskCanceled

if TYPE_CHECKING:
    from collections.abc import Callable

    Ended = Callable[[Any, BaseException | None], object]


class ThreadJob:
    """A call that waits for a thread, or has one: it belongs to whoever claims it first, a thread or who cancels it.

    :param ended: called with the result and the error, in the job's thread; not if the job is cancelled
    """

    __slots__ = ("_args", "_claim", "_context", "_function", "ended", "is_abandoned", "is_over")

    def __init__(self, ended: Ended, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._claim = Lock()
        self._context = copy_context()
        self._function = function
        self._args = args
        self.ended = ended
        self.is_abandoned = False
        self.is_over = False

    def cancel(self) -> bool:
        """Take it back; tell whether that was still possible."""
        if not self._claim.acquire(blocking=False):
            return False
        self.is_over = True
        return True

    def running(self) -> bool:
        """Tell whether a thread has it."""
        return self._claim.locked() and not self.is_over

    def run(self) -> None:
        """Call the function, if nobody else has the job."""
        if not self._claim.acquire(blocking=False):
            return
        try:
            result = self._context.run(self._function, *self._args)
        except BaseException as error:  # noqa: BLE001  whatever it is, it is the job's outcome
            self.ended(None, error)
        else:
            self.ended(result, None)


class ThreadPool:
    """Run jobs on daemon threads.

    Python's own pool joins its threads when the interpreter exits, so that one activity that hangs after its time-out
    would keep the process alive, and it has no way to replace the worker that such an activity holds.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._jobs: SimpleQueue[ThreadJob | None] = SimpleQueue()
        self._lock = Lock()
        self._threads = 0
        self._spare = 0  # threads without a job, less the jobs without a thread
        self._closed = False
        self._numbers = itertools.count(1)

    def submit(self, ended: Ended, function: Callable[..., Any], /, *args: Any) -> ThreadJob:
        """Queue a job; a thread is started for it if none is idle and there may be more.

        :param ended: called with the result and the error, in the job's thread
        """
        job = ThreadJob(ended, function, args)
        with self._lock:
            if self._closed:
                raise RuntimeError("the run is over: nothing starts any more")
            self._jobs.put(job)
            self._spare -= 1
            is_short = self._spare < 0 and self._threads < self._size
        if is_short:
            self._start_thread()
        return job

    @property
    def waiting(self) -> int:
        """How many jobs wait for a thread."""
        return self._jobs.qsize()

    def abandon(self, job: ThreadJob) -> None:
        """Wait no longer for a running job: another thread takes its place, and its own ends when the job does."""
        if job.cancel():
            return
        with self._lock:
            if job.is_over:
                return
            job.is_abandoned = True
            self._size += 1
        self._start_thread()

    def shutdown(self) -> None:
        """Drop what has not started and let the threads end with what they are doing."""
        dropped = []
        with self._lock:
            self._closed = True
            with suppress(Empty):
                while True:  # a thread may take the last one meanwhile
                    dropped.append(self._jobs.get_nowait())
            for _ in range(self._threads):
                self._jobs.put(None)
        for job in dropped:
            if job is not None and job.cancel():
                job.ended(None, TaskCanceled("its pool dropped it"))

    def _start_thread(self) -> None:
        """Start one, if jobs wait for it and there may be more."""
        with self._lock:
            if self._closed or self._spare >= 0 or self._threads >= self._size:
                return
            self._threads += 1
            self._spare += 1
        Thread(target=self._serve, name=f"{self._name}-{next(self._numbers)}", daemon=True).start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()
            with self._lock:
                job.is_over = True
                if job.is_abandoned:
                    self._size -= 1
                    self._threads -= 1
                    return
                self._spare += 1
            del job
        with self._lock:
            self._threads -= 1
