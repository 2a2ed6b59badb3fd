from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from simpleflow_steps.cli.progress.notes import note_text
from simpleflow_steps.cli.progress.picture import Frame, Totals, draw
from simpleflow_steps.cli.progress.scene import Scene
from simpleflow_steps.execution.account import Account, ChildAccount, GroupAccount, RunningStep

DOCS = Path(__file__).parents[3] / "docs"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def _step(name: str, within: str | None = None, **facts: Any) -> RunningStep:
    return RunningStep(name=name, within=within, started=NOW - timedelta(seconds=5), **facts)


def _rows(account: Account, columns: int = 80, rows: int = 24, **children: Scene) -> list[str]:
    counts = account.counts or {"running": len(account.running)}
    scene = Scene(structs.replace(account, counts=counts), NOW, children)
    drawn = draw(scene, Totals(counts, 5.0, "w"), Frame(columns, rows))
    assert max(text.cell_len for text in drawn) <= columns
    return [text.plain.rstrip() for text in drawn]


def _names(rows: list[str]) -> list[str]:
    return [row[21:] for row in rows[:-1]]


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (None, ""),
        (0.3, "━━━───────── 30%"),
        (1.0, "━━━━━━━━━━━━ 100%"),
        (1234567, "1,234,567"),
        (2.5, "2.5"),
        (True, "true"),
        ("half\nway \x1b[31m", r"half way \x1b[31m"),
        ({"done": 3, "total": 10}, "━━━───────── 3/10"),
        ({"current": 9, "of": 10, "file": "x"}, "━━━━━━━━━━── 9/10  file x"),
        ({"rows": 3, "what": {"a": 1}}, 'rows 3, what {"a": 1}'),
        ({"done": 11, "total": 10}, "done 11, total 10"),
        ({"done": True, "total": 0}, "done true, total 0"),
        ([3, 10], "━━━───────── 3/10"),
        ([1, 2, 3], "[1, 2, 3]"),
        (10**400, None),
        ([1, 10**400], None),
        ({"done": 0.5, "total": 10**400}, None),
        (float("1e308"), None),
    ],
)
def test_a_heartbeat_is_shown_as_what_it_seems_to_be(note: Any, said: str | None) -> None:
    shown = note_text(note).plain

    assert said is None or shown == said


def test_steps_are_inside_the_steps_around_them_and_in_their_groups() -> None:
    account = Account(
        running=(_step("all"), _step("load.a", "all"), _step("load.b", "all"), _step("other"), _step("more.x")),
        groups={"load": GroupAccount(done=1, total=4, running=2, within="all"), "more": GroupAccount(total=2)},
    )

    assert _names(_rows(account)) == [
        "more  ──────────── 0/2",
        "└ more.x",
        "all",
        "└ load  ━━━───────── 1/4",
        "  ├ load.a",
        "  └ load.b",
        "other",
    ]


def test_a_step_and_the_group_of_its_name_are_one_row() -> None:
    groups = {"load": GroupAccount(done=2, total=4, failed=1)}

    rows = _rows(Account(running=(_step("load"), _step("load.c", "load", retries=2, attempt=3)), groups=groups))

    assert _names(rows) == ["load  ━━━━━━────── 2/4  1 failed", "└ load.c  attempt 3"]


def test_retries_of_several_activities_in_a_step_are_no_attempts_of_one() -> None:
    assert _names(_rows(Account(running=(_step("a", retries=9, attempt=2),)))) == ["a  9 retries"]


def test_a_child_is_under_the_step_that_started_it_with_its_own_steps() -> None:
    account = Account(running=(_step("a"),), children={"c": ChildAccount(workflow="C", step="a")})
    inner = Scene(Account(counts={"running": 1, "completed": 2}, running=(_step("x"),)), NOW)

    assert _names(_rows(account, c=inner)) == ["a", "└ c  workflow C  2 of 3 steps over", "  └ x"]


def test_what_failed_stays_in_sight_however_much_runs() -> None:
    running = tuple(_step(f"s{number}") for number in range(30))

    rows = _rows(Account(running=running, failed={"bad": "no luck"}), rows=10)

    assert rows[-3:-1] == ["failed               bad  no luck", "… 24 more running"]
    assert len(rows) == 9


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
@pytest.mark.parametrize("columns", [1, 5, 20, 47, 48])
def test_any_terminal_is_large_enough(columns: int, rows: int) -> None:
    account = Account(running=(_step("\u4f60" * 40, note="\u4f60" * 40),), failed={"\u0300" * 9: "e\u0301" * 99})

    assert 1 <= len(_rows(account, columns, rows)) <= max(rows, 2)


@pytest.mark.parametrize("within", ["a", "b"])
def test_steps_that_claim_to_be_inside_one_another_do_no_harm(within: str) -> None:
    assert _rows(Account(running=(_step("a", within), _step("b", "a"))))[-1].startswith("2 running")


def test_the_picture_in_the_documentation_is_what_a_run_shows(tmp_path: Path) -> None:
    drawn = tmp_path / "live.svg"
    subprocess.run([sys.executable, DOCS / "draw_live.py", drawn], check=True, capture_output=True, timeout=60)

    assert _text(drawn) == _text(DOCS / "live.svg")


def _text(picture: Path) -> list[str]:
    """Give what a picture says; how it is drawn is the library's."""
    return re.findall(r">([^<>\n]+)</text>", picture.read_text(encoding="utf-8"))
