"""Fork children from a warm process that has no threads, so that each costs milliseconds and not a cold start.

The process speaks one line of JSON for each line that it is told. What its children write goes to a log.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds for a child


class Nursery:
    """Start children and learn how they ended; to be used by one thread.

    :param log: where what they print goes
    :param warm: called once before any child, as `module:function` with its arguments
    """

    def __init__(self, log: Path, warm: str, *arguments: Any) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.durability.nursery"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
            )
        self._ask(do="warm", function=warm, arguments=arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def start(self, function: str, **arguments: Any) -> int:
        """Fork a child that calls `module:function`, and give its pid, which is nobody else's until `ended` tells."""
        return int(self._ask(do="start", function=function, arguments=arguments))

    def ended(self, pid: int) -> int | None:
        """Give a child's exit code, the negative signal if one killed it, None while it lives."""
        code = self._ask(do="poll", pid=pid)
        return None if code is None else int(code)

    def wait(self, pid: int) -> int:
        """Wait for a child's end, and give its exit code as `ended` does."""
        end = time.monotonic() + PATIENCE
        while (code := self.ended(pid)) is None:
            assert time.monotonic() < end, f"child {pid} does not end: {self.log.read_text()[-3000:]}"
            time.sleep(0.002)
        return code

    def run(self, function: str, **arguments: Any) -> int:
        """Start a child and wait for its end."""
        return self.wait(self.start(function, **arguments))

    def _ask(self, **request: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the nursery has ended: {self.log.read_text()[-3000:]}"
        return json.loads(answer)


def _find(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def _fork(function: str, arguments: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        sys.stdin.close()
        answer = _find(function)(**arguments)
        code = answer if isinstance(answer, int) else 0
    except BaseException:  # noqa: BLE001  whatever it is, the child ends here
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _poll(pid: int, children: set[int]) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    if not found:
        return None
    children.discard(pid)
    return os.waitstatus_to_exitcode(status)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what children print is no answer
    children: set[int] = set()
    for line in sys.stdin:
        answer: int | None = None
        match json.loads(line):
            case {"do": "warm", "function": function, "arguments": arguments}:
                _find(function)(*arguments)
            case {"do": "start", "function": function, "arguments": arguments}:
                children.add(answer := _fork(function, arguments))
            case {"do": "poll", "pid": pid}:
                answer = _poll(pid, children)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    for pid in children:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
