"""What a replayed workflow asks for, held against what its history says that it asked for before.

The workflow's code is fed the events of its history one at a time, each only when it waits. So what it asks for, and in
which order, follows from the history alone, and the n-th thing that it asks for is the n-th that the history tells of.
If it is another one, the code has changed since, or depends on something outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps.exceptions import HistoryMismatch
from simpleflow_steps.executors.swf.decisions import decision
from simpleflow_steps.executors.swf.history import Asked, asked_by, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from simpleflow_steps.executors.swf.decisions import Decision
    from simpleflow_steps.executors.swf.history import Event, History

    Listener = Callable[[Event], object]

CURE = "run the code that the execution began with, or terminate it and start it again: steps that are done stay done"


class Commands:
    """Match what is asked for with the history, and collect what is new."""

    def __init__(self, history: History) -> None:
        self._before = [(event, asked) for event in history.events if (asked := asked_by(event)) is not None]
        self._matched = 0
        self._listeners: dict[int, Listener] = {}
        self._positions = {event.id: position for position, (event, _) in enumerate(self._before)}
        self.new: list[Callable[[], Decision]] = []

    def ask(
        self, kind: str, what: str, attributes: Callable[[], dict[str, Any]], listen: Listener | None = None
    ) -> None:
        """Ask for something.

        :param what: names it, the same at each replay
        :param attributes: gives those of the decision; called only if the history does not have it
        :param listen: hears every later event about it
        :raises HistoryMismatch: if the history has something else in its place
        """
        asked = Asked(kind, what)
        if self._matched == len(self._before):
            self.new.append(lambda: decision(kind, attributes()))
            return
        event, before = self._before[self._matched]
        if before.decision != kind or before.what not in (what, None):
            raise HistoryMismatch(
                f"run() asks for {asked}, where its history has {before} (event {event.id}): the workflow's code has "
                f"changed, or depends on something else than its input and what it waits for; {CURE}"
            )
        self._matched += 1
        if listen is not None:
            self._listeners[event.id] = listen

    def hear(self, event: Event) -> None:
        """Tell whoever asked for it of an event that the workflow has come to.

        :raises HistoryMismatch: if the workflow should have asked for it by now
        """
        position = self._positions.get(event.id)
        if position is not None and position >= self._matched:
            raise self._missing(position)
        listener = self._listeners.get(origin_of(event))
        if listener is not None:
            listener(event)

    def end(self) -> None:
        """Hear that the workflow has come to its end.

        :raises HistoryMismatch: if the history tells of more than it asked for
        """
        if self._matched < len(self._before):
            raise self._missing(self._matched)

    def _missing(self, position: int) -> HistoryMismatch:
        event, before = self._before[position]
        return HistoryMismatch(
            f"the history has {before} (event {event.id}), for which run() does not ask any more: the workflow's code "
            f"has changed, or depends on something else than its input and what it waits for; {CURE}"
        )
