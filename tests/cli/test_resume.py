from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simpleflow_steps.execution.signals import signal_ids
from simpleflow_steps.storage import open_storage
from tests.cli.conftest import Sfs, document

Start = Callable[..., "subprocess.Popen[str]"]
PATIENCE = 20


def _await(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    said = ""
    while text not in said:
        line = process.stderr.readline()
        assert line, said
        said += line


def _change_run(changes: dict[str, Any]) -> None:
    """Write something else into the record of the only run."""
    storage = open_storage(".simpleflow")
    (key,) = [found.key for found in storage.list("d1/runs/")]
    storage.put(key, json.dumps({**json.loads(storage.get(key)), **changes}).encode())


@pytest.fixture
def sleeping(start: Start) -> subprocess.Popen[str]:
    """Give a real process that holds the execution `s`."""
    process = start("run", "flows:Sleepy", "20", "--workflow-id", "s")
    _await(process, "asleep")
    return process


class TestHeld:
    @pytest.mark.parametrize(
        ("line", "cure"),
        [
            ("run flows:Sleepy 0 --workflow-id s", "--on-conflict wait"),
            ("resume s", "--on-conflict wait"),
            ("steps mark s more", "give the command again once that is over"),
            ("steps clear s first --yes", "give the command again once that is over"),
        ],
    )
    def test_ends_with_3_and_says_who_holds_it(
        self, sfs: Sfs, sleeping: subprocess.Popen[str], line: str, cure: str
    ) -> None:
        result = sfs(*line.split())

        assert (result.exit_code, result.stdout) == (3, "")
        error = result.stderr.splitlines()[-1]
        assert error.startswith("error: execution 's' is running: run ")
        assert f"(pid {sleeping.pid})" in error
        assert cure in error
        assert sleeping.poll() is None

    def test_the_status_says_that_it_is_running(self, sfs: Sfs, sleeping: subprocess.Popen[str]) -> None:
        found = document(sfs("status", "s", "--json"))

        assert (found["state"], found["workflow"], found["holder"]["pid"]) == ("running", "Sleepy", sleeping.pid)
        assert 0 <= found["age"] < PATIENCE
        assert document(sfs("runs", "ls", "s", "--json"))["runs"][0]["status"] == "running"

    def test_waits_for_it_if_asked(self, sfs: Sfs, start: Start) -> None:
        first = start("run", "flows:Sleepy", "1", "--workflow-id", "s", "--lease-ttl", "2")
        _await(first, "asleep")

        result = sfs("run", "flows:Sleepy", "1", "--workflow-id", "s", "--on-conflict", "wait", "--lease-ttl", "2")

        assert result.exit_code == 0, result.stderr
        assert first.wait(PATIENCE) == 0
        assert "2 skipped" in result.stderr

    def test_a_signal_ends_the_wait_for_it(self, sfs: Sfs, start: Start, sleeping: subprocess.Popen[str]) -> None:
        before = open_storage(".simpleflow").get("s/lease")
        waiting = start("run", "flows:Sleepy", "--workflow-id", "s", "--on-conflict", "wait", "--log-level", "info")
        _await(waiting, "waiting for the lease")

        waiting.send_signal(signal.SIGTERM)
        _, stderr = waiting.communicate(timeout=PATIENCE)

        assert waiting.returncode == 143
        assert stderr.splitlines()[-1] == "interrupted by SIGTERM"
        assert sleeping.poll() is None
        after = json.loads(open_storage(".simpleflow").get("s/lease"))
        assert after["run_id"] == json.loads(before)["run_id"]
        assert len(document(sfs("runs", "ls", "s", "--json"))["runs"]) == 1

    def test_a_stolen_lease_stops_its_run_with_3(self, sfs: Sfs, start: Start) -> None:
        first = start("run", "flows:Sleepy", "5", "--workflow-id", "s", "--lease-ttl", "1")
        _await(first, "asleep")

        stolen = sfs("lease", "steal", "s", "--yes")
        _, stderr = first.communicate(timeout=PATIENCE)

        assert stolen.exit_code == 0
        assert "stops at its next renewal" in stolen.stderr
        assert first.returncode == 3, stderr
        assert document(sfs("status", "s", "--json"))["state"] == "stolen"


class TestCrashed:
    def test_is_shown_as_such_and_a_resume_completes_it(self, sfs: Sfs, start: Start) -> None:
        process = start("run", "flows:Sleepy", "2", "--workflow-id", "s")
        _await(process, "asleep")
        process.kill()
        process.wait()

        status = document(sfs("status", "s", "--json"))
        runs = document(sfs("runs", "ls", "s", "--json"))["runs"]
        resumed = sfs("resume", "s", "--json")

        assert (status["state"], status["held"]) == ("crashed", True)
        assert [run["status"] for run in runs] == ["crashed"]
        assert resumed.exit_code == 0, resumed.stderr
        states = {step["name"]: step["state"] for step in document(resumed)["steps"]}
        assert states == {"first": "skipped", "long": "completed"}
        again = document(sfs("runs", "ls", "s", "--json"))["runs"]
        assert [run["status"] for run in again] == ["crashed", "completed"]
        assert document(sfs("status", "s", "--json"))["state"] == "finished"

    def test_one_that_stands_still_is_stale(self, sfs: Sfs, start: Start) -> None:
        process = start("run", "flows:Sleepy", "20", "--workflow-id", "s", "--lease-ttl", "0.5")
        _await(process, "asleep")
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(1)

        found = document(sfs("status", "s", "--json"))
        told = sfs("status", "s").stdout

        assert found["state"] == "stale"
        assert 0 < found["stale_for"] < PATIENCE
        assert told.splitlines()[0].split()[:3] == ["state", "stale", "for"]


class TestResume:
    def test_takes_the_input_of_the_last_run_and_not_its_lists(self, sfs: Sfs) -> None:
        sfs("run", "flows:Daily", "--workflow-id", "d1", "--input", '{"number": 3, "day": "2026-11-21"}')
        sfs("run", "flows:Daily", "7", "--workflow-id", "d1", "--force", "*")

        result = sfs("resume", "d1", "--json")

        assert result.exit_code == 0, result.stderr
        found = document(result)
        assert {step["state"] for step in found["steps"]} == {"skipped"}
        last = document(sfs("runs", "show", "d1", "--json"))
        assert (last["input"]["args"], last["force"], last["target"]) == ([7], {}, "flows:Daily")

    def test_takes_a_class_that_is_named(self, sfs: Sfs) -> None:
        sfs("run", "flows:Daily", "--workflow-id", "d1")
        _change_run({"target": None})

        assert "does not say which class" in sfs("resume", "d1").stderr
        assert sfs("resume", "d1", "flows:Daily", "--force", "report").exit_code == 0

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"target": "json:Daily"}, "no file in "),
            ({"target": "os.path:Daily"}, "no file in "),
            ({"target": "../flows:Daily"}, "no file in "),
            (
                {"target": "flows:Failing"},
                "the last run of 'd1' was of workflow 'daily', and flows:Failing is 'Failing'",
            ),
            ({"target": "flows:double"}, "is no class"),
            ({"target": "flows:\x1b[31m"}, "has no "),
            ({"target": "flows"}, "name the workflow too"),
            ({"workflow": "weekly"}, "was of workflow 'weekly'"),
            ({"input": None}, "was no JSON"),
            ({"input": {"args": 3}}, "cannot be read"),
            ({"input": {"args": ["x"], "kwargs": {}}}, "number"),
        ],
    )
    def test_trusts_no_record(self, sfs: Sfs, changes: dict[str, Any], said: str) -> None:
        sfs("run", "flows:Daily", "--workflow-id", "d1")
        _change_run(changes)

        result = sfs("resume", "d1")

        assert (result.exit_code, result.stdout) == (2, "")
        (line,) = result.stderr.splitlines()
        assert line.startswith("error: ")
        assert said in line
        assert "\x1b" not in line

    def test_a_foreign_module_is_not_imported(self, sfs: Sfs, flows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        elsewhere = flows / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "trap.py").write_text("raise SystemExit('sprung')\n")
        monkeypatch.syspath_prepend(str(elsewhere))
        sfs("run", "flows:Daily", "--workflow-id", "d1")
        _change_run({"target": "trap:Daily"})

        result = sfs("resume", "d1")

        assert result.exit_code == 2
        assert "name it: sfs resume ID MODULE:WORKFLOW" in result.stderr
        assert "sprung" not in result.stderr

    def test_an_execution_without_runs_is_wrong_use(self, sfs: Sfs) -> None:
        result = sfs("resume", "unknown")

        assert result.exit_code == 2
        assert "start it with sfs run" in result.stderr


