from __future__ import annotations

import getpass
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simpleflow_steps.storage import DirectoryStorage, MemoryStorage, open_storage
from simpleflow_steps.testing import CountingStorage
from tests.cli.conftest import Sfs, document

Objects = Callable[[], dict[str, bytes]]
ALL = {"load", "report", "stats.2012", "stats.2013"}
DAILY = ("run", "flows:Daily", "--workflow-id", "d1")


@pytest.fixture
def done(sfs: Sfs) -> None:
    """Leave an execution behind whose steps are all done."""
    assert sfs(*DAILY).exit_code == 0


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> CountingStorage:
    """Leave thousands of markers behind, and count what is asked of their storage."""
    storage = MemoryStorage()
    names = [f"group.{group}.{number}" for group in range(10) for number in range(29)]
    names = [f"{name}.{part}" for name in names for part in range(10)]
    for name in [*names, *(f"top.{number}" for number in range(10))]:
        storage.put(f"d1/steps/{name}", b'{"run_id": "r"}')
    counting = CountingStorage(storage)
    monkeypatch.setattr("simpleflow_steps.cli.markers.open_place", lambda _: counting)
    return counting


def _lease() -> bytes:
    """Read the lease; nothing if there is none yet."""
    path = Path(".simpleflow/d1/lease")
    return path.read_bytes() if path.exists() else b""


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _states(sfs: Sfs, *args: str) -> dict[str, str]:
    return {step["name"]: step["state"] for step in document(sfs("steps", "ls", "d1", "--json", *args))["steps"]}


