from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from simpleflow_steps import codec
from simpleflow_steps.execution import holder as module
from simpleflow_steps.execution.holder import Holder, Living, is_gone, this_process

RUN = "r1"
ON_LINUX = sys.platform == "linux"
pytestmark = pytest.mark.skipif(not ON_LINUX, reason="only Linux tells which processes are gone")


def described(pid: int) -> Holder:
    """Describe another process as it would itself."""
    process = module._process(pid)
    assert process is not None
    return replace(this_process(), pid=pid, pid_start=process[1])


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield sleeper
    sleeper.kill()
    sleeper.wait()


def test_this_process_is_named_so_that_others_can_find_it() -> None:
    me = this_process()

    assert me.pid == os.getpid()
    assert me.host
    assert me.user
    assert me == described(os.getpid())
    assert codec.as_record(Holder, codec.document(me)) == me


def test_a_live_process_is_not_gone(process: subprocess.Popen[bytes]) -> None:
    assert not is_gone(described(process.pid), RUN)


def test_a_stopped_process_is_not_gone(process: subprocess.Popen[bytes]) -> None:
    them = described(process.pid)
    process.send_signal(signal.SIGSTOP)
    until(lambda: (module._process(process.pid) or ("", 0))[0] == "T")

    assert not is_gone(them, RUN)


def test_a_killed_process_is_gone_even_before_its_parent_knows(process: subprocess.Popen[bytes]) -> None:
    them = described(process.pid)
    process.kill()
    until(lambda: (module._process(process.pid) or ("", 0))[0] == "Z")
    unreaped = is_gone(them, RUN)
    process.wait()

    assert unreaped
    assert is_gone(them, RUN)


def test_a_process_with_the_pid_of_a_gone_one_is_another(process: subprocess.Popen[bytes]) -> None:
    them = described(process.pid)

    assert is_gone(replace(them, pid_start=(them.pid_start or 0) - 1), RUN)


def test_a_run_of_this_process_is_gone_when_it_has_ended() -> None:
    living = Living(RUN)
    during = is_gone(this_process(), RUN)
    living.end()
    living.end()

    assert not during
    assert is_gone(this_process(), RUN)


@pytest.mark.parametrize("unknown", ["boot_id", "pid_namespace", "pid_start"])
def test_what_is_not_known_is_not_gone(unknown: str) -> None:
    assert not is_gone(replace(this_process(), **{unknown: None}), RUN)


@pytest.mark.parametrize("other", [{"boot_id": "another"}, {"pid_namespace": 1}])
def test_what_is_elsewhere_is_not_gone(process: subprocess.Popen[bytes], other: dict[str, object]) -> None:
    them = replace(described(process.pid), **other)
    process.kill()
    process.wait()

    assert not is_gone(them, RUN)


@pytest.mark.parametrize("pid", [-(2**70), -1, 2**31, 2**63, 2**70])
def test_a_number_that_no_process_has_is_not_gone(pid: int) -> None:
    assert not is_gone(replace(this_process(), pid=pid), "a run")


def test_a_machine_that_tells_nothing_takes_nobody_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    them = this_process()
    monkeypatch.setattr(module, "this_process", lambda: replace(them, boot_id=None))

    assert not is_gone(replace(them, boot_id=None), RUN)


def test_a_hidden_process_is_not_gone(process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    them = described(process.pid)
    with monkeypatch.context() as patched:
        patched.setattr(module, "_process", lambda _: None)
        seen = is_gone(them, RUN)
        patched.setattr(os, "kill", _refuse)
        forbidden = is_gone(them, RUN)

    assert (seen, forbidden) == (False, False)


def _refuse(pid: int, number: int) -> None:
    raise PermissionError(pid)


def test_a_process_may_be_called_anything(tmp_path: Path) -> None:
    odd = tmp_path / "a) R 1 (b"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "60"]) as sleeper:
        until(lambda: Path(f"/proc/{sleeper.pid}/comm").read_text().startswith("a)"))
        them = described(sleeper.pid)
        live = is_gone(them, RUN)
        sleeper.kill()
        sleeper.wait()

        assert not live
        assert is_gone(them, RUN)


def test_a_forked_process_is_not_its_parent() -> None:
    this_process()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(this_process().pid).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    told = os.read(reading, 100)
    os.close(reading)

    assert int(told) == child


def test_a_user_whose_name_is_no_text_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.getpass, "getuser", lambda: "r\udce9mi")

    assert module._user() == "r?mi"


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.getpass, "getuser", lambda: {}["nobody"])

    assert module._user() == str(os.getuid())
