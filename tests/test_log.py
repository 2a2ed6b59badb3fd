from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
import structlog

from simpleflow_steps import log


@pytest.fixture(autouse=True)
def _listen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "simpleflow_steps")


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_logs_a_sentence_with_fields(caplog: pytest.LogCaptureFixture, level: str) -> None:
    getattr(log, level)("100% of step a is done", step="a")

    (record,) = caplog.records
    assert (record.name, record.levelname, record.getMessage()) == (
        "simpleflow_steps",
        level.upper(),
        "100% of step a is done",
    )
    assert vars(record)["step"] == "a"
    assert record.filename == Path(__file__).name


def test_fields_never_clash_with_the_records_own(caplog: pytest.LogCaptureFixture) -> None:
    log.info("done", name="n", message="m", args=(1,), event="e", asctime="t", level="l", lineno=5)

    (record,) = caplog.records
    assert record.getMessage() == "done"
    assert {name: value for name, value in vars(record).items() if name.startswith("field_")} == {
        "field_name": "n",
        "field_message": "m",
        "field_args": (1,),
        "field_event": "e",
        "field_asctime": "t",
        "field_lineno": 5,
    }
    assert vars(record)["level"] == "l"


def test_the_traceback_is_logged_if_asked(caplog: pytest.LogCaptureFixture) -> None:
    try:
        int("no")
    except ValueError:
        log.error("failed", exc_info=True)

    assert caplog.records[0].exc_info is not None
    assert caplog.records[0].exc_info[0] is ValueError


def test_bound_fields_are_taken_along_and_the_nearest_wins(caplog: pytest.LogCaptureFixture) -> None:
    with structlog.contextvars.bound_contextvars(run_id="theirs", request="r"), log.bound(run_id="1", step="a"):
        with log.bound(step="b"):
            log.info("inner", extra_field=1)
        log.info("outer", run_id="2")
    log.info("outside")

    inner, outer, outside = (vars(record) for record in caplog.records)
    assert (inner["run_id"], inner["step"], inner["request"], inner["extra_field"]) == ("1", "b", "r", 1)
    assert (outer["run_id"], outer["step"]) == ("2", "a")
    assert not {"run_id", "step", "request"} & set(outside)


def test_bound_fields_belong_to_one_thread(caplog: pytest.LogCaptureFixture) -> None:
    with log.bound(step="a"):
        thread = Thread(target=log.info, args=("elsewhere",))
        thread.start()
        thread.join()

    assert "step" not in vars(caplog.records[0])


def test_nothing_is_loaded_or_set_up_before_something_is_logged() -> None:
    program = (
        "import sys; from simpleflow_steps import log\n"
        "with log.bound(step='a'): log.info('quiet')\n"
        "print(sorted({'structlog', 'rich', 'logging'} & set(sys.modules)))\n"
        "import logging; print(logging.root.handlers, logging.getLogger('simpleflow_steps').handlers)\n"
        "log.warning('loud')"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )

    assert (told.stdout, told.stderr) == ("[]\n[] []\n", "loud\n")
