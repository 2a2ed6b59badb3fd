"""What shows a run's progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from simpleflow_steps.events import Event


class Progress(Protocol):
    """Show events as they come; it is entered before the first one and left after the last one.

    `follow` is called by one thread at a time, after the tally has taken note of the event.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def follow(self, event: Event) -> None:
        """Show what happened."""
