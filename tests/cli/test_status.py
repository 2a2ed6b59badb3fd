from __future__ import annotations

import json
from typing import Any

import pytest

from simpleflow_steps.storage import DirectoryStorage, open_storage
from tests.cli.conftest import Sfs, document

DAILY = ("run", "flows:Daily", "--workflow-id", "d1")
ESCAPES = "\x1b[31m\n\u202e[red]"


def _change(key: str, changes: dict[str, Any]) -> None:
    storage = open_storage(".simpleflow")
    storage.put(key, json.dumps({**json.loads(storage.get(key)), **changes}).encode())


def _run_key() -> str:
    (key,) = [found.key for found in open_storage(".simpleflow").list("d1/runs/")]
    return key


class TestStatus:
    def test_of_a_finished_execution_says_so(self, sfs: Sfs) -> None:
        sfs(*DAILY)

        shown = dict(line.split(maxsplit=1) for line in sfs("status", "d1").stdout.splitlines())

        assert (shown["state"], shown["workflow"], shown["steps"]) == ("finished", "daily", "4 completed")
        assert "last" in shown

    @pytest.mark.parametrize(
        ("flow", "state"), [("Failing", "failed"), ("Daily", "finished"), ("Leaving", "interrupted")]
    )
    def test_tells_how_the_last_run_ended(self, sfs: Sfs, flow: str, state: str) -> None:
        sfs("run", f"flows:{flow}", "--workflow-id", "d1")

        assert document(sfs("status", "d1", "--json"))["state"] == state

    def test_costs_one_read(self, sfs: Sfs, monkeypatch: pytest.MonkeyPatch) -> None:
        sfs(*DAILY)
        read = []
        get = DirectoryStorage.get
        monkeypatch.setattr(DirectoryStorage, "get", lambda *args, **extra: read.append(args[1]) or get(*args, **extra))
        monkeypatch.setattr(DirectoryStorage, "list", lambda *_: pytest.fail("something was listed"))

        assert sfs("status", "d1").exit_code == 0

        assert read == ["d1/lease"]

    @pytest.mark.parametrize("command", ["status", "lease show", "lease steal"])
    def test_what_never_ran_is_wrong_use(self, sfs: Sfs, command: str) -> None:
        result = sfs(*command.split(), "unknown")

        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("error: execution 'unknown' never ran in file://")

    def test_what_was_only_marked_by_hand_never_ran(self, sfs: Sfs) -> None:
        sfs("steps", "mark", "d1", "load", "--result", "2")

        assert sfs("status", "d1").exit_code == 2
        assert sfs(*DAILY).exit_code == 0

    def test_to_change_steps_by_hand_changes_no_status(self, sfs: Sfs) -> None:
        sfs("run", "flows:Failing", "--workflow-id", "d1")
        before = sfs("status", "d1").stdout

        sfs("steps", "clear", "d1", "*", "--yes")

        assert sfs("status", "d1").stdout == before

    @pytest.mark.parametrize("command", ["status", "lease show"])
    def test_what_a_lease_holds_is_shown_and_not_obeyed(self, sfs: Sfs, command: str) -> None:
        sfs(*DAILY)
        progress = {"steps": {ESCAPES: ESCAPES}, "running": [ESCAPES, 3], "heartbeats": {ESCAPES: [ESCAPES]}}
        _change("d1/lease", {"workflow": ESCAPES, "status": ESCAPES, "progress": progress})

        result = sfs(*command.split(), "d1")

        assert result.exit_code == 0
        assert not {"\x1b", "\u202e"} & set(result.output)
        assert r"\x1b[31m\n\u202e[red]" in result.stdout

    @pytest.mark.parametrize("progress", [{}, {"steps": 3, "running": 4, "heartbeats": "x"}, {"omitted": "too large"}])
    def test_any_progress_will_do(self, sfs: Sfs, progress: dict[str, Any]) -> None:
        sfs(*DAILY)
        _change("d1/lease", {"progress": progress})

        assert sfs("status", "d1").exit_code == 0

    def test_works_on_s3(self, sfs: Sfs, bucket_url: str) -> None:
        sfs(*DAILY, "--storage", bucket_url)

        found = document(sfs("status", "d1", "--json", "--storage", bucket_url))

        assert found["state"] == "finished"
        assert 0 <= found["age"] < 60
        assert document(sfs("runs", "ls", "d1", "--json", "--storage", bucket_url))["count"] == 1


