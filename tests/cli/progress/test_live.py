from __future__ import annotations

import re
import time

import pytest

from simpleflow_steps.cli.text import width
from tests.cli.pseudo import ANSI, Terminal, everything, rows_of

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


def test_shows_what_runs_and_leaves_a_line_for_each_step(terminal: Terminal) -> None:
    child = terminal("run", "flows:Napping", "--workflow-id", "n", "--force", "nap.1")
    child.expect("running.*nap.1.*dozing")
    child.expect("3 running")

    raw = everything(child)

    text = ANSI.sub("", raw)
    assert child.exitstatus == 0
    for number in (1, 2, 3):
        assert len(re.findall(rf"completed +[\d.]+s  nap.{number}\b", text)) == 1
    assert "nap.1  Asked for by --force" in text
    assert "n completed in" in text
    assert "\x1b[32mcompleted" in raw
    assert raw.rindex(HIDE) < raw.rindex(SHOW)


def test_what_the_workflow_prints_stays_above_the_live_part(terminal: Terminal) -> None:
    text = ANSI.sub("", everything(terminal("run", "flows:Napping", "0.2")))

    assert len(re.findall(r"(?m)^\r?asleep for 0.2\r?$", text)) == 1


@pytest.mark.parametrize("columns", [40, 20])
def test_a_narrow_terminal_has_the_name_first_and_cuts_the_rest(terminal: Terminal, columns: int) -> None:
    child = terminal("run", "flows:Telling", "1", columns=columns)

    live = _narrow_rows(everything(child))

    assert live
    assert max(map(width, live)) <= columns
    assert (columns == 20) == any(line.endswith("…") for line in live)


def test_a_low_terminal_shows_as_much_as_it_can(terminal: Terminal) -> None:
    child = terminal("run", "flows:Napping", "0.3", rows=4)

    text = ANSI.sub("", everything(child))

    assert child.exitstatus == 0
    assert text.count("completed in") == 1


def test_a_terminal_may_change_its_size(terminal: Terminal) -> None:
    child = terminal("run", "flows:Napping", "1.5", "--force", "*", columns=120)
    child.expect("3 running")
    child.setwinsize(24, 40)
    time.sleep(0.3)
    before = len(child.logfile_read.getvalue())

    raw = everything(child)

    live = _narrow_rows(raw[before:])
    assert child.exitstatus == 0
    assert live
    assert max(map(width, live)) <= 40


def test_many_steps_scroll_by_under_few_pictures(terminal: Terminal) -> None:
    child = terminal("run", "flows:Many", "3000", "--storage", "memory://many", rows=20)

    text = ANSI.sub("", everything(child))

    assert len(re.findall(r"completed +\d+\.\ds  part\.\d{5}\b", text)) == 3000
    pictures = re.findall(r"\d+ running .*", text)
    assert len(pictures) < 200


def test_the_tree_has_steps_inside_steps_retries_heartbeats_and_children(terminal: Terminal) -> None:
    child = terminal("run", "flows:Telling", "1", "--workflow-id", "t", columns=100)

    rows = rows_of(everything(child))

    def seen(pattern: str) -> bool:
        return any(re.match(pattern, row) for row in rows)

    assert seen(r"running +[\d.]+s  load  [━─]{12} 1/3$")
    assert seen(r"running +[\d.]+s  [├└] load\.2  attempt 2  [━─]{12} 3/10  file x$")
    assert seen(r"running +[\d.]+s  tell  [━─]{12} 30%$")
    assert seen(r"child +[└├] t\.Whispering-\w+  workflow Whispering  0 of 1 step over$")
    assert seen(r"running +[\d.]+s  [│ ]*└ whisper  1,234$")
    assert seen(r"failed +broken  .*bad luck$")
    assert seen(r"\d running  1 completed  1 failed  1 waiting  [━─]{12} \d+%  [\d.]+s  t$")


def test_what_does_not_fit_is_counted(terminal: Terminal) -> None:
    child = terminal("run", "flows:Crowd", "40", "--max-workers", "40", rows=10)

    rows = rows_of(everything(child))

    assert "… 34 more running" in rows
    assert any(re.match(r"running +[\d.]+s  [├└] crowd\.0\b", row) for row in rows)


def test_a_terminal_without_utf_8_gets_plain_characters(terminal: Terminal) -> None:
    raw = everything(terminal("run", "flows:Telling", "1", PYTHONIOENCODING="ascii"))

    assert raw.isascii()
    assert re.search(r"running +[\d.]+s  tell  ###--------- 30%", raw)


def test_logs_and_hostile_names_do_not_disturb_the_terminal(terminal: Terminal) -> None:
    child = terminal("run", "flows:Hostile", "--workflow-id", "h", "--log-level", "info")

    raw = everything(child)

    assert r"evil[red]\u202e31m  because \x1b[31m of [bold]" in ANSI.sub("", raw)
    assert "step completed" in ANSI.sub("", raw)
    assert not re.search("\x1b\\[31m|\x1b\\]0|\u202e|\x07", raw)


def test_a_failure_gives_the_terminal_back(terminal: Terminal) -> None:
    child = terminal("run", "flows:Failing")

    raw = everything(child)

    assert child.exitstatus == 1
    assert raw.rindex(HIDE) < raw.rindex(SHOW) < raw.rindex("error: activity-flows.fail failed: ValueError: bad day")


def test_control_c_gives_the_terminal_back(terminal: Terminal) -> None:
    child = terminal("run", "flows:Sleepy")
    child.expect("running.*long.*dozing")
    child.sendintr()
    time.sleep(0.2)
    child.sendintr()

    raw = everything(child)

    assert child.exitstatus == 130
    assert "Traceback" not in raw
    assert raw.rindex(HIDE) < raw.rindex(SHOW) < raw.rindex("interrupted by SIGINT")


@pytest.mark.parametrize("variable", ["CI=true", "NO_COLOR=1", "TERM=dumb"])
def test_a_terminal_may_ask_for_plainrows_of(terminal: Terminal, variable: str) -> None:
    name, _, value = variable.partition("=")

    raw = everything(terminal("run", "flows:Daily", **{name: value}))

    assert "\x1b" not in raw
    assert re.search(r"\d\d:\d\d:\d\d completed +[\d.]+s  load", raw)


def test_json_on_a_terminal_is_plain(terminal: Terminal) -> None:
    raw = everything(terminal("run", "flows:Daily", "--json"))

    assert "\x1b" not in raw


def _narrow_rows(raw: str) -> list[str]:
    return [line for line in rows_of(raw) if re.match(r" *(tell|nap)(\.\d)? \d", line)]
