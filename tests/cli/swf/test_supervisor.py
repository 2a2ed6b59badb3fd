from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simpleflow_steps.cli.swf.supervisor import LONGEST_DELAY, delay_after
from tests.cli.conftest import ROOT
from tests.cli.swf.conftest import Follower, is_gone, wait_until

SUPERVISE = """
import sys
from simpleflow_steps.cli import logs
from simpleflow_steps.cli.interrupts import interruptible
from simpleflow_steps.cli.swf import supervisor

logs.configure("info", "human", colors=False)
supervisor.FIRST_DELAY = 0.01
with interruptible():
    sys.exit(supervisor.Supervisor([sys.executable, "member.py"], name="member", count=int(sys.argv[1]), grace=5).run())
"""
MEMBER = """
import os, signal, socket, sys, threading
link = socket.socket(fileno=int(sys.argv[1]))
"""
SERVING = """
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
threading.Thread(target=lambda: (link.recv(1), stop.set()), daemon=True).start()
link.send(b"r")
stop.wait()
"""

Supervise = Callable[..., Follower]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervise]:
    """Supervise processes of a program, in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def call(program: str, count: int = 1) -> Follower:
        (tmp_path / "member.py").write_text(MEMBER + program)
        path = tmp_path / "said"
        with path.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISE, str(count)],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                text=True,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads here
            )
        started.append(process)
        return Follower(process, path)

    yield call
    for process in started:
        process.kill()
        process.wait()


def ready(count: int) -> Callable[[str], bool]:
    return lambda said: said.count("is ready") >= count


def test_a_process_that_is_killed_is_started_again_and_leaves_no_zombie(supervise: Supervise) -> None:
    found = supervise(SERVING, 2)
    found.wait_for(ready(2))
    first = found.ready_pids()[0]

    os.kill(first, signal.SIGKILL)
    said = found.wait_for(ready(3))

    assert "was killed by SIGKILL" in said
    assert is_gone(first)
    assert len(set(found.ready_pids())) == 3


def test_one_that_ends_by_itself_is_started_again_too(supervise: Supervise) -> None:
    found = supervise(SERVING.replace("stop.wait()", "stop.wait(0.1)"))

    said = found.wait_for(ready(7))

    assert "ended with exit code 0" in said
    assert found.process.poll() is None


def test_one_that_lets_go_of_its_link_is_still_looked_after(supervise: Supervise) -> None:
    found = supervise("link.send(b'r')\nlink.close()\nthreading.Event().wait(0.5)\nsys.exit(3)")

    said = found.wait_for(ready(2))

    assert "ended with exit code 3" in said


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_of_them_cleanly(supervise: Supervise, signum: signal.Signals) -> None:
    found = supervise(SERVING, 3)
    found.wait_for(ready(3))

    found.process.send_signal(signum)

    assert found.process.wait(10) == 0
    assert all(is_gone(pid) for pid in found.ready_pids())
    assert f"interrupted by {signum.name}" in found.said


def test_a_second_signal_gives_up_what_does_not_end(supervise: Supervise) -> None:
    found = supervise(SERVING.replace("stop.wait()", "[threading.Event().wait() for _ in iter(int, 1)]"))
    found.wait_for(ready(1))

    found.process.send_signal(signal.SIGTERM)
    found.wait_for(lambda said: "interrupted" in said)
    found.process.send_signal(signal.SIGTERM)

    with pytest.raises(subprocess.TimeoutExpired):
        found.process.wait(0)
    assert found.process.wait(4) != 0
    assert all(is_gone(pid) for pid in found.ready_pids())


def test_one_that_dies_at_once_again_and_again_is_given_up(supervise: Supervise) -> None:
    found = supervise("sys.exit(7)")

    assert found.process.wait(30) == 7
    assert found.said.splitlines()[-1] == (
        "error: member 1 died 5 times in a row before it was ready, and ended with exit code 7"
    )


def test_wrong_use_is_not_tried_again(supervise: Supervise) -> None:
    found = supervise("print('error: no such module', file=sys.stderr); sys.exit(2)", 2)

    assert found.process.wait(30) == 2
    assert found.said.splitlines()[-1].endswith("cannot begin: see above")


def test_nobody_is_left_when_the_supervisor_is_killed(supervise: Supervise) -> None:
    found = supervise(SERVING, 2)
    found.wait_for(ready(2))
    pids = found.ready_pids()

    found.process.kill()

    wait_until(lambda: all(is_gone(pid) for pid in pids), 10)


def test_the_delay_grows_to_its_longest_and_stays_there():
    delays = [delay_after(short) for short in (0, 1, 2, 5, 6, 100_000)]

    assert delays == [0.0, 0.5, 1.0, 8.0, LONGEST_DELAY, LONGEST_DELAY]
