"""Whether a run has room for more: what only waits for a thread takes memory, and is started no sooner for it."""

from __future__ import annotations

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
        self._until_look = 0
        self.listing: Future[Any] | None = None

    def wanted(self) -> Future[Any] | None:
        """Give what is done as soon as there is room; None if there is."""
        if self._wanted is None:
            self._until_look -= 1
            if self._until_look < 0:
                self._until_look = BETWEEN
                if self._crowd >= ENOUGH and not self._execution.closing:
                    self._wanted = Future(self._execution)
        return self._wanted

    @property
    def is_wanted(self) -> bool:
        """Whether something waits for it."""
        return self._wanted is not None

    def look(self) -> None:
        """Let those go on that wait for room, if there is some; call it before the run's thread waits for anything."""
        if self._wanted is not None and not self._opening and self._is_there:
            self._opening = True
            self._execution.post(self._open)

    @property
    def _is_there(self) -> bool:
        """Whether half of the crowd is gone, or the rest is of other executions, whose ends nobody tells us."""
        return not self._execution.has_open or self._execution.closing or self._crowd <= ENOUGH // 2

    @property
    def _crowd(self) -> int:
        """How much waits for a thread, the run's own too, or for the markers; not what is in another's pool, whose
        size is not ours to know.
        """
        execution, listing = self._execution, self.listing
        waiting = callbacks_waiting() + execution.loop.waiting + execution.pools.waiting
        return waiting + (listing.waiting if listing is not None else 0)

    def _open(self) -> None:
        wanted, self._wanted, self._opening = self._wanted, None, False
        if wanted is not None:
            wanted.set_finished(None)
