from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from simpleflow_steps.exceptions import LeaseHeld, RunSuperseded, StorageUnavailable
from simpleflow_steps.executors.local import LocalExecutor
from tests.cli.conftest import Sfs, document

Start = Callable[..., "subprocess.Popen[str]"]
RESUME = "To resume: sfs resume "


def test_the_result_alone_goes_to_stdout(sfs: Sfs) -> None:
    result = sfs("run", "flows:Daily", "3")

    assert result.exit_code == 0
    assert document(result) == {"day": "2026-11-20", "report": 12, "stats": [4024, 4026]}


def test_progress_is_a_plain_line_for_each_event(sfs: Sfs) -> None:
    sfs("run", "flows:Daily", "--workflow-id", "d1", "--skip", "stats")
    lines = sfs("run", "flows:Daily", "--workflow-id", "d1", "--force", "load").stderr.splitlines()

    told = [re.sub(r"^\d\d:\d\d:\d\d (\w+) +(?:[\d.]+s +)?", r"\1 ", line) for line in lines]
    assert re.match(r"started d1  workflow daily, run 20\d{6}T\S+$", told[0])
    assert set(told[1:-1]) == {
        "running load  Asked for by --force",
        "completed load  Asked for by --force",
        "running stats.2012",
        "completed stats.2012",
        "running stats.2013",
        "completed stats.2013",
        "running report  Dep of load",
        "completed report  Dep of load",
    }
    assert re.match(r"d1 completed in [\d.]+s; steps: 4 run, 0 skipped, 0 failed$", lines[-1])


def test_skipped_steps_say_why(sfs: Sfs) -> None:
    result = sfs("run", "flows:Daily", "--skip", "stats.2012")

    assert re.search(
        r"skipped +stats.2012  Asked for by --skip; it was never done, so it has no result\n", result.stderr
    )
    assert result.stderr.count("never done") == 1


def test_names_that_match_nothing_are_told_once_with_the_nearest(sfs: Sfs) -> None:
    result = sfs("run", "flows:Daily", "--force", "stast", "--skip", "relaod")

    assert result.exit_code == 0
    assert re.search(r"warning +no step of this run is called 'stast'; nearest: stats", result.stderr)
    assert result.stderr.count("stast") == 1


def test_retries_and_failures_are_told_once(sfs: Sfs) -> None:
    retried = sfs("run", "flows:Flaky")
    failed = sfs("run", "flows:Failing")

    assert retried.exit_code == 0
    assert retried.stderr.count("not yet") == 1
    assert re.search(
        r"retry +shaky  \S*flaky: attempt 1 failed, the next one in 0.0s: OSError: not yet", retried.stderr
    )
    assert failed.stderr.count("bad day") == 2  # the step, and the error


def test_the_steps_of_children_say_whose_they_are(sfs: Sfs) -> None:
    lines = sfs("run", "flows:Parent", "--workflow-id", "p").stderr

    assert re.search(r"started +p\.Child-\w+  workflow Child", lines)
    assert re.search(r"completed .* inner  in p\.Child-\w+\n", lines)
    assert re.search(r"p completed in .*; steps: 1 run", lines)


def test_the_document_has_everything(sfs: Sfs) -> None:
    result = sfs("run", "flows:Daily", "3", "--workflow-id", "d1", "--force", "load", "--force", "stast", "--json")

    found = document(result)
    assert {name: found[name] for name in ("workflow_id", "status", "result", "error")} == {
        "workflow_id": "d1",
        "status": "completed",
        "result": {"day": "2026-11-20", "report": 12, "stats": [4024, 4026]},
        "error": None,
    }
    assert found["run_id"].startswith("20")
    assert found["unmatched"]["stast"][0].startswith("stats")
    load = next(step for step in found["steps"] if step["name"] == "load")
    assert load.keys() == {
        "name", "workflow_id", "state", "forced", "reasons", "started", "finished", "seconds", "error"
    }  # fmt: skip
    assert (load["state"], load["forced"], load["reasons"]) == ("completed", True, ["Asked for by --force"])
    assert load["started"] <= load["finished"]


def test_the_document_of_a_failed_run_names_the_step_and_the_task(sfs: Sfs) -> None:
    result = sfs("run", "flows:Failing", "--json")

    found = document(result)
    assert result.exit_code == 1
    assert found["status"] == "failed"
    assert found["error"] == {
        "type": "TaskFailed",
        "message": "activity-flows.fail failed: ValueError: bad day",
        "task": "activity-flows.fail",
    }
    assert {step["name"]: step["state"] for step in found["steps"]} == {"good": "completed", "broken": "failed"}
    assert "bad day" in found["steps"][1]["error"]


def test_a_failed_activity_is_one_line_and_how_to_resume(sfs: Sfs) -> None:
    lines = sfs("run", "flows:Failing").stderr.splitlines()

    assert lines[-2] == "error: activity-flows.fail failed: ValueError: bad day"
    assert lines[-1].startswith(RESUME)


def test_several_failures_are_listed(sfs: Sfs) -> None:
    result = sfs("run", "flows:FailingTwice")

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-3:] == [
        "error: 2 tasks failed",
        "  activity-flows.fail failed: ValueError: one",
        "  activity-flows.fail failed: ValueError: two",
    ]
    assert len(document(sfs("run", "flows:FailingTwice", "--json"))["error"]["errors"]) == 2


