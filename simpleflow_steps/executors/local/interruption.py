"""SIGINT, SIGTERM and SIGHUP during a run: heeded between two events of the run, not in the middle of one."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Handler:
    """Hold the handlers that were there back, or call them."""

    def __init__(self, defer: Callable[[Callable[[], object]], bool]) -> None:
        found = {number: signal.getsignal(number) for number in SIGNALS}
        self.before: dict[int, Any] = {n: old for n, old in found.items() if old not in (signal.SIG_IGN, None)}
        self._defer = defer
        self._deferred = False
        self._held: list[int] = []

    def __call__(self, number: int, frame: Any) -> None:
        again, self._deferred = self._deferred, True
        self._held.append(number)
        if again or not self._defer(lambda: self._act(number, None)):
            self._act(number, frame)

    def end(self) -> None:
        """Call what is still held back."""
        if self._held:
            self._act(self._held[0], None)

    def _act(self, number: int, frame: Any) -> None:
        self._held.clear()
        handler = self.before[number]
        if callable(handler):
            handler(number, frame)
        else:
            raise SystemExit(128 + number)


@contextmanager
def heeded_signals(defer: Callable[[Callable[[], object]], bool]) -> Iterator[Callable[[], None]]:
    """Hold a signal's handler back until the run is between two events; a second signal's acts at once.

    The handler is the one that was there: Python's own, which raises `KeyboardInterrupt`, or the application's. Where
    the system would end the process, `SystemExit` is raised instead, so that the run ends in order. A handler that is
    still held back when the run ends acts then, or when what the block gives is called: no signal is swallowed.

    :param defer: takes what to do and says whether it will be done between two events; False to do it at once
    """
    if threading.current_thread() is not threading.main_thread():
        yield _do_nothing
        return
    handler = _Handler(defer)
    for number in handler.before:
        signal.signal(number, handler)
    try:
        yield handler.end
    finally:
        for number, before in handler.before.items():
            signal.signal(number, before)
        handler.end()


def _do_nothing() -> None:
    """Hold nothing back: signals are the main thread's."""
