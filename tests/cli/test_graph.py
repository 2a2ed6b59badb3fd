from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simpleflow_steps.storage import open_storage
from tests.cli.conftest import Sfs, document

DAILY = ("run", "flows:Daily", "--workflow-id", "d1")


@pytest.fixture
def done(sfs: Sfs) -> None:
    """Leave an execution behind whose steps are all done."""
    assert sfs(*DAILY).exit_code == 0


def states(drawn: str) -> dict[str, str]:
    """Give the state of each box of a Mermaid graph, legend apart."""
    body = drawn.partition("subgraph legend")[0]
    return dict(re.findall(r'"\S ([\w.]+)(?:<br/>[^"]*)?"\S*:::s_(\w+)', body))


def test_an_execution_is_drawn_from_its_runs_and_markers(sfs: Sfs, done: None) -> None:
    sfs("steps", "clear", "d1", "stats.2013", "--yes")
    sfs("steps", "mark", "d1", "by.hand")

    drawn = sfs("graph", "d1")

    assert drawn.exit_code == 0
    assert states(drawn.stdout) == {
        "load": "done",
        "stats.2012": "done",
        "stats.2013": "invalidated",
        "report": "done",
        "by.hand": "done",
    }
    assert re.search(r'subgraph b\d+\["stats"\]', drawn.stdout)
    assert len(re.findall(r"^  b\d+ -.-> b\d+$", drawn.stdout, flags=re.MULTILINE)) == 1


def test_a_failure_shows_until_the_step_is_done(sfs: Sfs) -> None:
    sfs("run", "flows:Failing", "--workflow-id", "f1")
    failed = sfs("graph", "f1")
    sfs("steps", "mark", "f1", "broken")
    mended = sfs("graph", "f1")

    assert states(failed.stdout) == {"good": "done", "broken": "failed"}
    assert "No run came to its end yet (failed)" in failed.stderr
    assert states(mended.stdout) == {"good": "done", "broken": "done"}


def test_a_run_is_drawn_as_it_went(sfs: Sfs, done: None) -> None:
    run_id = document(sfs(*DAILY, "--force", "report", "--json"))["run_id"]

    drawn = sfs("graph", "d1", "--run", run_id)

    assert sfs("graph", "d1", "--run", run_id[-6:]).stdout == drawn.stdout
    assert sfs("graph", "d1", "--run=-1").stdout == drawn.stdout
    assert states(drawn.stdout) == {
        "load": "skipped",
        "stats.2012": "skipped",
        "stats.2013": "skipped",
        "report": "done",
    }


def test_a_child_workflow_is_a_box(sfs: Sfs) -> None:
    sfs("run", "flows:Parent", "--workflow-id", "p1")

    drawn = sfs("graph", "p1")

    assert re.search(
        r'subgraph b\d+\["✓ p1.Child#45;\w+ #40;Child#41;"\]\n    direction LR\n    b\d+\("✓ inner', drawn.stdout
    )


def test_a_workflow_that_never_ran_is_drawn_from_its_source(sfs: Sfs) -> None:
    drawn = sfs("graph", "flows:Daily", "3")

    assert drawn.exit_code == 0
    assert states(drawn.stdout) == {"load": "not_done", "report": "not_done"}
    assert "stats.#123;year#125;" in drawn.stdout
    assert "note: Nothing has run" in drawn.stderr


def test_a_workflow_and_its_input_name_an_execution(sfs: Sfs) -> None:
    sfs("run", "flows:Daily", "3")

    assert states(sfs("graph", "flows:Daily", "3").stdout)["stats.2012"] == "done"
    assert states(sfs("graph", "flows:Daily", "--input", '{"number": 3}').stdout)["stats.2012"] == "done"
    assert "Nothing has run" in sfs("graph", "flows:Daily", "4").stderr


def test_a_workflow_that_needs_input_is_drawn_without(sfs: Sfs) -> None:
    drawn = sfs("graph", "flows:Many")

    assert drawn.exit_code == 0
    assert "part.#123;number#125;" in drawn.stdout


def test_it_goes_to_a_file(sfs: Sfs, done: None, tmp_path: Path) -> None:
    written = sfs("graph", "d1", "--format", "dot", "--output", "d1.dot")

    assert written.stdout == ""
    assert (tmp_path / "d1.dot").read_text().startswith('digraph "d1" {')


def test_too_many_steps_are_folded(sfs: Sfs) -> None:
    sfs("run", "flows:Many", "60", "--workflow-id", "m1")

    assert "41 more#58;" in sfs("graph", "m1").stdout
    assert len(states(sfs("graph", "m1", "--fold", "0").stdout)) == 60


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["nosuch"], "execution 'nosuch' has no run"),
        (["d12"], "nearest: d1"),
        (["d1", "3"], "'d1' is an execution, which has its input"),
        (["d1", "--run", "x"], "has no run 'x'"),
        (["flows:Nosuch"], "has no 'Nosuch'"),
        (["d1", "--output", "no/such/place"], "No such file or directory; pass another --output"),
    ],
)
def test_wrong_use_is_one_clear_line(sfs: Sfs, done: None, args: list[str], told: str) -> None:
    result = sfs("graph", *args)

    assert result.exit_code == 2
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_run_that_is_at_work_shows_so_and_one_that_was_killed_too(
    sfs: Sfs, start: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start("run", "flows:Sleepy", "--workflow-id", "s1", "--lease-ttl", "2")
    deadline = time.monotonic() + 30
    while (drawn := states(sfs("graph", "s1").stdout)).get("long") != "running":
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.kill()
    process.communicate()
    killed = sfs("graph", "s1", "--run", document(sfs("runs", "ls", "s1", "--json"))["runs"][0]["run_id"])

    assert drawn == {"first": "done", "long": "running"}
    assert states(sfs("graph", "s1").stdout) == {"first": "done", "long": "not_done"}
    assert states(killed.stdout) == {"first": "done", "long": "unfinished"}


def test_it_is_drawn_from_a_bucket(sfs: Sfs, bucket_url: str) -> None:
    assert sfs("run", "flows:Parent", "--workflow-id", "p1", "--storage", bucket_url).exit_code == 0

    assert states(sfs("graph", "p1", "--storage", bucket_url).stdout) == {"inner": "done"}


def test_a_hostile_record_is_drawn_as_text(sfs: Sfs, done: None) -> None:
    storage = open_storage(".simpleflow")
    key = max(found.key for found in storage.list("d1/runs/"))
    record = json.loads(storage.get(key))
    evil = '"]; click b1 "javascript:alert(1)" \x1b\u202e'
    record["steps"][evil] = {"state": "<b>", "within": evil, "dependents": [evil, "*", "%%{init:{}}%%"]}
    record["children"] = {evil: {"workflow": evil, "step": evil}}
    storage.put(key, json.dumps(record).encode())

    for form in ("mermaid", "dot"):
        drawn = sfs("graph", "d1", "--format", form)
        assert drawn.exit_code == 0
        assert re.search("[\x1b\u202e]", drawn.output) is None
