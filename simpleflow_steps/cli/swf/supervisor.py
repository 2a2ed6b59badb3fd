"""Keep a number of like processes running: one that dies is started again, and all end together."""

from __future__ import annotations

import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from simpleflow_steps import log
from simpleflow_steps.cli.failures import FAILED, WRONG_USE, say_error
from simpleflow_steps.cli.interrupts import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOOK = 1.0  # seconds between looks at processes whose link may be held by others
SHORT_LIFE = 10.0  # seconds; one that lived longer is started again without delay
FIRST_DELAY = 0.5
LONGEST_DELAY = 15.0
DOUBLINGS = 16  # of the delay, at most: a power without bound is too large for a float one day
MOST_VAIN = 5  # starts in a row that come to nothing
MARGIN = 2.0  # seconds for which a process that has used up the grace period is waited for


class Member:
    """One of the processes, and those that take its place."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None
        self.link: socket.socket | None = None
        self.ready = False
        self.due = 0.0
        self._began = 0.0
        self._vain = 0
        self._short = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether it died again and again before it was ready."""
        return self._vain >= MOST_VAIN

    def start(self, command: Sequence[str]) -> None:
        """Start a process in a session of its own, where a terminal's Ctrl-C does not reach it."""
        self.link, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603  this package's own module
                [*command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.ready = False
        self._began = time.monotonic()

    def hear(self) -> None:
        """Take what it says: that it is ready, or nothing any more, since it ends."""
        if self.link is None or self.process is None:
            return
        if self.link.recv(16):
            self.ready = True
            self._vain = 0
            log.info(f"{self.name} is ready", pid=self._pid)
            return
        self._unlink()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(0.1)

    def bury(self) -> int | None:
        """Give the exit code if it has ended, and say when another one is due; None while it lives."""
        code = None if self.process is None else self.process.poll()
        if code is None:
            return None
        self._unlink()
        self._vain += not self.ready
        self._short = self._short + 1 if time.monotonic() - self._began < SHORT_LIFE else 0
        delay = delay_after(self._short)
        self.due = time.monotonic() + delay
        log.warning(f"{self.name} {how_ended(code)}; another one begins in {delay:g} s", pid=self._pid)
        self.process = None
        return code

    def _unlink(self) -> None:
        if self.link is not None:
            self.link.close()
            self.link = None

    @property
    def _pid(self) -> int | None:
        return None if self.process is None else self.process.pid


class Supervisor:
    """Keep `count` processes of a command running until a signal ends them all.

    The number of the descriptor of a socket is added to the command. A process that is ready sends a byte there; the
    end of the socket says that the supervisor is gone.

    :param name: what one of them is called
    :param grace: seconds that they have to end
    """

    def __init__(self, command: Sequence[str], *, name: str, count: int, grace: float) -> None:
        self._command = command
        self._grace = grace
        self._members = [Member(f"{name} {number}") for number in range(1, count + 1)]

    def run(self) -> int:
        """Serve, and give the exit code: 0 if all of them ended in time after a signal.

        :raises Interrupted: if not
        """
        try:
            while True:
                for member in self._members:
                    if member.process is None and time.monotonic() >= member.due:
                        member.start(self._command)
                self._listen()
                for member in self._members:
                    code = member.bury()
                    if code is not None and (code == WRONG_USE or member.is_hopeless):
                        return self._give_up(member, code)
        except Interrupted as interrupted:
            log.info(
                f"{interrupted}: what is at hand may end, within {self._grace:g} s; a second signal gives it up",
                signal=signal.Signals(interrupted.signum).name,
            )
            if not self._end():
                raise
            return 0
        finally:
            self._kill()

    def _listen(self) -> None:
        """Wait until a process says something, ends, or is to be started."""
        dues = [member.due for member in self._members if member.process is None]
        wait = min([LOOK, *(max(due - time.monotonic(), 0.0) for due in dues)])
        with selectors.DefaultSelector() as selector:
            for member in self._members:
                if member.link is not None:
                    selector.register(member.link, selectors.EVENT_READ, member)
            if not selector.get_map():
                time.sleep(wait)
                return
            for key, _ in selector.select(wait):
                key.data.hear()

    def _give_up(self, member: Member, code: int) -> int:
        if code == WRONG_USE:
            say_error(f"{member.name} cannot begin: see above")
        else:
            say_error(f"{member.name} died {MOST_VAIN} times in a row before it was ready, and {how_ended(code)}")
        self._end()
        return code if code > 0 else FAILED

    def _end(self) -> bool:
        """Have all of them end, and tell whether they did, in time and by themselves."""
        for process in self._alive():
            process.terminate()
        deadline = time.monotonic() + self._grace + MARGIN
        codes = []
        for process in self._alive():
            try:
                codes.append(process.wait(max(deadline - time.monotonic(), 0.0)))
            except subprocess.TimeoutExpired:
                return False
        return set(codes) <= {0, -signal.SIGTERM}

    def _kill(self) -> None:
        for process in self._alive():
            process.kill()
            process.wait()

    def _alive(self) -> Iterator[subprocess.Popen[bytes]]:
        for member in self._members:
            if member.process is not None and member.process.returncode is None:
                yield member.process


def delay_after(short: int) -> float:
    """Give the seconds before the next start, after so many short lives in a row."""
    return min(FIRST_DELAY * 2 ** (min(short, DOUBLINGS) - 1), LONGEST_DELAY) if short else 0.0


def how_ended(code: int) -> str:
    """Say how a process ended, from its exit code."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
