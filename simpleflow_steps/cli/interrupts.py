"""Signals that end a command: the first one cleanly, the third one at once."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Leave a command because of a signal."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum

    def __str__(self) -> str:
        return f"interrupted by {signal.Signals(self.signum).name}"

    @property
    def exit_code(self) -> int:
        """What a shell expects of a command that this signal ended."""
        return 128 + self.signum


class _Handler:
    """Raise `Interrupted` at the first signal and at the second, which ends even the clean end; then leave."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, signum: int, _: Any) -> None:
        self._count += 1
        if self._count > 2:
            os._exit(128 + signum)
        raise Interrupted(signum)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` in the block when a signal asks for its end; signals that are ignored stay so, as with
    nohup.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = _Handler()
    before = {each: signal.getsignal(each) for each in SIGNALS}
    heeded = [each for each, old in before.items() if old is not signal.SIG_IGN]
    for each in heeded:
        signal.signal(each, handler)
    try:
        yield
    finally:
        for each in heeded:
            signal.signal(each, before[each] or signal.SIG_DFL)
