"""Run a command beside the servers: `python -m tests.servers [NAME...] -- COMMAND...`.

Without names, beside all of them: seaweedfs, localstack, moto. The command finds their URLs in SFS_TEST_SEAWEEDFS,
SFS_TEST_LOCALSTACK and SFS_TEST_MOTO; an empty variable says that the server could not start, which is an error in CI
and a warning elsewhere. The servers, and what the command leaves running, end when the command does, whatever ends it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from tests.servers import RECIPES, Server, start_all
from tests.servers.environment import in_ci, variable_of
from tests.servers.leftovers import end_leftovers, mark_this_run

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE = 15.0  # seconds for a command that a signal ends


class Ended(BaseException):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main(arguments: Sequence[str]) -> int:
    """Start the servers, run the command, and give its exit code."""
    names, command = _parse(arguments)
    if not command or not set(names) <= RECIPES.keys():
        sys.stderr.write(str(__doc__))
        return 2
    for number in SIGNALS:
        signal.signal(number, _end)
    servers: list[Server] = []
    mark = mark_this_run()
    try:
        return _run_beside(servers, names, command)
    except Ended as ended:
        return 128 + ended.number
    finally:
        _ignore_signals()  # a second Ctrl-C leaves no server behind
        for server in servers:
            server.stop()
        end_leftovers(mark)


def _parse(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    dashes = arguments.index("--") if "--" in arguments else len(arguments)
    return list(arguments[:dashes]) or list(RECIPES), list(arguments[dashes + 1 :])


def _run_beside(servers: list[Server], names: Sequence[str], command: Sequence[str]) -> int:
    missing = {name: reason for name in names if (reason := RECIPES[name].why_missing())}
    servers += [Server(RECIPES[name]) for name in names if name not in missing]
    began = time.monotonic()
    missing |= {name: str(error) for name, error in start_all(servers).items()}
    _say(f"{len(names) - len(missing)} servers were ready after {time.monotonic() - began:.1f} s")
    for reason in missing.values():
        _say(reason)
    if missing and in_ci():
        return 1
    ready = [server.endpoint for server in servers if server.recipe.name not in missing]
    return _run(
        command, {variable_of(name): "" for name in names} | {variable_of(e.name): e.endpoint_url for e in ready}
    )


def _run(command: Sequence[str], variables: dict[str, str]) -> int:
    process = subprocess.Popen(command, env={**os.environ, **variables})
    try:
        code = process.wait()
    except Ended as ended:
        _ignore_signals()
        # At a terminal, Ctrl-C has reached the command already.
        if not (ended.number == signal.SIGINT and sys.stdin.isatty()):
            process.send_signal(ended.number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        process.kill()
        raise
    return code if code >= 0 else 128 - code


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended(number)


def _ignore_signals() -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _say(text: str) -> None:
    sys.stderr.write(f"tests.servers: {text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
