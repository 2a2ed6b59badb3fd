"""A decider and a worker in threads of this process."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from simpleflow_steps.clock import SystemClock

if TYPE_CHECKING:
    from simpleflow_steps.executors.swf.decider import Decider
    from simpleflow_steps.executors.swf.worker import Worker

QUIET = 1.0  # seconds without a task at hand after which none is on its way
LOOK = 0.05  # seconds between two looks at that
DECIDING = 60.0  # seconds that the decision at hand may take, with all its requests sent again


class Servers:
    """Serve until told to stop, and remember what ended one of them before.

    `ended` is set when that happens.
    """

    def __init__(self, decider: Decider, worker: Worker) -> None:
        self._decider = decider
        self._worker = worker
        self._failure: BaseException | None = None
        self.ended = Event()

    def start(self) -> None:
        """Begin to serve."""
        for server in (self._decider, self._worker):
            Thread(target=self._serve, args=(server,), daemon=True).start()

    def check(self) -> None:
        """Do nothing while both serve.

        :raises BaseException: what ended one of them, such as `EngineDenied`
        """
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Have both take no more tasks."""
        self._decider.stop()
        self._worker.stop()

    def finish(self, grace: float) -> None:
        """Begin no activity any more; let those at hand end, and be marked, within so many seconds; then decide nothing
        more.
        """
        self._worker.refuse()
        clock, never = SystemClock(), Event()
        end = clock.monotonic() + grace
        quiet = 0.0
        while quiet < QUIET and clock.monotonic() < end:
            quiet = 0.0 if self._worker.workload.is_busy or self._decider.workload.is_busy else quiet + LOOK
            clock.wait(never, LOOK)
        self.stop()
        self._decider.workload.close(DECIDING)

    def _serve(self, server: Decider | Worker) -> None:
        try:
            server.run()
        except BaseException as error:  # noqa: BLE001  whoever waits for what it serves must know
            self._failure = error
            self.ended.set()
