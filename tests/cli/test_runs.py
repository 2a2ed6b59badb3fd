from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from simpleflow_steps import codec
from simpleflow_steps.cli.runids import short_run
from simpleflow_steps.execution.record import RunRecord, StepRecord
from simpleflow_steps.storage import MemoryStorage, open_storage
from simpleflow_steps.testing import CountingStorage
from tests.cli.conftest import Sfs, document

DAILY = ("run", "flows:Daily", "--workflow-id", "d1")
FIRST, SECOND = "20261120T081502.412907Z-5b1f0c", "20261121T081502.412907Z-77aa01"


def _put_run(run_id: str, storage: Any = None, **given: Any) -> None:
    facts = {"run_id": run_id, "workflow_id": "w", "workflow": "w", "version": "1", "input": None}
    run = RunRecord(**{**facts, "started": datetime(2026, 11, 20, tzinfo=UTC), "status": "completed", **given})
    (storage or open_storage(".simpleflow")).put(f"w/runs/{run_id}.json", codec.dumps(codec.document(run)))


def _ids(sfs: Sfs) -> list[str]:
    return [run["run_id"] for run in document(sfs("runs", "ls", "d1", "--json"))["runs"]]


class TestLs:
    def test_reads_the_beginnings_alone(self, sfs: Sfs, monkeypatch: pytest.MonkeyPatch) -> None:
        counting = CountingStorage(MemoryStorage())
        steps = {f"part.{number}": StepRecord(state="completed") for number in range(5000)}
        for run_id in (FIRST, SECOND):
            _put_run(run_id, counting, steps=steps, counts={"completed": 5000})
        monkeypatch.setattr("simpleflow_steps.cli.past.open_place", lambda _: counting)
        counting.operations.clear()

        result = sfs("runs", "ls", "w")

        assert [line.split()[-2:] for line in result.stdout.splitlines()[1:]] == [["5000", "completed"]] * 2
        assert sorted((each.key, each.first) for each in counting.operations.of("get")) == [
            ("w/lease", None),
            (f"w/runs/{FIRST}.json", 65536),
            (f"w/runs/{SECOND}.json", 65536),
        ]

    def test_the_record_of_a_real_run_begins_with_its_head(self, sfs: Sfs, monkeypatch: pytest.MonkeyPatch) -> None:
        sfs("run", "flows:Many", "600", "--workflow-id", "d1")
        monkeypatch.setattr("simpleflow_steps.execution.head.read_run", lambda *_: pytest.fail("all of it was read"))

        (run,) = document(sfs("runs", "ls", "d1", "--json"))["runs"]

        (key,) = open_storage(".simpleflow").list("d1/runs/")
        assert key.size > 64 * 1024
        assert run["steps"] == {"completed": 600}


class TestShow:
    def test_a_run_may_be_counted_back_or_named_by_a_part(self, sfs: Sfs) -> None:
        sfs(*DAILY)
        sfs(*DAILY)
        first, second = _ids(sfs)

        for text, meant in (("-1", second), ("-2", first), (first[-6:], first), (second[:24], second)):
            assert document(sfs("runs", "show", "d1", text, "--json"))["run_id"] == meant

    @pytest.mark.parametrize(
        ("text", "said"),
        [("2026", "may be 2 runs"), ("-3", "it has 2"), ("zz", "has no run 'zz'"), ("--jsn", "No such option: --jsn")],
    )
    def test_what_is_no_one_run_is_wrong_use(self, sfs: Sfs, text: str, said: str) -> None:
        _put_run(FIRST)
        _put_run(SECOND)

        result = sfs("runs", "show", "w", text)

        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr

    def test_an_execution_that_is_not_there_is_an_error_with_the_nearest(self, sfs: Sfs) -> None:
        sfs("run", "flows:Daily", "--workflow-id", "daily-20")

        assert "'daily-2O' has no run in file://" in sfs("runs", "show", "daily-2O").stderr
        assert sfs("runs", "diff", "daily-2O").stderr.endswith("; nearest: daily-20\n")

    def test_tells_what_was_asked_for_and_the_children(self, sfs: Sfs) -> None:
        sfs(*DAILY)
        sfs(*DAILY, "--from", "report", "--until", "report")
        sfs("run", "flows:Parent", "--workflow-id", "p1")

        shown = sfs("runs", "show", "d1").stdout

        assert re.search(r"^from +report", shown, re.MULTILINE)
        assert re.search(r"^until +report", shown, re.MULTILINE)
        assert re.search(r"^children +p1\.", sfs("runs", "show", "p1").stdout, re.MULTILINE)

    def test_a_name_and_a_limit_choose_the_steps(self, sfs: Sfs) -> None:
        steps = {f"a.{number}": StepRecord(state="completed") for number in range(300)}
        _put_run(FIRST, steps={**steps, "z.bad": StepRecord(state="failed", error="E: no")}, counts={"failed": 1})

        cut = sfs("runs", "show", "w")

        assert cut.stdout.splitlines()[-1].startswith("failed")
        assert "101 more steps are not shown" in cut.stderr
        assert len(document(sfs("runs", "show", "w", "--json"))["steps"]) == 301
        assert document(sfs("runs", "show", "w", "--step", "z", "--json"))["steps"].keys() == {"z.bad"}
        wrong = sfs("runs", "show", "w", "--step", "a.3OO")
        assert wrong.exit_code == 2
        assert "nearest: a.3" in wrong.stderr


