"""A decider and a worker in threads of this process."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simpleflow_steps.executors.swf.decider import Decider
    from simpleflow_steps.executors.swf.worker import Worker

DECIDING = 10.0  # seconds that the decision at hand may take


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
        """Begin nothing more, and let the activities at hand end within so many seconds, and then the decision."""
        self._worker.finish(grace)
        self._decider.finish(DECIDING)

    def _serve(self, server: Decider | Worker) -> None:
        try:
            server.run()
        except BaseException as error:  # noqa: BLE001  whoever waits for what it serves must know
            self._failure = error
            self.ended.set()