@pytest.mark.parametrize(
    ("workflow", "said"),
    [
        ("Raising", "error: workflow flows:Raising failed: KeyError: 'what'"),
        ("Leaving", "error: workflow flows:Leaving failed: it called sys.exit(7)"),
        ("BadName", "error: workflow flows:BadName failed: step name 'a..b' has nothing before"),
    ],
)
def test_what_the_workflow_raises_is_its_failure(sfs: Sfs, workflow: str, said: str) -> None:
    result = sfs("run", f"flows:{workflow}")

    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback_of_the_original(sfs: Sfs) -> None:
    result = sfs("run", "flows:Failing", "--debug")

    assert "Traceback (most recent call last)" in result.stderr
    assert "raise ValueError(text)" in result.stderr
    assert "error: activity-flows.fail failed" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageUnavailable("s3://b cannot be reached"), 4),
        (RunSuperseded("another run took over"), 3),
        (LeaseHeld("somebody", "d1"), 3),
        (ExceptionGroup("2", [StorageUnavailable("b"), RunSuperseded("took over")]), 3),
        (ExceptionGroup("2", [StorageUnavailable("b"), ValueError("x")]), 1),
    ],
)
def test_exit_codes_tell_what_kind_of_failure_it_was(
    sfs: Sfs, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    def run(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(LocalExecutor, "run", run)

    assert sfs("run", "flows:Daily").exit_code == code


@pytest.mark.parametrize("command", ["run flows:Daily", "steps ls d1"])
def test_a_storage_out_of_reach_is_exit_code_4(sfs: Sfs, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = sfs(*command.split(), "--storage", "s3://no-such?endpoint_url=http://127.0.0.1:9&region=us-east-1")

    assert result.exit_code == 4
    assert "error: s3://no-such" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--force", "a..b", "step name 'a..b'"),
        ("--force", "", "step name '' is empty"),
        ("--skip", "a/b", "has a slash"),
        ("--skip", "a\nb", "control character"),
        ("--workflow-id", "a/b", "workflow_id='a/b'"),
        ("--workflow-id", "", "workflow_id=''"),
        ("--storage", "ftp://bucket", "unknown storage ftp://"),
        ("--storage", "s3:bucket", "two slashes"),
    ],
)
def test_wrong_options_are_one_error_and_nothing_is_written(
    sfs: Sfs, objects: Callable[[], dict[str, bytes]], option: str, value: str, said: str
) -> None:
    sfs("run", "flows:Daily", "--workflow-id", "d1")
    before = objects()

    result = sfs("run", "flows:Daily", option, value)

    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert objects() == before


def test_a_wrong_setting_is_one_error(sfs: Sfs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_LEASE_TTL", "soon")

    result = sfs("run", "flows:Daily")

    assert result.exit_code == 2
    assert result.stderr.startswith("error: environment variable SIMPLEFLOW_LEASE_TTL='soon'")


def test_the_storage_may_come_from_the_environment(sfs: Sfs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIMPLEFLOW_STORAGE", str(tmp_path / "elsewhere"))

    sfs("run", "flows:Daily", "--workflow-id", "d1")

    assert (tmp_path / "elsewhere" / "d1" / "steps" / "load").exists()
    assert document(sfs("steps", "ls", "d1", "--json"))["storage"].endswith("/elsewhere")


def test_a_result_without_a_json_form_is_shown_as_well_as_it_goes(sfs: Sfs) -> None:
    assert document(sfs("run", "flows:Odd")) == {"it": "<class 'object'>", "inf": "Infinity"}


def test_what_the_workflow_prints_stays_out_of_stdout(start: Start) -> None:
    stdout, stderr = start("run", "flows:Chatty").communicate(timeout=20)

    assert json.loads(stdout) == "quiet"
    for text in ("printed by the workflow", "printed by python", "printed by a process", "logged by me"):
        assert text in stderr


def test_what_is_piped_has_no_escape_sequences(start: Start) -> None:
    process = start("run", "flows:Flaky", "--log-level", "info", FORCE_COLOR="1")
    stdout, stderr = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "retry" in stderr
    assert "\x1b" not in stdout + stderr


def test_what_comes_from_storage_is_shown_and_not_obeyed(start: Start) -> None:
    stdout, stderr = start("run", "flows:Hostile", "--workflow-id", "h").communicate(timeout=20)

    assert json.loads(stdout) == "\x1b]0;owned\x07"
    assert r"evil[red]\u202e31m" in stderr
    assert r"because \x1b[31m of [bold]" in stderr
    assert not re.search("[\x1b\x07\x9b\u202e]", stdout + stderr)


def test_json_on_a_pipe_is_utf_8_whatever_the_locale(start: Start) -> None:
    process = start("run", "flows:Failing", "dürr 日", "--json", PYTHONIOENCODING="ascii", LC_ALL="C")
    stdout, _ = process.communicate(timeout=20)

    assert "dürr 日" in json.loads(stdout)["error"]["message"]


def test_many_steps_are_shown_quickly(start: Start) -> None:
    process = start("run", "flows:Many", "2000", "--storage", "memory://many")
    stdout, stderr = process.communicate(timeout=30)

    assert json.loads(stdout) == 2 * sum(range(2000))
    assert stderr.count("completed") == 2001
