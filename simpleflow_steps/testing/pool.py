"""Threads whose work a manual clock waits for."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.testing.clock import ManualClock

T = TypeVar("T")


class WorkPool(ThreadPoolExecutor):
    """Run activities in threads; a `ManualClock` does not move by itself while one is at work.

    :param clock: the clock
    :param max_workers: how many threads
    """

    def __init__(self, clock: ManualClock, max_workers: int | None = None) -> None:
        super().__init__(max_workers, thread_name_prefix="sfs-test-activity")
        self._clock = clock

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Queue a job, which counts as work until it is done; what it waits for on the clock is no work."""
        self._clock.begin_work()
        try:
            job = super().submit(self._clock.working, function, *args, **kwargs)
        except BaseException:
            self._clock.end_work()
            raise
        job.add_done_callback(lambda _: self._clock.end_work())
        return job