class TestLease:
    def test_shows_all_that_it_holds(self, sfs: Sfs) -> None:
        sfs(*DAILY)

        found = document(sfs("lease", "show", "d1", "--json"))

        assert (found["held"], found["status"], found["ttl"]) == (False, "completed", 60)
        assert found["holder"]["pid"] > 0

    def test_nobody_to_ask_is_wrong_use(self, sfs: Sfs) -> None:
        sfs(*DAILY)
        _change("d1/lease", {"held": True})

        result = sfs("lease", "steal", "d1", input="y\n")

        assert result.exit_code == 2
        assert "pass --yes" in result.stderr
        assert document(sfs("lease", "show", "d1", "--json"))["held"] is True

    def test_a_free_one_needs_no_thief(self, sfs: Sfs) -> None:
        sfs(*DAILY)

        assert "nobody holds 'd1'" in sfs("lease", "steal", "d1").stderr

    def test_one_that_cannot_be_read_is_replaced(self, sfs: Sfs) -> None:
        open_storage(".simpleflow").put("d1/lease", b"\x1b garbage")
        refused = sfs(*DAILY)

        stolen = sfs("lease", "steal", "d1", "--yes")

        assert (refused.exit_code, stolen.exit_code) == (1, 0)
        assert "sfs lease steal d1" in refused.stderr
        assert sfs(*DAILY).exit_code == 0


class TestRuns:
    def test_lists_them_oldest_first(self, sfs: Sfs) -> None:
        sfs("run", "flows:Failing", "--workflow-id", "d1")
        sfs(*DAILY)

        result = sfs("runs", "ls", "d1")

        _, *lines = result.stdout.splitlines()
        assert [line.split()[0] for line in lines] == ["failed", "completed"]
        assert "bad day" in lines[0]
        assert result.stderr.startswith("2 runs of d1 in file://")

    def test_lists_the_last_ones(self, sfs: Sfs) -> None:
        for _ in range(3):
            sfs(*DAILY)

        result = sfs("runs", "ls", "d1", "--last", "2")

        assert len(result.stdout.splitlines()) == 3
        assert "1 earlier ones not shown" in result.stderr

    def test_one_that_cannot_be_read_hides_no_other(self, sfs: Sfs) -> None:
        open_storage(".simpleflow").put("d1/runs/0.json", b"\x1b")
        sfs(*DAILY)

        result = sfs("runs", "ls", "d1")

        assert [line.split()[0] for line in result.stdout.splitlines()[1:]] == ["unreadable", "completed"]
        found = document(sfs("runs", "ls", "d1", "--json"))
        assert [run["status"] for run in found["runs"]] == ["unreadable", "completed"]
        assert "\x1b" not in result.output

    def test_shows_the_last_one_or_the_one_that_is_named(self, sfs: Sfs) -> None:
        sfs(*DAILY, "--force", "report")
        first = document(sfs("runs", "show", "d1", "--json"))["run_id"]
        sfs(*DAILY)

        last = sfs("runs", "show", "d1").stdout
        named = sfs("runs", "show", "d1", first).stdout

        assert "Step was already played" in last
        assert "report (Asked for by --force)" in named
        assert "forced: Asked for by --force" in named

    def test_shows_retries(self, sfs: Sfs) -> None:
        sfs("run", "flows:Flaky", "--workflow-id", "d1")

        assert "shaky  1 retry" in sfs("runs", "show", "d1").stdout

    def test_the_traceback_is_there_if_asked_for(self, sfs: Sfs) -> None:
        sfs("run", "flows:Failing", "--workflow-id", "d1")

        assert "Traceback" not in sfs("runs", "show", "d1").stdout
        assert "traceback" not in document(sfs("runs", "show", "d1", "--json"))["error"]
        assert "Traceback" in sfs("runs", "show", "d1", "--traceback").stdout
        assert "Traceback" in document(sfs("runs", "show", "d1", "--traceback", "--json"))["error"]["traceback"]

    @pytest.mark.parametrize("args", [["unknown"], ["d1", "none"], ["d1", "../lease"]])
    def test_one_that_is_not_there_is_wrong_use(self, sfs: Sfs, args: list[str]) -> None:
        sfs(*DAILY)

        result = sfs("runs", "show", *args)

        assert (result.exit_code, result.stdout) == (2, "")
        assert "has no run" in result.stderr

    def test_what_a_record_holds_is_shown_and_not_obeyed(self, sfs: Sfs) -> None:
        sfs("run", "flows:Failing", "--workflow-id", "d1")
        error = {"type": ESCAPES, "message": ESCAPES, "traceback": ESCAPES}
        step = {"state": ESCAPES, "reasons": [ESCAPES], "error": ESCAPES}
        changes = {"error": error, "steps": {ESCAPES: step}, "force": {ESCAPES: ESCAPES}, "target": ESCAPES}
        _change(_run_key(), {**changes, "input": {"args": [ESCAPES], "kwargs": {}}, "status": ESCAPES})

        for line in ("runs show d1 --traceback", "runs ls d1", "runs show d1 --json", "runs ls d1 --json"):
            result = sfs(*line.split())

            assert result.exit_code == 0
            assert not {"\x1b", "\u202e"} & set(result.output)