class TestLs:
    def test_shows_a_tree_with_states_and_counts(self, sfs: Sfs, done: None) -> None:
        sfs("steps", "clear", "d1", "load", "stats.2013", "--yes")

        result = sfs("steps", "ls", "d1")

        titles, *rows = result.stdout.splitlines()
        column = titles.index("STEP")
        assert [(row.split("  ")[0], row[column:].split("   ")[0]) for row in rows] == [
            ("invalidated", "load"),
            ("done", "report  Dep of load"),
            ("1/2 done", "stats"),
            ("done", "  2012"),
            ("invalidated", "  2013"),
        ]
        assert "2 done, 2 invalidated under d1/steps/ in file://" in result.stderr

    def test_tells_how_long_which_run_and_how_large_the_result_is(self, sfs: Sfs, done: None) -> None:
        run_id = document(sfs("runs", "show", "d1", "--json"))["run_id"]

        titles, row = sfs("steps", "ls", "d1", "load").stdout.splitlines()

        assert titles.split() == ["STATE", "WHEN", "TOOK", "RUN", "RESULT", "STEP"]
        assert row.split()[3:] == ["0.0s", run_id[-6:], "1", "B", "load"]
        (step,) = document(sfs("steps", "ls", "d1", "load", "--json"))["steps"]
        assert (step["run_id"], step["result_size"], step["forced"]) == (run_id, 1, False)

    def test_says_what_was_forced_marked_by_hand_foreign_and_corrupt(self, sfs: Sfs, done: None) -> None:
        sfs(*DAILY, "--force", "report")
        sfs("steps", "mark", "d1", "mine", "--reason", "copied")
        storage = open_storage(".simpleflow")
        storage.put("d1/steps/old", b'{"run_id": "r", "workflow_id": "w", "version": "1"}')
        storage.put("d1/steps/odd", b"\x00")

        result = sfs("steps", "ls", "d1", "report", "mine", "old", "odd")

        rows = [re.split(r"\s{2,}", line) for line in result.stdout.splitlines()[1:]]
        told = {row[-2]: row[-1] for row in rows}
        assert told["report"] == "Asked for by --force"
        assert told["mine"].startswith("Marked by hand by ")
        assert told["old"] == "written by simpleflow, or by hand"
        assert told["odd"].startswith("corrupt: step 'odd'")
        rows = document(sfs("steps", "ls", "d1", "old", "odd", "mine", "--json"))["steps"]
        by_name = {row["name"]: row for row in rows}
        assert by_name["old"]["written_by"] == "simpleflow, or by hand"
        assert "is not JSON" in by_name["odd"]["problem"]
        assert by_name["mine"]["by_hand"]["why"] == "copied"

    def test_tells_which_steps_failed(self, sfs: Sfs) -> None:
        sfs("run", "flows:Failing", "--workflow-id", "d1")

        result = sfs("steps", "ls", "d1")

        assert [line.split()[0] for line in result.stdout.splitlines()] == ["STATE", "failed", "done"]
        assert result.stdout.splitlines()[1].endswith("ValueError: bad day")
        assert _states(sfs, "--state", "failed") == {"broken": "failed"}
        assert _states(sfs, "broken") == {"broken": "failed"}

    def test_tells_which_steps_run_now(self, sfs: Sfs, start: Callable[..., subprocess.Popen[str]]) -> None:
        start("run", "flows:Sleepy", "60", "--workflow-id", "d1", "--lease-ttl", "0.4")
        _until(lambda: b"long" in _lease())

        assert _states(sfs) == {"first": "done", "long": "running"}
        assert " is running" in sfs("steps", "ls", "d1").stderr
        (step,) = document(sfs("steps", "ls", "d1", "--state", "running", "--json"))["steps"]
        assert step["run_id"]

    def test_names_are_for_scripts_and_cost_one_listing(
        self, sfs: Sfs, done: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(DirectoryStorage, "get", lambda *_, **__: pytest.fail("something was read"))

        assert sfs("steps", "ls", "d1", "--names").stdout.split() == sorted(ALL)
        assert sfs("steps", "ls", "d1", "stats", "--names", "--state", "done").stdout.split() == [
            "stats.2012",
            "stats.2013",
        ]
        assert sfs("steps", "ls", "d1", "--names", "--state", "failed").exit_code == 2

    def test_only_the_rows_that_are_shown_are_read(self, sfs: Sfs, many: CountingStorage) -> None:
        result = sfs("steps", "ls", "d1", "--limit", "22")

        assert len(result.stdout.splitlines()) == 23
        assert sorted(many.operations.keys("get")) == ["d1/lease", *(f"d1/steps/top.{number}" for number in range(10))]
        assert many.operations.keys("list") == ["d1/steps/"]
        assert "2910 done" in result.stderr
        folded = [line for line in result.stdout.splitlines() if line.endswith(" ...")]
        assert [line.split()[0] for line in folded] == ["290/290"] * 10

    def test_a_name_narrows_the_listing_down(self, sfs: Sfs, many: CountingStorage) -> None:
        sfs("steps", "ls", "d1", "group.3", "--depth", "1")

        assert many.operations.keys("list") == ["d1/steps/group.3"]
        assert many.operations.keys("get") == ["d1/lease"]

    def test_of_a_flat_multitude_the_first_rows_are_shown(self, sfs: Sfs) -> None:
        sfs("steps", "mark", "d1", *(f"part{number}" for number in range(30)))

        result = sfs("steps", "ls", "d1", "--limit", "10")

        assert len(result.stdout.splitlines()) == 11
        assert "20 more steps are not shown" in result.stderr
        assert document(sfs("steps", "ls", "d1", "--limit", "10", "--json"))["hidden"] == 20

    def test_a_name_covers_what_is_under_it(self, sfs: Sfs, done: None) -> None:
        assert _states(sfs, "stats").keys() == {"stats.2012", "stats.2013"}
        assert _states(sfs, "stats.2013", "load").keys() == {"stats.2013", "load"}
        assert _states(sfs, "*").keys() == ALL

    def test_a_name_without_a_marker_is_an_error_with_the_nearest(self, sfs: Sfs, done: None) -> None:
        result = sfs("steps", "ls", "d1", "stat")

        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("error: no step 'stat' has a marker under d1/steps/ in file://")
        assert "; nearest: stats" in result.stderr

    def test_the_document_has_the_place_and_times(self, sfs: Sfs, done: None) -> None:
        found = document(sfs("steps", "ls", "d1", "load", "--json"))

        assert (found["workflow_id"], found["prefix"]) == ("d1", "d1/steps")
        assert found["storage"].startswith("file://")
        (step,) = found["steps"]
        assert step["modified"].startswith("20")
        assert step["size"] > 0

    def test_an_execution_without_steps_is_empty_and_leaves_nothing(self, sfs: Sfs, tmp_path: Path) -> None:
        result = sfs("steps", "ls", "unknown")

        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr.startswith("no steps under unknown/steps/ in file://")
        assert not (tmp_path / ".simpleflow").exists()

    def test_looks_under_another_prefix_and_in_another_storage(self, sfs: Sfs, tmp_path: Path) -> None:
        storage = open_storage(tmp_path / "other")
        storage.put("shared/place/a", b'{"run_id": "r"}')

        found = document(
            sfs("steps", "ls", "d1", "--json", "--storage", str(tmp_path / "other"), "--prefix", "shared/place/")
        )

        assert [step["name"] for step in found["steps"]] == ["a"]

    def test_names_are_shown_and_not_obeyed(self, sfs: Sfs) -> None:
        storage = MemoryStorage("hostile")
        storage.put("d1/steps/\x1b[31m[red]\n\u202e", b"x")

        result = sfs("steps", "ls", "d1", "--storage", "memory://hostile")

        assert r"\x1b[31m[red]\n\u202e" in result.stdout
        assert "\x1b" not in result.output
        assert len(result.stdout.splitlines()) == 2


class TestShow:
    def test_shows_the_marker_and_its_result(self, sfs: Sfs, done: None) -> None:
        shown = dict(line.split(maxsplit=1) for line in sfs("steps", "show", "d1", "load").stdout.splitlines())

        assert shown["step"] == "load"
        assert shown["state"] == "done"
        assert shown["workflow_id"] == "d1"
        assert shown["name"] == "daily"
        assert shown["result"] == "2"

    def test_the_document_has_the_same(self, sfs: Sfs, done: None) -> None:
        sfs(*DAILY, "--force", "report")

        found = document(sfs("steps", "show", "d1", "report", "--json"))

        assert (found["step"], found["state"], found["key"]) == ("report", "done", "d1/steps/report")
        assert (found["forced"], found["reasons"], found["result"]) == (True, ["Asked for by --force"], 4)

    def test_shows_a_result_that_lies_in_its_own_object(self, sfs: Sfs) -> None:
        sfs("steps", "mark", "d1", "big", "--result", json.dumps("x" * 100_000))

        found = document(sfs("steps", "show", "d1", "big", "--json"))

        assert found["result"] == "x" * 100_000
        assert found["result_key"].startswith("d1/results/big/")

    def test_an_invalidated_step_says_so(self, sfs: Sfs, done: None) -> None:
        sfs("steps", "clear", "d1", "load", "--yes")

        found = document(sfs("steps", "show", "d1", "load", "--json"))
        assert (found["step"], found["state"], found["key"]) == ("load", "invalidated", "d1/steps/load")
        assert "run_id" not in found

    def test_a_marker_of_simpleflow_is_shown_as_it_is(self, sfs: Sfs) -> None:
        open_storage(".simpleflow").put("d1/steps/old", b'{"run_id": "r", "workflow_id": "w", "version": "1"}')

        found = document(sfs("steps", "show", "d1", "old", "--json"))

        assert found["state"] == "done"
        assert found["written_by"].startswith("simpleflow")
        assert found["content"] == {"run_id": "r", "workflow_id": "w", "version": "1"}

    @pytest.mark.parametrize("body", [b"\x00\xff\x1b[31m", b"[1]", b"plain", b'{"nonce": 1}', b"x" * 2_000_000])
    def test_garbage_is_one_clear_error(self, sfs: Sfs, objects: Objects, body: bytes) -> None:
        open_storage(".simpleflow").put("d1/steps/odd", body)
        before = objects()

        result = sfs("steps", "show", "d1", "odd")

        assert (result.exit_code, result.stdout) == (1, "")
        (line,) = result.stderr.splitlines()
        assert line.startswith("error: step 'odd': ")
        assert "clear the step" in line
        assert "\x1b" not in line
        assert objects() == before

    def test_a_step_without_a_marker_is_an_error_with_the_nearest(self, sfs: Sfs, done: None) -> None:
        result = sfs("steps", "show", "d1", "reprot")

        assert (result.exit_code, result.stdout) == (2, "")
        assert "no step 'reprot' has a marker" in result.stderr
        assert "nearest: report" in result.stderr

    def test_results_and_reasons_are_shown_and_not_obeyed(self, sfs: Sfs) -> None:
        sfs("steps", "mark", "d1", "a", "--reason", "x\x1b[31m\n[red]", "--result", r'"\u001b]0;owned\u0007\u009b"')

        result = sfs("steps", "show", "d1", "a")

        assert r"x\x1b[31m\n[red]" in result.stdout
        assert r'"\u001b]0;owned\u0007\u009b"' in result.stdout
        assert not {"\x1b", "\x07", "\x9b"} & set(result.stdout)

    def test_tells_what_it_is_within_its_dependents_and_the_last_word(self, sfs: Sfs, done: None) -> None:
        sfs(*DAILY)

        found = document(sfs("steps", "show", "d1", "load", "--json"))

        assert (found["within"], found["dependents"]) == (None, ["report"])
        assert (found["last_run"]["state"], found["result_size"]) == ("skipped", 1)
        assert "dependents   report\n" in sfs("steps", "show", "d1", "load").stdout

    def test_a_step_that_failed_needs_no_marker(self, sfs: Sfs) -> None:
        sfs("run", "flows:Failing", "--workflow-id", "d1")

        result = sfs("steps", "show", "d1", "broken")

        assert result.exit_code == 0
        assert "state       failed\n" in result.stdout
        assert "ValueError: bad day" in result.stdout

    @pytest.mark.parametrize("length", [10_000, 200_000])
    def test_a_very_large_result_is_cut_on_a_terminal(self, sfs: Sfs, environment: dict[str, str], length: int) -> None:
        import pexpect

        sfs("steps", "mark", "d1", "big", "--result", json.dumps("x" * length))

        command = ["-m", "simpleflow_steps", "steps", "show", "d1", "big"]
        told = pexpect.run(f"{sys.executable} {' '.join(command)}", env=environment, timeout=20).decode()

        assert 3_900 < told.count("x") < 4_200
        assert "the result is cut here: --json shows all of it" in told
        assert sfs("steps", "show", "d1", "big").stdout.count("x") >= length


class TestMark:
    def test_marks_with_who_and_why_and_the_next_run_skips(self, sfs: Sfs) -> None:
        result = sfs("steps", "mark", "d1", "load", "--reason", "copied by hand", "--result", "21")

        assert result.exit_code == 0
        marker = document(sfs("steps", "show", "d1", "load", "--json"))
        who = f"{getpass.getuser()}@{socket.gethostname()}"
        assert marker["reasons"] == [f"Marked by hand by {who}: copied by hand"]
        assert (marker["by_hand"]["who"], marker["by_hand"]["why"]) == (who, "copied by hand")
        assert marker["by_hand"]["at"].startswith("20")
        assert (marker["workflow_id"], marker["result"]) == ("d1", 21)
        assert document(sfs(*DAILY))["report"] == 42

    def test_marks_several(self, sfs: Sfs) -> None:
        sfs("steps", "mark", "d1", "a", "b.c", "a")

        assert _states(sfs) == {"a": "done", "b.c": "done"}

    def test_a_cleared_step_can_be_marked(self, sfs: Sfs, done: None) -> None:
        sfs("steps", "clear", "d1", "load", "--yes")

        assert sfs("steps", "mark", "d1", "load").exit_code == 0
        assert _states(sfs)["load"] == "done"

    def test_force_marks_what_is_done(self, sfs: Sfs, done: None) -> None:
        assert sfs("steps", "mark", "d1", "load", "--force", "--result", "5").exit_code == 0
        assert document(sfs("steps", "show", "d1", "load", "--json"))["result"] == 5

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (["load", "new"], "load: done already; pass --force"),
            (["new", "a..b"], "step name 'a..b'"),
            (["new", "*"], "means every step"),
            (["new", "a/b"], "has a slash"),
            (["new", ""], "is empty"),
            (["new", "--result", "{"], "--result { is not JSON"),
            (["new", "--result", "@missing"], "--result @missing: No such file"),
            (["new", "more", "--result", "1"], "mark one NAME at a time"),
            (["new", "--prefix", "/"], "--prefix '/'"),
            (["new", "--storage", "ftp://b"], "unknown storage"),
        ],
    )
    def test_wrong_use_writes_nothing(self, sfs: Sfs, done: None, objects: Objects, args: list[str], said: str) -> None:
        before = objects()

        result = sfs("steps", "mark", "d1", *args)

        assert (result.exit_code, result.stdout) == (2, "")
        (line,) = result.stderr.splitlines()
        assert line.startswith("error: ")
        assert said in line
        assert objects() == before

    def test_the_document_names_what_was_marked(self, sfs: Sfs) -> None:
        marked = document(sfs("steps", "mark", "d1", "a.one", "b", "b", "--json"))

        assert marked["marked"] == ["a.one", "b"]
        assert (marked["workflow_id"], marked["prefix"]) == ("d1", "d1/steps")

    def test_a_marker_written_meanwhile_is_left_alone(self, sfs: Sfs, monkeypatch: pytest.MonkeyPatch) -> None:
        storage = MemoryStorage("raced")
        storage.put("d1/steps/a", b"")
        original = MemoryStorage.get

        def looked(self: MemoryStorage, key: str, **extra: Any) -> object:
            found = original(self, key, **extra)
            if key == "d1/steps/a" and not found:
                storage.put("d1/steps/a", b"theirs")
            return found

        monkeypatch.setattr(MemoryStorage, "get", looked)

        result = sfs("steps", "mark", "d1", "a", "--storage", "memory://raced")

        assert result.exit_code == 3
        assert storage.get("d1/steps/a") == b"theirs"


