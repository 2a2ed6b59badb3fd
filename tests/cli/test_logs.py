from __future__ import annotations

import json
import logging
import re
import subprocess
from collections.abc import Callable

import pytest
import structlog

from simpleflow_steps import log
from simpleflow_steps.cli import logs
from tests.cli.conftest import Sfs

Start = Callable[..., "subprocess.Popen[str]"]


def test_json_lines_say_in_which_run_step_and_activity(sfs: Sfs) -> None:
    result = sfs("run", "flows:Chatty", "--log-format", "json", "--log-level", "info", "--workflow-id", "c")

    told = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    assert {entry["workflow_id"] for entry in told} == {"c"}
    assert {"run started", "step scheduled", "step completed", "run ended"} <= {entry["event"] for entry in told}
    (mine,) = [entry for entry in told if entry["logger"] == "mine"]
    assert (mine["event"], mine["level"], mine["step"]) == ("logged by me", "warning", "talk")
    assert mine["activity"].endswith("flows.chatter")
    assert mine["run_id"].startswith("20")


def test_json_logs_are_all_that_stderr_has_of_a_good_run(sfs: Sfs) -> None:
    result = sfs("run", "flows:Daily", "--log-format", "json", "--log-level", "info")

    assert all(json.loads(line)["event"] for line in result.stderr.splitlines())


def test_json_logs_have_the_warnings_that_progress_would_show(sfs: Sfs) -> None:
    result = sfs("run", "flows:Daily", "--log-format", "json", "--force", "stast")

    (entry,) = map(json.loads, result.stderr.splitlines())
    assert (entry["selector"], entry["nearest"][0][:5]) == ("stast", "stats")


def test_by_default_only_warnings_are_logged(sfs: Sfs) -> None:
    quiet = sfs("run", "flows:Daily")
    loud = sfs("run", "flows:Daily", "--log-level", "info")

    assert "run started" not in quiet.stderr
    assert re.search(r"\[info +\] run started +workflow=daily", loud.stderr)


def test_structlog_loggers_of_the_workflow_log_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json", colors=False)

    with log.bound(workflow_id="w"):
        structlog.get_logger("mine").info("hello", number=1)
        structlog.get_logger("mine").debug("not this")

    out, err = capsys.readouterr()
    entry = json.loads(err)
    assert out == ""
    assert (entry["event"], entry["number"], entry["level"], entry["workflow_id"]) == ("hello", 1, "info", "w")


def test_nothing_in_a_human_line_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", "human", colors=False)

    log.warning("odd \x1b[31m", step="a\n\x1b[0m", list=["\x07"])
    try:
        int("\x1b[2J")
    except ValueError:
        logging.getLogger("mine").exception("it failed")

    err = capsys.readouterr().err
    assert r"odd \x1b[31m" in err
    assert "Traceback" in err
    assert r"ValueError: invalid literal for int() with base 10: '\x1b[2J'" in err
    assert not {"\x1b", "\x07"} & set(err)


def test_libraries_that_tell_of_every_request_stay_quiet() -> None:
    logs.configure("debug", "human", colors=False)

    assert not logging.getLogger("botocore.auth").isEnabledFor(logging.INFO)
    assert logging.getLogger("simpleflow_steps").isEnabledFor(logging.DEBUG)


def test_to_configure_twice_does_not_log_twice(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", "human", colors=False)
    logs.configure("warning", "human", colors=False)

    log.warning("once")

    assert capsys.readouterr().err.count("once") == 1