class TestSignal:
    def test_from_another_process_ends_a_wait(self, sfs: Sfs, start: Start) -> None:
        process = start("run", "flows:Approved", "--workflow-id", "a")
        _await(process, "started")

        sent = sfs("signal", "a", "approved", "--input", '{"by": "Ada"}')
        stdout, stderr = process.communicate(timeout=PATIENCE)

        assert sent.exit_code == 0
        assert process.returncode == 0, stderr
        assert json.loads(stdout) == {"by": "Ada"}

    def test_prints_its_id_and_waits_for_its_run(self, sfs: Sfs) -> None:
        sent = sfs("signal", "a", "approved", "--input", "7", "--json")

        assert signal_ids(open_storage(".simpleflow"), "a", "approved") == [document(sent)["id"]]
        assert document(sfs("run", "flows:Approved", "--workflow-id", "a")) == 7

    def test_clearing_a_step_forgets_what_its_waits_had(self, sfs: Sfs) -> None:
        sfs("signal", "a", "approved", "--input", "1")
        sfs("run", "flows:ApprovedStep", "--workflow-id", "a")
        storage = open_storage(".simpleflow")
        before = [found.key for found in storage.list("a/waits/")]

        sfs("steps", "clear", "a", "ask", "--yes")

        assert len(before) == 1
        assert list(storage.list("a/waits/")) == []

    @pytest.mark.parametrize("args", [["a/b", "x"], ["a", ""], ["a", "x", "--input", "{"], ["a", "x\x1b"]])
    def test_wrong_use_sends_nothing(self, sfs: Sfs, args: list[str], tmp_path: Path) -> None:
        result = sfs("signal", *args)

        assert (result.exit_code, result.stdout) == (2, "")
        assert len(result.stderr.splitlines()) == 1
        assert not (tmp_path / ".simpleflow").exists()