class TestClear:
    def test_clears_what_a_name_covers_and_nothing_else(self, sfs: Sfs, done: None) -> None:
        result = sfs("steps", "clear", "d1", "stats", "--yes")

        assert result.exit_code == 0
        assert "  stats.2012\n  stats.2013\ncleared 2 steps" in result.stderr
        assert _states(sfs) == {
            "load": "done",
            "report": "done",
            "stats.2012": "invalidated",
            "stats.2013": "invalidated",
        }

    def test_a_cleared_step_runs_again(self, sfs: Sfs, done: None) -> None:
        sfs("steps", "clear", "d1", "stats", "--yes")

        again = document(sfs(*DAILY, "--json"))

        ran = {step["name"] for step in again["steps"] if step["state"] == "completed"}
        assert ran == {"stats.2012", "stats.2013"}

    def test_clears_as_a_forced_run_does(self, sfs: Sfs, done: None, objects: Objects) -> None:
        before = objects()

        sfs("steps", "clear", "d1", "*", "--yes")

        after = objects()
        leases = [json.loads(each.pop("d1/lease")) for each in (before, after)]
        assert after == {key: b"" if "/steps/" in key else body for key, body in before.items()}
        assert [{**lease, "nonce": ""} for lease in leases] == [{**leases[0], "nonce": ""}] * 2

    def test_the_document_names_what_was_cleared_and_what_depends_on_it(self, sfs: Sfs, done: None) -> None:
        cleared = document(sfs("steps", "clear", "d1", "load", "--yes", "--json"))
        again = document(sfs("steps", "clear", "d1", "load", "--yes", "--json"))

        assert (cleared["cleared"], cleared["dependents"]) == (["load"], ["report"])
        assert (again["cleared"], again["dependents"]) == ([], [])

    def test_to_clear_again_changes_nothing(self, sfs: Sfs, done: None) -> None:
        sfs("steps", "clear", "d1", "load", "--yes")

        result = sfs("steps", "clear", "d1", "load")

        assert result.exit_code == 0
        assert "nothing to clear" in result.stderr

    def test_says_what_depends_on_a_step_and_leaves_it_alone(self, sfs: Sfs, done: None) -> None:
        result = sfs("steps", "clear", "d1", "load", "--yes")

        assert "these depend on them, and are cleared once they have run: report\n" in result.stderr
        assert _states(sfs)["report"] == "done"

    def test_dependents_are_cleared_too_if_asked_for(self, sfs: Sfs, done: None) -> None:
        result = sfs("steps", "clear", "d1", "load", "--with-dependents", "--yes")

        assert "  load\n  report\ncleared 2 steps" in result.stderr
        assert _states(sfs)["report"] == "invalidated"

    def test_says_that_a_step_inside_a_done_one_is_not_reached_alone(self, sfs: Sfs) -> None:
        sfs("run", "flows:Nested", "--workflow-id", "d1")

        result = sfs("steps", "clear", "d1", "inner", "--yes")

        assert "inside outer, which is done, and reached only if that runs too: inner\n" in result.stderr
        assert _states(sfs) == {"inner": "invalidated", "outer": "done", "after": "done"}

    def test_the_steps_around_are_cleared_too_if_asked_for(self, sfs: Sfs) -> None:
        sfs("run", "flows:Nested", "--workflow-id", "d1")

        sfs("steps", "clear", "d1", "inner", "--with-outer", "--with-dependents", "--yes")

        assert set(_states(sfs).values()) == {"invalidated"}

    def test_says_what_stays_done_inside(self, sfs: Sfs) -> None:
        sfs("run", "flows:Nested", "--workflow-id", "d1")

        result = sfs("steps", "clear", "d1", "outer", "--yes")

        assert "inside them and still done, so skipped when they run, unless you name them: inner\n" in result.stderr

    def test_nobody_to_ask_is_wrong_use(self, sfs: Sfs, done: None, objects: Objects) -> None:
        before = objects()

        result = sfs("steps", "clear", "d1", "*", input="y\n")

        assert result.exit_code == 2
        assert "error: nobody is here to be asked: pass --yes to clear 4 steps" in result.stderr
        assert objects() == before

    @pytest.mark.parametrize(
        ("names", "said"),
        [
            (["load", "stat"], "no step 'stat' has a marker"),
            (["a..b"], "step name 'a..b'"),
            ([""], "is empty"),
            (["load.deeper"], "no step 'load.deeper'"),
        ],
    )
    def test_wrong_names_clear_nothing(
        self, sfs: Sfs, done: None, objects: Objects, names: list[str], said: str
    ) -> None:
        before = objects()

        result = sfs("steps", "clear", "d1", *names, "--yes")

        assert result.exit_code == 2
        assert said in result.stderr
        assert objects() == before

    def test_a_long_list_is_cut_short(self, sfs: Sfs) -> None:
        sfs("steps", "mark", "d1", *(f"part.{number:02}" for number in range(30)))

        result = sfs("steps", "clear", "d1", "part", "--yes")

        assert "part.19\n  ... and 10 more\ncleared 30 steps\n" in result.stderr

    def test_a_marker_written_meanwhile_is_left_alone(self, sfs: Sfs, monkeypatch: pytest.MonkeyPatch) -> None:
        storage = MemoryStorage("raced too")
        storage.put("d1/steps/a", b"ours")
        original = MemoryStorage.list

        def listed(self: MemoryStorage, prefix: str = "") -> object:
            found = list(original(self, prefix))
            storage.put("d1/steps/a", b"theirs")
            return iter(found)

        monkeypatch.setattr(MemoryStorage, "list", listed)

        result = sfs("steps", "clear", "d1", "a", "--yes", "--storage", "memory://raced%20too")

        assert result.exit_code == 3
        assert storage.get("d1/steps/a") == b"theirs"


