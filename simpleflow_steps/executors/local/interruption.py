"""SIGINT, SIGTERM and SIGHUP during a run: heeded between two events of the run, not in the middle of one."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def heeded_signals(defer: Callable[[Callable[[], object]], bool]) -> Iterator[None]:
    """Hold a signal's handler back until the run is between two events; a second signal's acts at once.

    The handler is the one that was there: Python's own, which raises `KeyboardInterrupt`, or the application's. Where
    the system would end the process, `SystemExit` is raised instead, so that the run ends in order.

    :param defer: takes what to do and says whether it will be done between two events; False to do it at once
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heeded: dict[int, Any] = {}
    for number in SIGNALS:
        handler = signal.getsignal(number)
        if handler not in (signal.SIG_IGN, None):
            heeded[number] = handler
    deferred = False

    def handle(number: int, frame: Any) -> None:
        nonlocal deferred
        again, deferred = deferred, True
        if again or not defer(lambda: act(number, None)):
            act(number, frame)

    def act(number: int, frame: Any) -> None:
        handler = heeded[number]
        if callable(handler):
            handler(number, frame)
        else:
            raise SystemExit(128 + number)

    for heard in heeded:
        signal.signal(heard, handle)
    try:
        yield
    finally:
        for heard, handler in heeded.items():
            signal.signal(heard, handler)
