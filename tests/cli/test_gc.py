from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.cli import collecting
from simpleflow_steps.cli.editing import held
from simpleflow_steps.exceptions import LeaseHeld
from simpleflow_steps.execution import garbage, sweep
from simpleflow_steps.storage import DirectoryStorage, Storage, open_storage
from tests.apart import apart
from tests.cli.conftest import Sfs, document

Objects = Callable[[], dict[str, bytes]]
DAILY = ("run", "flows:Daily", "--workflow-id", "d1")
OLD_RUNS, OLD_RESULTS, RUNS = 15, 3, 30
LARGE = json.dumps("x" * 100_000)
# the n-th removal in this process comes with a signal to it
STRUCK = """
import os, sys, itertools
from simpleflow_steps.cli import main
from simpleflow_steps.storage import DirectoryStorage
signum, nth = map(int, sys.argv[1:3])
removals, delete = itertools.count(1), DirectoryStorage.delete
def struck(self, key):
    delete(self, key)
    if next(removals) == nth:
        os.kill(os.getpid(), signum)
DirectoryStorage.delete = struck
main(sys.argv[3:], prog_name="sfs")
"""


@activity.with_attributes()
def fill(count: int) -> str:
    return "x" * count


class Large(Workflow, WorkflowStepMixin):
    def run(self, number: int) -> int:
        filled = [self.submit(self.step(f"fill.{each}", (fill, 70_000 + number))) for each in range(4)]
        return {len(each.result) for each in filled}.pop()