class TestDiff:
    def test_tells_what_changed_between_the_last_two(self, sfs: Sfs) -> None:
        sfs("run", "flows:Failing", "one bad day", "--workflow-id", "d1")
        sfs(*DAILY, "--force", "report")

        result = sfs("runs", "diff", "d1")

        assert result.exit_code == 0
        facts = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
        assert re.search(r"failed +completed", facts["status"])
        assert re.search(r"failing +daily", facts["workflow"], re.IGNORECASE)
        assert re.search(r"\(none\) +report \(Asked for by --force\)", facts["force"])
        assert "one bad day" in facts["input"]
        assert "- " in result.stdout
        assert "+ " in result.stdout
        assert result.stderr.startswith("steps: 4 added, 2 gone, 0 as before")

    def test_of_each_step_it_tells_decision_reasons_errors_and_times(self, sfs: Sfs) -> None:
        steps = {
            "same": StepRecord(state="completed", seconds=1.0),
            "slow": StepRecord(state="completed", seconds=1.0),
            "noise": StepRecord(state="completed", seconds=0.01),
            "skips": StepRecord(state="completed", reasons=("asked",)),
            "fixed": StepRecord(state="failed", error="E: no"),
        }
        now = {
            "same": StepRecord(state="completed", seconds=1.2),
            "slow": StepRecord(state="completed", seconds=3.0),
            "noise": StepRecord(state="completed", seconds=0.3),
            "skips": StepRecord(state="skipped", run=False, reasons=("done",)),
            "fixed": StepRecord(state="completed"),
        }
        _put_run(FIRST, steps=steps)
        _put_run(SECOND, steps=now, version="2")

        text = sfs("runs", "diff", "w").stdout
        found = document(sfs("runs", "diff", "w", "--json"))

        assert "slower: 1.0s -> 3.0s (x3)" in text
        assert "reasons: asked -> done" in text
        assert "error: E: no -> (none)" in text
        assert found["changed"] == {"version": ["1", "2"]}
        changes = {step["name"]: step for step in found["steps"]}
        assert changes.keys() == {"slow", "skips", "fixed"}
        assert (changes["slow"]["seconds"], changes["slow"]["ratio"]) == ([1.0, 3.0], 3.0)
        assert changes["skips"]["changed"]["state"] == ["completed", "skipped"]
        assert found["unchanged"] == 2

    def test_compares_the_runs_that_are_named(self, sfs: Sfs) -> None:
        for number in range(3):
            _put_run(f"r{number}", version=str(number))

        for args, changed in (([], ["1", "2"]), (["-3"], ["0", "2"]), (["-1", "r0"], ["2", "0"])):
            assert document(sfs("runs", "diff", "w", *args, "--json"))["changed"]["version"] == changed

    @pytest.mark.parametrize("args", [["-1"], ["r0", "r0"], ["r9"]])
    def test_one_run_differs_from_none(self, sfs: Sfs, args: list[str]) -> None:
        _put_run("r0")
        _put_run("r1")

        assert sfs("runs", "diff", "w", *args).exit_code == 2

    def test_one_run_alone_is_wrong_use(self, sfs: Sfs) -> None:
        _put_run("r0")

        assert "has one run only" in sfs("runs", "diff", "w").stderr

    def test_what_records_hold_is_shown_and_not_obeyed(self, sfs: Sfs) -> None:
        text = "\x1b[31m\n\u202e[red]"
        step = StepRecord(state=text, reasons=(text,), error=text)
        _put_run("r0", steps={text: step}, force={text: text}, input={"args": [text]})
        _put_run("r1", steps={text: replace(step, reasons=()), f"{text}2": step}, status=text)

        for line in ("runs diff w", "runs diff w --json", "runs show w"):
            result = sfs(*line.split())

            assert result.exit_code == 0
            assert not {"\x1b", "\u202e"} & set(result.output)


def test_a_run_id_is_shortened_to_its_last_part() -> None:
    assert short_run(FIRST) == "5b1f0c"
    assert short_run("unknown") == "unknown"
    assert short_run("x" * 40) == f"{'x' * 12}..."


def test_works_on_s3(sfs: Sfs, bucket_url: str) -> None:
    place = ("--storage", bucket_url)
    sfs(*DAILY, *place)
    sfs(*DAILY, *place)

    found = document(sfs("runs", "diff", "d1", "--json", *place))

    assert {step["changed"]["state"][1] for step in found["steps"]} == {"skipped"}
    assert json.loads(sfs("runs", "show", "d1", "-1", "--json", *place).stdout)["counts"] == {"skipped": 4}