@pytest.mark.parametrize(("answer", "state"), [("y", "invalidated"), ("n", "done"), ("", "done")])
def test_a_person_is_asked(sfs: Sfs, done: None, environment: dict[str, str], answer: str, state: str) -> None:
    import pexpect

    terminal = pexpect.spawn(
        sys.executable, ["-m", "simpleflow_steps", "steps", "clear", "d1", "load"], env=environment, timeout=20
    )
    terminal.expect(r"  load\r\n.*Clear 1 step\? \[y/N\]: ")
    terminal.sendline(answer)
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert terminal.exitstatus == 0
    assert _states(sfs)["load"] == state


@pytest.mark.parametrize(("answer", "cleared"), [("y", {"inner", "outer"}), ("n", {"inner"})])
def test_a_person_is_offered_the_steps_around(
    sfs: Sfs, environment: dict[str, str], answer: str, cleared: set[str]
) -> None:
    import pexpect

    sfs("run", "flows:Nested", "--workflow-id", "d1")
    command = ["-m", "simpleflow_steps", "steps", "clear", "d1", "inner"]

    terminal = pexpect.spawn(sys.executable, command, env=environment, timeout=20)
    terminal.expect_exact("Clear outer too? [y/N]: ")
    terminal.sendline(answer)
    terminal.expect_exact("? [y/N]: ")
    terminal.sendline("y")
    terminal.expect(pexpect.EOF)
    terminal.close()

    assert {name for name, state in _states(sfs).items() if state == "invalidated"} == cleared