def _run_when_free(number: int) -> Any:
    while True:
        with suppress(LeaseHeld):
            return LocalExecutor(Large, workflow_id="d1", force=["*"]).run(number)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let results be old as soon as they are written."""
    monkeypatch.setattr(sweep, "SETTLED", -timedelta(minutes=1))


@pytest.fixture
def left_over(sfs: Sfs, settled: None) -> None:
    """Leave an execution behind with old runs and results."""
    _leave(sfs)


def _leave(sfs: Sfs, workflow_id: str = "d1", place: str = ".simpleflow") -> None:
    assert sfs("run", "flows:Daily", "--workflow-id", workflow_id, "--storage", place).exit_code == 0
    for _ in range(OLD_RESULTS + 1):
        marking = sfs("steps", "mark", workflow_id, "big", "--result", LARGE, "--force", "--storage", place)
        assert marking.exit_code == 0
    _add_old_runs(open_storage(place), workflow_id)


def _add_old_runs(storage: Storage, workflow_id: str) -> None:
    newest = max(found.key for found in storage.list(f"{workflow_id}/runs/"))
    record = json.loads(storage.get(newest))
    for day in range(1, OLD_RUNS + 1):
        run_id = f"202001{day:02}T000000.000000Z-00000a"
        body = json.dumps({**record, "run_id": run_id, "started": f"2020-01-{day:02}T00:00:00Z"})
        storage.put(f"{workflow_id}/runs/{run_id}.json", body.encode())


def _gc(sfs: Sfs, *args: str) -> Any:
    return document(sfs("gc", *args, "--json"))


def _without_nonce(objects: dict[str, bytes]) -> dict[str, Any]:
    return {key: {**json.loads(body), "nonce": ""} if key.endswith("lease") else body for key, body in objects.items()}


class TestDryRun:
    def test_shows_what_would_go_why_and_how_much(self, sfs: Sfs, left_over: None) -> None:
        result = sfs("gc", "d1")

        lines = result.stdout.splitlines()
        assert result.exit_code == 0
        assert sum(line.startswith("run   ") and line.endswith("  older than the newest 10") for line in lines) == 6
        assert sum(line.startswith("result") and line.endswith("  no marker names it") for line in lines) == 3
        assert "100.0 kB" in lines[-1]
        assert "kept: 10 runs, " in result.stderr
        assert "kept: 1 result, 100.0 kB: its marker names it" in result.stderr
        assert "\n9 objects, " in result.stderr
        assert result.stderr.endswith("nothing was removed: pass --yes for that\n")

    def test_changes_nothing(self, sfs: Sfs, left_over: None, objects: Objects) -> None:
        before = objects()

        sfs("gc", "d1")
        sfs("gc", "--all")

        assert objects() == before

    def test_the_document_names_every_object(self, sfs: Sfs, left_over: None) -> None:
        found = _gc(sfs, "d1")

        (execution,) = found["executions"]
        assert (found["dry_run"], found["objects"], execution["removed"]) == (True, 9, False)
        assert found["bytes"] == sum(each["size"] for each in execution["going"])
        assert {each["kind"] for each in execution["going"]} == {"run", "result"}
        assert {"kind": "result", "why": "its marker names it", "doubt": False, "objects": 1, "bytes": 100_002} in (
            execution["kept"]
        )

    def test_a_long_list_is_cut_short(self, sfs: Sfs, settled: None) -> None:
        sfs(*DAILY)
        storage = open_storage(".simpleflow")
        for number in range(25):
            storage.put(f"d1/results/load/{number:032x}.json", b"1")

        result = sfs("gc", "d1")

        assert len(result.stdout.splitlines()) == 20
        assert "... and 5 more of d1; --json names them all" in result.stderr

    def test_what_is_found_is_shown_and_not_obeyed(self, sfs: Sfs, settled: None) -> None:
        sfs(*DAILY)
        open_storage(".simpleflow").put(f"d1/results/\x1b[31m\u202e/{'0' * 32}.json", b"1")

        result = sfs("gc", "d1")

        assert r"d1/results/\x1b[31m\u202e/" in result.stdout
        assert not {"\x1b", "\u202e"} & set(result.output)

    def test_an_execution_without_anything_leaves_nothing(self, sfs: Sfs, tmp_path: Path) -> None:
        result = sfs("gc", "unknown", "--yes")

        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr.startswith("nothing to remove of unknown in file://")
        assert not (tmp_path / ".simpleflow").exists()


class TestRemoval:
    def test_removes_what_the_dry_run_showed_and_nothing_else(
        self, sfs: Sfs, left_over: None, objects: Objects
    ) -> None:
        going = {each["key"] for each in _gc(sfs, "d1")["executions"][0]["going"]}
        before = objects()

        result = sfs("gc", "d1", "--yes")

        assert result.exit_code == 0
        assert result.stderr.splitlines()[-1].startswith("removed 9 objects, ")
        expected = {key: body for key, body in before.items() if key not in going}
        assert _without_nonce(objects()) == _without_nonce(expected)
        assert _gc(sfs, "d1")["objects"] == 0

    def test_the_next_run_goes_on_as_before(self, sfs: Sfs, left_over: None) -> None:
        sfs("gc", "d1", "--yes", "--keep-runs", "0")

        resumed = document(sfs("resume", "d1", "--json"))
        assert {step["state"] for step in resumed["steps"]} == {"skipped"}
        assert document(sfs("steps", "show", "d1", "big", "--json"))["result"] == "x" * 100_000

    def test_keeps_as_many_runs_as_asked_for(self, sfs: Sfs, left_over: None) -> None:
        assert sfs("gc", "d1", "--yes", "--keep-runs", "2").exit_code == 0

        assert document(sfs("runs", "ls", "d1", "--json"))["count"] == 2

    def test_keeps_the_young_ones(self, sfs: Sfs, left_over: None) -> None:
        assert not [each for each in _kinds(_gc(sfs, "d1", "--older-than", "5000d")) if each == "run"]
        assert len([each for each in _kinds(_gc(sfs, "d1", "--older-than", "10d")) if each == "run"]) == 6

    def test_a_result_written_just_now_stays(self, sfs: Sfs, left_over: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sweep, "SETTLED", garbage.SETTLED)

        assert set(_kinds(_gc(sfs, "d1"))) == {"run"}

    def test_with_nothing_to_remove_it_takes_no_lease(
        self, sfs: Sfs, left_over: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sfs("gc", "d1", "--yes")
        monkeypatch.setattr(collecting, "held", lambda *_: pytest.fail("the lease was taken"))

        assert sfs("gc", "d1", "--yes").exit_code == 0

    def test_a_result_that_a_marker_names_since_stays(
        self, sfs: Sfs, left_over: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        storage = open_storage(".simpleflow")
        marker = json.loads(storage.get("d1/steps/big"))
        orphan = next(found.key for found in storage.list("d1/results/") if found.key != marker["result_key"])
        original = collecting.held

        @contextmanager
        def after_a_run(*args: Any) -> Iterator[Any]:
            storage.put("d1/steps/big", json.dumps({**marker, "result_key": orphan}).encode())
            with original(*args) as check:
                yield check

        monkeypatch.setattr(collecting, "held", after_a_run)

        assert sfs("gc", "d1", "--yes").exit_code == 0

        assert document(sfs("steps", "show", "d1", "big", "--json"))["result"] == "x" * 100_000

    def test_keeps_another_one_out(self, sfs: Sfs, left_over: None, monkeypatch: pytest.MonkeyPatch) -> None:
        seen = []
        delete = DirectoryStorage.delete

        def meanwhile(self: DirectoryStorage, key: str) -> None:
            if not seen:
                seen.append(key)
                with pytest.raises(LeaseHeld), held(self, "d1"):
                    pass
            delete(self, key)

        monkeypatch.setattr(DirectoryStorage, "delete", meanwhile)

        assert sfs("gc", "d1", "--yes").exit_code == 0
        assert seen

    def test_works_on_s3(self, sfs: Sfs, settled: None, bucket_url: str) -> None:
        _leave(sfs, place=bucket_url)
        place = ("--storage", bucket_url)

        assert _gc(sfs, "d1", *place)["objects"] == 9
        assert sfs("gc", "--all", "--yes", *place).exit_code == 0

        assert _gc(sfs, "d1", *place)["objects"] == 0
        assert document(sfs("steps", "show", "d1", "big", "--json", *place))["result"] == "x" * 100_000
        assert document(sfs("runs", "ls", "d1", "--json", *place))["count"] == 10
        assert document(sfs("status", "d1", "--json", *place))["state"] == "finished"


def _kinds(found: Any) -> list[str]:
    return [each["kind"] for execution in found["executions"] for each in execution["going"]]


class TestInterruptions:
    @pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
    def test_one_that_is_struck_down_leaves_all_whole_and_the_next_goes_on(
        self, sfs: Sfs, left_over: None, environment: dict[str, str], objects: Objects, signum: int
    ) -> None:
        before = objects()
        going = {each["key"] for each in _gc(sfs, "d1")["executions"][0]["going"]}
        for path in Path(".simpleflow/d1/results").rglob("*.json"):
            os.utime(path, (0, 0))
        line = [sys.executable, "-c", STRUCK, str(int(signum)), "2", "gc", "d1", "--yes"]

        struck = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=False)

        gone = before.keys() - objects().keys()
        assert gone <= going
        assert len(gone) >= 2
        if signum != signal.SIGKILL:
            assert struck.returncode == 128 + signum
            assert "give the command again to go on" in struck.stderr
            assert not json.loads(objects()["d1/lease"])["held"]
        assert sfs("gc", "d1", "--yes").exit_code == 0
        assert before.keys() - objects().keys() == going
        assert document(sfs("steps", "show", "d1", "big", "--json"))["result"] == "x" * 100_000

    def test_a_live_run_keeps_it_out(
        self, sfs: Sfs, left_over: None, start: Callable[..., subprocess.Popen[str]], objects: Objects
    ) -> None:
        process = start("run", "flows:Sleepy", "--workflow-id", "d1")
        assert process.stderr is not None
        while "asleep" not in process.stderr.readline():
            pass
        before = objects().keys()

        result = sfs("gc", "d1", "--yes")

        assert result.exit_code == 3
        assert result.stderr.startswith("error: execution 'd1' is running: run ")
        assert "give the command again once that is over: sfs status d1 --watch" in result.stderr
        assert objects().keys() == before
        assert process.poll() is None

    def test_beside_runs_that_come_and_go_no_named_result_is_lost(self, sfs: Sfs, settled: None) -> None:
        running = apart(lambda: [_run_when_free(number) for number in range(RUNS)])
        codes = set()

        while not running.done():
            codes.add(sfs("gc", "d1", "--yes", "--keep-runs", "2").exit_code)

        assert running.result() == [70_000 + number for number in range(RUNS)]
        assert codes <= {0, 3}
        assert len(document(sfs("steps", "show", "d1", "fill.1", "--json"))["result"]) == 70_000 + RUNS - 1
        assert sfs("gc", "d1", "--yes", "--keep-runs", "2").exit_code == 0
        assert len(list(open_storage(".simpleflow").list("d1/results/"))) == 4
        assert document(sfs("runs", "ls", "d1", "--json"))["count"] == 2


class TestAll:
    def test_goes_through_every_execution(self, sfs: Sfs, settled: None) -> None:
        for workflow_id in ("d1", "d2"):
            _leave(sfs, workflow_id)
        open_storage(".simpleflow").put("shared/results/load/0.json", b"1")

        result = sfs("gc", "--all", "--yes")

        assert result.exit_code == 0
        assert "removed 18 objects, " in result.stderr
        assert "of 3 executions in file://" in result.stderr
        assert "kept: 1 result of shared, 1 B: no run of it is known here" in result.stderr
        assert _gc(sfs, "--all")["objects"] == 0

    def test_one_that_is_running_does_not_hold_up_the_others(
        self, sfs: Sfs, settled: None, start: Callable[..., subprocess.Popen[str]]
    ) -> None:
        for workflow_id in ("d1", "d2", "d3"):
            _leave(sfs, workflow_id)
        process = start("run", "flows:Sleepy", "--workflow-id", "d2")
        assert process.stderr is not None
        while "asleep" not in process.stderr.readline():
            pass

        result = sfs("gc", "--all", "--yes")

        assert result.exit_code == 3
        assert "error: 1 of 3 executions left as found\n  execution 'd2' is running" in result.stderr
        assert {row["workflow_id"] for row in _gc(sfs, "--all")["executions"] if row["going"]} == {"d2"}

    def test_a_lease_that_cannot_be_read_is_told_and_the_others_go_on(self, sfs: Sfs, settled: None) -> None:
        for workflow_id in ("d1", "d2"):
            _leave(sfs, workflow_id)
        open_storage(".simpleflow").put("d1/lease", b"{")

        result = sfs("gc", "--all", "--yes", "--json")

        assert result.exit_code == 1
        rows = {row["workflow_id"]: row for row in document(result)["executions"]}
        assert rows["d2"]["removed"]
        assert "sfs lease steal d1" in rows["d1"]["error"]

    def test_of_an_empty_storage_there_is_nothing(self, sfs: Sfs) -> None:
        assert "nothing to remove of 0 executions" in sfs("gc", "--all").stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([], "name one execution by its ID, or pass --all"),
        (["d1", "--all"], "name one execution by its ID, or pass --all"),
        (["--all", "--prefix", "x"], "--prefix 'x': name the key"),
        (["d1", "--prefix", "/"], "--prefix '/': name the key"),
        (["d1", "--older-than", "soon"], "'soon' is no duration"),
        (["d1", "--keep-runs", "-1"], "-1 is not in the range"),
        (["a/b"], "workflow_id='a/b'"),
    ],
)
def test_wrong_use_says_so(sfs: Sfs, objects: Objects, line: list[str], said: str) -> None:
    result = sfs("gc", *line)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert not objects()
