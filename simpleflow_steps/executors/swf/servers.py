"""A decider and a worker in threads of this process."""

from __future__ import annotations

from threading import TIMEOUT_MAX, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simpleflow_steps.executors.swf.decider import Decider
    from simpleflow_steps.executors.swf.worker import Worker


class Servers:
    """Serve until told to stop, and remember what ended one of them before."""

    def __init__(self, decider: Decider, worker: Worker) -> None:
        self._decider = decider
        self._worker = worker
        self._failure: BaseException | None = None
        self._working = Thread(target=self._serve, args=(worker,), daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._working.start()
        Thread(target=self._serve, args=(self._decider,), daemon=True).start()

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
        """Take no more activities, and let those at hand end within so many seconds."""
        self._worker.stop()
        self._working.join(min(grace, TIMEOUT_MAX))

    def _serve(self, server: Decider | Worker) -> None:
        try:
            server.run()
        except BaseException as error:  # noqa: BLE001  whoever waits for what it serves must know
            self._failure = error
