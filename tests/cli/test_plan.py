from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from simpleflow_steps.storage import open_storage
from tests.cli.conftest import Sfs, document
from tests.step.test_steering import PRECEDENCE

RUN = ("run", "flows:Daily", "--workflow-id", "d1")


def test_a_plan_says_for_each_step_what_would_happen_and_why_and_changes_nothing(
    sfs: Sfs, objects: Callable[[], dict[str, bytes]]
) -> None:
    sfs(*RUN)
    before = objects()

    result = sfs(*RUN, "--force", "load", "--plan")

    assert result.exit_code == 0
    assert [re.split(r"  +", line) for line in result.stdout.splitlines()] == [
        ["run", "load", "Asked for by --force"],
        ["skip", "stats.2012", "Step was already played"],
        ["skip", "stats.2013", "Step was already played"],
        ["run", "report", "Dep of load"],
    ]
    assert "d1: 2 to run, 2 to skip; nothing was run" in result.stderr
    assert objects() == before


def test_a_plan_as_json_agrees_with_the_run_as_json(sfs: Sfs) -> None:
    sfs(*RUN)
    asked = (*RUN, "--from", "stats.2013", "--skip", "stats.2012", "--json")

    planned = document(sfs(*asked, "--plan"))["steps"]
    ran = {step["name"]: step for step in document(sfs(*asked))["steps"]}

    assert {step["name"]: (step["action"], step["forced"], step["reasons"]) for step in planned} == {
        name: ("skip" if step["state"] == "skipped" else "run", step["forced"], step["reasons"])
        for name, step in ran.items()
    }


def test_a_plan_of_an_execution_that_never_ran_says_that_nothing_is_known(sfs: Sfs) -> None:
    result = sfs(*RUN, "--plan", "--only", "load")

    assert result.stdout == ""
    assert "unknown: It never ran" in result.stderr


def test_a_name_that_matches_nothing_is_told_with_the_nearest(sfs: Sfs) -> None:
    sfs(*RUN)

    assert "no known step is called 'reprot'; nearest: report" in sfs(*RUN, "--plan", "--only", "reprot").stderr


def test_a_stopped_run_ends_well_and_says_how_to_resume(sfs: Sfs) -> None:
    result = sfs("run", "flows:Abc", "--workflow-id", "abc", "--until", "b")

    assert result.exit_code == 0
    assert "abc stopped in" in result.stderr
    assert "To resume: sfs resume abc flows:Abc (steps that are done are skipped)" in result.stderr
    assert re.search(r"^state +stopped", sfs("status", "abc").stdout, flags=re.MULTILINE)
    assert [(step["name"], step["state"]) for step in document(sfs("resume", "abc", "--json"))["steps"]] == [
        ("a", "skipped"),
        ("b", "skipped"),
        ("c", "completed"),
    ]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"steps": {"a\\u001b[31m": {"state": "completed"}}}', b"\xff" * 100])
def test_a_record_that_cannot_be_read_is_told_in_a_line(sfs: Sfs, body: bytes) -> None:
    sfs(*RUN)
    open_storage(".simpleflow").put("d1/runs/20990101T000000.000000Z-abcdef.json", body)

    result = sfs(*RUN, "--plan")

    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 4
    assert "\x1b" not in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(("lists", "played"), PRECEDENCE)
def test_the_command_line_keeps_the_same_precedence(sfs: Sfs, lists: dict[str, list[str]], played: list[str]) -> None:
    run = ("run", "flows:Abc", "--workflow-id", "abc", "--json")
    sfs(*run)

    options = [word for argument, names in lists.items() for name in names for word in (f"--{argument}", name)]
    steps = document(sfs(*run, *options))["steps"]

    assert [step["name"] for step in steps if step["state"] == "completed"] == played
