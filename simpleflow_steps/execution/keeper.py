"""Keep a lease while its run lives: a thread that renews it at a quarter of its time to live."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from simpleflow_steps import log
from simpleflow_steps.exceptions import LeaseLost, StorageError
from simpleflow_steps.execution.holder import Living

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.clock import Clock
    from simpleflow_steps.execution.lease import Conflict, Lease


class Keeper:
    """Hold a lease from `start` to `end`.

    :param progress: gives the run's account of itself, from any thread; it goes along with each renewal
    :param renewed: called after each renewal, in the keeper's thread
    :param lost: called with the `LeaseLost` at the moment it is known, in the keeper's thread
    """

    def __init__(
        self,
        lease: Lease,
        clock: Clock,
        *,
        progress: Callable[[], dict[str, Any]],
        renewed: Callable[[], object],
        lost: Callable[[LeaseLost], object],
    ) -> None:
        self.lease = lease
        self._clock = clock
        self._progress = progress
        self._renewed = renewed
        self._lost = lost
        self._stop = threading.Event()
        self._living: Living | None = None
        self._thread: threading.Thread | None = None

    def start(self, on_conflict: Conflict) -> None:
        """Take the lease and begin to renew it.

        :raises LeaseHeld: if another run holds it
        """
        self._living = Living(self.lease.record.run_id)
        try:
            self.lease.acquire(on_conflict, self._stop)
            thread = threading.Thread(target=self._keep, name="sfs-lease", daemon=True)
            thread.start()
        except BaseException:
            self._living.end()
            raise
        self._thread = thread

    def end(self, status: str | None) -> None:
        """Renew no more and give the lease back, as well as the storage lets us.

        :param status: how the run ended; None to leave the lease as it was found
        """
        self._stop.set()
        if self._thread is None:
            return
        self._thread.join()
        try:
            if status is None:
                self.lease.restore()
            else:
                self.lease.release(status, self._account())
        except StorageError as error:
            log.warning("the lease could not be given back; it runs out by itself", error=str(error))
        finally:
            if self._living is not None:
                self._living.end()

    def _keep(self) -> None:
        try:
            while not self._clock.wait(self._stop, self.lease.record.ttl / 4):
                self._renew_once()
        except LeaseLost as lost:
            self._lost(lost)
        except BaseException as error:  # noqa: BLE001  whatever ends the renewals, the run must know
            log.error("the lease is not renewed any more", error=repr(error), exc_info=True)
            self._lost(LeaseLost(f"the lease is not renewed any more, because of {error!r}; this run stops"))

    def _renew_once(self) -> None:
        try:
            self.lease.renew(self._account())
        except StorageError as error:
            log.warning("the lease could not be renewed yet", error=str(error))
            self.lease.check()
            return
        try:
            self._renewed()
        except Exception as error:  # noqa: BLE001  what goes along with the lease must not cost the run its lease
            log.error("what follows each renewal failed", error=repr(error), exc_info=True)

    def _account(self) -> dict[str, Any]:
        try:
            return self._progress()
        except Exception as error:  # noqa: BLE001  as above
            log.error("the run's progress is not known", error=repr(error), exc_info=True)
            return {}
