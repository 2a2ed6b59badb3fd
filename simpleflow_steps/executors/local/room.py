"""Whether a run has room for more: what only waits for a thread takes memory, and is started no sooner for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from simpleflow_steps.futures import Future, callbacks_waiting

if TYPE_CHECKING:
    from simpleflow_steps.executors.local.execution import Execution

ENOUGH = 256  # what waits for a thread; a group goes on when half of it is gone
BETWEEN = 16  # members that a group starts between two looks at how many wait


class Room:
    """Tell a group when to start more.

    What waits for anything but a thread, such as a signal that a later member of the group sends, takes no room.
    """

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._wanted: Future[Any] | None = None
        self._opening = False
        self._queued = False
        self._until_look = 0
        self.listing: Future[Any] | None = None

    def wanted(self) -> Future[Any] | None:
        """Give what is done as soon as there is room; None if there is."""
        if self._wanted is None:
            self._until_look -= 1
            if self._until_look < 0:
                self._until_look = BETWEEN
                if self._in_pools + self._at_home >= ENOUGH and not self._execution.closing:
                    self._wanted = Future(self._execution)
        return self._wanted

    @property
    def is_wanted(self) -> bool:
        """Whether something waits for it."""
        return self._wanted is not None

    def look(self) -> None:
        """Let those go on that wait for room, if there is some; call it before the run's thread waits for anything."""
        if self._wanted is None or self._opening:
            return
        execution, in_pools = self._execution, self._in_pools
        # half of the crowd is gone, or it is of other executions
        if not execution.has_open or execution.closing or in_pools + self._at_home <= ENOUGH // 2:
            self._opening = True
            execution.post(self._open)
        elif in_pools > ENOUGH // 2 and not self._queued:
            # nobody tells this run when what other executions have in the pools is gone, or what was cancelled there
            self._queued = True
            execution.pools.queue_up(partial(execution.post, self._had_its_turn))

    @property
    def _in_pools(self) -> int:
        """How much waits for a thread; not what is in another's pool, whose size is not ours to know."""
        return self._execution.pools.waiting

    @property
    def _at_home(self) -> int:
        """How much waits for the run's own thread, or for the markers."""
        waiting = callbacks_waiting() + self._execution.loop.waiting
        return waiting + (self.listing.waiting if self.listing is not None else 0)

    def _had_its_turn(self, *_: object) -> None:
        self._queued = False

    def _open(self) -> None:
        wanted, self._wanted, self._opening = self._wanted, None, False
        if wanted is not None:
            wanted.set_finished(None)
