"""One process of `sfs swf decider` or `sfs swf worker`: it serves until it is told to stop, or its supervisor is gone.

It is started with what to serve, as JSON, and the number of the descriptor of its link to the supervisor. It says there
that it is ready; when the other end is closed, nobody supervises it any more.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from simpleflow_steps import log
from simpleflow_steps.cli import logs
from simpleflow_steps.cli.failures import FAILED, exit_code, tell
from simpleflow_steps.cli.swf.service import Service, make_ready

if TYPE_CHECKING:
    from collections.abc import Callable

READY = b"r"


class Ending:
    """The end of this process: asked for at most once, and over when the grace period is.

    :param grace: seconds
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._asked = threading.Event()
        self._stop: Callable[[], None] | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the end was asked for."""
        return self._asked.is_set()

    def begin_with(self, stop: Callable[[], None]) -> None:
        """Name what ends the service; it is called at once if the end was asked for already."""
        self._stop = stop
        if self.is_asked:
            stop()

    def ask(self) -> None:
        """Stop, and be gone when the grace period is over."""
        if self.is_asked:
            return
        self._asked.set()
        if self._stop is not None:
            self._stop()
        last = threading.Timer(self._grace, os._exit, (FAILED,))
        last.daemon = True
        last.start()

    def on_signal(self, signum: int, _: Any) -> None:
        """Stop at the first signal, and be gone at the second."""
        if self.is_asked:
            os._exit(128 + signum)
        self.ask()


def main(arguments: list[str]) -> int:
    """Serve, and give the exit code."""
    service = Service.model_validate_json(arguments[0])
    link = socket.socket(fileno=int(arguments[1]))
    link.set_inheritable(False)
    ending = Ending(service.grace)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, ending.on_signal)
    threading.Thread(target=_stop_when_alone, args=(link, ending), daemon=True).start()
    logs.configure(service.log_level, service.log_format, colors=False)
    try:
        served = make_ready(service)
        ending.begin_with(served.stop)
        link.send(READY)
        return 0 if served.run() else FAILED
    except BrokenPipeError:
        return FAILED
    except Exception as error:  # noqa: BLE001  the last place to catch anything
        tell(error, debug=service.debug)
        return exit_code(error)


def _stop_when_alone(link: socket.socket, ending: Ending) -> None:
    with suppress(OSError):
        link.recv(1)
    if not ending.is_asked:
        log.warning("the supervisor of this process is gone, so that it ends too", pid=os.getpid())
        ending.ask()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