@pytest.mark.parametrize("workflow_id", ["", " ", "a/b", "..", "a\nb"])
@pytest.mark.parametrize("command", ["ls", "show", "mark", "clear"])
def test_an_impossible_id_is_wrong_use(sfs: Sfs, objects: Objects, command: str, workflow_id: str) -> None:
    result = sfs("steps", command, workflow_id, *([] if command == "ls" else ["a"]))

    assert result.exit_code == 2
    assert result.stderr.startswith("error: workflow_id=")
    assert not objects()


def test_works_on_s3(sfs: Sfs, bucket_url: str) -> None:
    place = ("--storage", bucket_url)

    assert sfs(*DAILY, *place).exit_code == 0
    assert _states(sfs, *place) == dict.fromkeys(sorted(ALL), "done")
    assert sfs("steps", "mark", "d1", "more", "--result", "[1]", *place).exit_code == 0
    assert document(sfs("steps", "show", "d1", "more", "--json", *place))["result"] == [1]
    assert sfs("steps", "mark", "d1", "load", *place).exit_code == 2
    assert sfs("steps", "mark", "d1", "load", "--force", *place).exit_code == 0
    assert sfs("steps", "clear", "d1", "*", "--yes", *place).exit_code == 0
    assert set(_states(sfs, *place).values()) == {"invalidated"}
