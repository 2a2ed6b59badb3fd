from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simpleflow_steps.cli.interrupts import Interrupted, interruptible
from tests.cli.conftest import Sfs, document

Start = Callable[..., "subprocess.Popen[str]"]
PATIENCE = 15


def _interrupt_when(process: subprocess.Popen[str], text: str, signum: int) -> tuple[str, str, float]:
    """Send a signal once the process has said something, and give its output and how long it took to end."""
    assert process.stderr is not None
    said = ""
    while text not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    time.sleep(0.1)
    began = time.monotonic()
    process.send_signal(signum)
    stdout, stderr = process.communicate(timeout=PATIENCE)
    return stdout, said + stderr, time.monotonic() - began


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_signal_ends_the_run_cleanly(start: Start, sfs: Sfs, signum: signal.Signals, code: int) -> None:
    process = start("run", "flows:Sleepy", "--workflow-id", "s", "--grace", "1")

    stdout, stderr, seconds = _interrupt_when(process, "asleep", signum)

    assert process.returncode == code
    assert stdout == ""
    assert "Traceback" not in stderr
    assert stderr.splitlines()[-2] == f"interrupted by {signum.name}"
    assert stderr.splitlines()[-1] == "To resume: sfs resume s flows:Sleepy (steps that are done are skipped)"
    assert seconds < 8
    listed = document(sfs("steps", "ls", "s", "--json"))["steps"]
    assert {step["name"]: step["state"] for step in listed} == {"first": "done"}
    assert document(sfs("status", "s", "--json"))["state"] == "interrupted"
    assert document(sfs("lease", "show", "s", "--json"))["held"] is False


def test_an_interrupted_run_still_gives_its_document(start: Start) -> None:
    process = start("run", "flows:Sleepy", "--json", "--grace", "1")

    stdout, _, _ = _interrupt_when(process, "asleep", signal.SIGINT)

    found = json.loads(stdout)
    assert found["status"] == "interrupted"
    assert found["error"]["type"] == "Interrupted"
    assert {step["name"]: step["state"] for step in found["steps"]}["long"] in ("unfinished", "failed")


def test_what_is_finished_soon_after_the_signal_is_marked(start: Start, sfs: Sfs) -> None:
    process = start("run", "flows:Sleepy", "0.5", "--workflow-id", "s")

    _interrupt_when(process, "asleep", signal.SIGTERM)

    assert process.returncode == 143
    listed = document(sfs("steps", "ls", "s", "--json"))["steps"]
    assert {step["name"]: step["state"] for step in listed} == {"first": "done", "long": "done"}


def test_what_had_not_begun_is_unfinished_and_not_failed(start: Start) -> None:
    process = start("run", "flows:Napping", "0.4", "--max-workers", "1", "--json")

    stdout, stderr, _ = _interrupt_when(process, "asleep", signal.SIGINT)

    states = {step["name"]: step["state"] for step in json.loads(stdout)["steps"]}
    assert states == {"nap.1": "completed", "nap.2": "unfinished", "nap.3": "unfinished"}
    assert "1 run, 0 skipped, 0 failed, 2 unfinished" in stderr


def test_a_second_signal_ends_the_clean_end(start: Start, sfs: Sfs) -> None:
    process = start("run", "flows:Sleepy", "--workflow-id", "s")
    assert process.stderr is not None
    while "asleep" not in process.stderr.readline():
        pass

    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, stderr = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    assert "interrupted by SIGINT" in stderr
    assert time.monotonic() - began < 5
    found = document(sfs("lease", "show", "s", "--json"))
    assert (found["held"], found["status"]) == (False, "interrupted")


def test_a_third_signal_leaves_at_once(flows: Path, start: Start) -> None:
    (flows / "stubborn.py").write_text(
        "import sys, time\nfrom simpleflow_steps import Workflow\n\n\ndef sleep(text):\n"
        "    print(text, file=sys.stderr, flush=True)\n    time.sleep(60)\n\n\nclass Stubborn(Workflow):\n"
        "    def run(self):\n        sleep('one')\n\n    def on_canceled(self, history):\n"
        "        try:\n            sleep('two')\n        except KeyboardInterrupt:\n            sleep('three')\n"
    )
    process = start("run", "stubborn:Stubborn")
    assert process.stderr is not None
    for said in ("one", "two", "three"):
        while (line := process.stderr.readline().strip()) != said:
            assert process.poll() is None, line
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE) == 143


def test_what_was_done_is_skipped_after_an_interruption(start: Start, sfs: Sfs) -> None:
    _interrupt_when(
        start("run", "flows:Sleepy", "0.01", "--workflow-id", "s"), "running              first", signal.SIGINT
    )

    result = sfs("run", "flows:Sleepy", "0.01", "--workflow-id", "s")

    assert result.exit_code == 0, result.stderr


def test_a_signal_during_the_import_is_an_interruption(start: Start, flows: Path) -> None:
    (flows / "slow.py").write_text(
        "import sys, time\nprint('importing', file=sys.stderr, flush=True)\ntime.sleep(60)\n"
    )
    process = start("run", "slow:Slow")

    stdout, stderr, _ = _interrupt_when(process, "importing", signal.SIGTERM)

    assert (process.returncode, stdout) == (143, "")
    assert stderr.splitlines()[-1] == "interrupted by SIGTERM"


def test_handlers_are_as_before_after_a_command() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(Interrupted), interruptible():
        signal.raise_signal(signal.SIGTERM)

    assert signal.getsignal(signal.SIGTERM) is before


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
