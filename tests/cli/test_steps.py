from __future__ import annotations

import getpass
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simpleflow_steps.storage import DirectoryStorage, MemoryStorage, open_storage
from tests.cli.conftest import Sfs, document

Objects = Callable[[], dict[str, bytes]]
ALL = {"load", "report", "stats.2012", "stats.2013"}
DAILY = ("run", "flows:Daily", "--workflow-id", "d1")


@pytest.fixture
def done(sfs: Sfs) -> None:
    """Leave an execution behind whose steps are all done."""
    assert sfs(*DAILY).exit_code == 0


def _states(sfs: Sfs, *args: str) -> dict[str, str]:
    return {step["name"]: step["state"] for step in document(sfs("steps", "ls", "d1", "--json", *args))["steps"]}


class TestLs:
    def test_lists_names_states_times_and_sizes(self, sfs: Sfs, done: None) -> None:
        sfs("steps", "clear", "d1", "load", "--yes")

        result = sfs("steps", "ls", "d1")

        rows = [line.split() for line in result.stdout.splitlines()]
        assert [(row[0], row[-1]) for row in rows] == [
            ("invalidated", "load"),
            ("done", "report"),
            ("done", "stats.2012"),
            ("done", "stats.2013"),
        ]
        assert rows[0][3:5] == ["0", "B"]
        assert "3 done, 1 invalidated under d1/steps/ in file://" in result.stderr

    def test_costs_one_listing(self, sfs: Sfs, done: None, monkeypatch: pytest.MonkeyPatch) -> None:
        listed = []
        monkeypatch.setattr(DirectoryStorage, "get", lambda *_, **__: pytest.fail("a marker was read"))
        original = DirectoryStorage.list
        monkeypatch.setattr(DirectoryStorage, "list", lambda *args: listed.append(args) or original(*args))

        assert sfs("steps", "ls", "d1").exit_code == 0

        assert len(listed) == 1

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
        assert len(result.stdout.splitlines()) == 1


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

        assert document(sfs("steps", "show", "d1", "load", "--json")) == {
            "step": "load",
            "state": "invalidated",
            "key": "d1/steps/load",
        }

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


class TestMark:
    def test_marks_with_who_and_why_and_the_next_run_skips(self, sfs: Sfs) -> None:
        result = sfs("steps", "mark", "d1", "load", "--reason", "copied by hand", "--result", "21")

        assert result.exit_code == 0
        marker = document(sfs("steps", "show", "d1", "load", "--json"))
        who = f"{getpass.getuser()}@{socket.gethostname()}"
        assert marker["reasons"] == [f"Marked by hand by {who}: copied by hand"]
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
            (["new", "--storage", "gs://b"], "unknown storage"),
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

    def test_a_marker_written_meanwhile_is_left_alone(self, sfs: Sfs, monkeypatch: pytest.MonkeyPatch) -> None:
        storage = MemoryStorage("raced")
        original = MemoryStorage.list

        def listed(self: MemoryStorage, prefix: str = "") -> object:
            found = list(original(self, prefix))
            storage.put("d1/steps/a", b"theirs")
            return iter(found)

        monkeypatch.setattr(MemoryStorage, "list", listed)

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

    def test_to_clear_again_changes_nothing(self, sfs: Sfs, done: None) -> None:
        sfs("steps", "clear", "d1", "load", "--yes")

        result = sfs("steps", "clear", "d1", "load")

        assert result.exit_code == 0
        assert "nothing to clear" in result.stderr

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
    assert sfs("steps", "clear", "d1", "*", "--yes", *place).exit_code == 0
    assert set(_states(sfs, *place).values()) == {"invalidated"}
