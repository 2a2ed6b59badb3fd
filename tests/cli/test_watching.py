from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simpleflow_steps.cli.text import width
from simpleflow_steps.storage import open_storage
from tests.cli.conftest import Sfs, document
from tests.cli.pseudo import ANSI, Terminal, everything, rows_of

Start = Callable[..., "subprocess.Popen[str]"]
WATCH = ("status", "w", "--watch", "--interval", "0.2")
ESCAPES = "\x1b[31m\n\u202e[red]"


@pytest.fixture
def run(start: Start) -> Callable[..., subprocess.Popen[str]]:
    """Start a run in a process of its own, and wait until its lease names a running step."""

    def call(flow: str, *args: str) -> subprocess.Popen[str]:
        process = start("run", f"flows:{flow}", *args, "--workflow-id", "w", "--lease-ttl", "6")
        while True:
            lease = Path(".simpleflow/w/lease")
            if lease.exists() and json.loads(lease.read_bytes())["progress"].get("running"):
                return process
            assert process.poll() is None

    return call


def _change(**changes: Any) -> None:
    storage = open_storage(".simpleflow")
    storage.put("w/lease", json.dumps({**json.loads(storage.get("w/lease")), **changes}).encode())


def _until(watching: Any, text: str) -> str:
    """Read lines until one has the text, then have the run end."""
    lines = [watching.stdout.readline()]
    while text not in lines[-1]:
        lines.append(watching.stdout.readline())
        assert lines[-1], lines
    Path("enough").touch()
    return "".join(lines)


def test_a_line_for_each_change_until_the_run_ends(run: Any, start: Start) -> None:
    run("Telling", "60")
    watching = start(*WATCH)

    out = _until(watching, "load.2 (attempt 2, ")
    rest, err = watching.communicate(timeout=30)

    out += rest
    lines = out.splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d (running|finished) ", line) for line in lines)
    assert re.search(r"as of \d\.\ds ago", lines[0])
    assert "failed: broken" in lines[-1]
    assert not re.search("\x1b|\r", out)
    assert len(lines) == len(set(lines))
    assert err == ""


@pytest.mark.parametrize(("flow", "code"), [("Daily", 0), ("Failing", 1), ("Leaving", 1)])
def test_the_exit_code_tells_how_the_run_ended(sfs: Sfs, flow: str, code: int) -> None:
    sfs("run", f"flows:{flow}", "--workflow-id", "w")

    assert sfs(*WATCH).exit_code == code


def test_what_never_ran_is_wrong_use(sfs: Sfs) -> None:
    assert sfs(*WATCH).exit_code == 2


def test_json_is_one_document_a_line(run: Any, start: Start) -> None:
    run("Telling", "60")
    process = start(*WATCH, "--json")

    out = _until(process, '"note": 1234')
    out += process.communicate(timeout=30)[0]

    looks = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 0
    assert [looks[0]["state"], looks[-1]["state"]] == ["running", "finished"]
    assert looks[0]["progress"]["details"]["tell"]["note"] == 0.3
    assert any(child["progress"]["running"] == ["whisper"] for look in looks for child in look["children"].values())
    assert looks[-1]["progress"]["failed"]["broken"].endswith("bad luck")


def test_a_terminal_shows_the_picture_of_the_run(run: Any, terminal: Terminal) -> None:
    run("Telling", "60")
    child = terminal(*WATCH, columns=110)
    child.expect("whisper")
    Path("enough").touch()
    raw = everything(child)

    rows = rows_of(raw)
    assert child.exitstatus == 0
    assert any(re.match(r"running +[\d.]+s  [├└] load\.2  attempt 2  [━─]{12} 3/10  file x$", row) for row in rows)
    assert any(re.match(r"running +[\d.]+s  [│ ]*└ whisper  1,234$", row) for row in rows)
    assert any(re.search(r"1 waiting  [━─]{12} \d+%  [\d.]+s  as of [\d.]+s ago  w$", row) for row in rows)
    assert any(row.startswith("finished ") and "failed: broken" in row for row in rows)
    assert raw.count("\x1b[?25h") == 1


@pytest.mark.parametrize("columns", [40, 20])
def test_a_narrow_terminal_is_not_broken(run: Any, terminal: Terminal, columns: int) -> None:
    run("Telling", "60")
    child = terminal(*WATCH, columns=columns)
    child.expect(r"load\.2")
    Path("enough").touch()
    raw = everything(child)

    drawn = [row for row in rows_of(raw) if re.match(r" *(tell|load)(\.\d)? \d", row)]
    assert drawn
    assert max(map(width, drawn)) <= columns


@pytest.mark.parametrize("variable", ["CI=true", "NO_COLOR=1", "TERM=dumb"])
def test_a_terminal_may_ask_for_plain_lines(sfs: Sfs, terminal: Terminal, variable: str) -> None:
    sfs("run", "flows:Daily", "--workflow-id", "w")
    name, _, value = variable.partition("=")

    raw = everything(terminal(*WATCH, **{name: value}))

    assert re.fullmatch(r"\d\d:\d\d:\d\d finished +4 completed\r\n", raw)


def test_a_run_that_is_killed_has_crashed(run: Any, terminal: Terminal) -> None:
    process = run("Sleepy")
    child = terminal(*WATCH, columns=100)
    child.expect("running.*long.*dozing")
    process.kill()
    child.expect("crashed")

    text = ANSI.sub("", everything(child))
    assert child.exitstatus == 1
    assert "To resume: sfs resume w" in text


def test_a_run_on_another_machine_that_is_cut_off_is_stale_and_watched_on(run: Any, start: Start) -> None:
    process = run("Sleepy")
    process.kill()
    process.wait()
    holder = json.loads(Path(".simpleflow/w/lease").read_bytes())["holder"]
    _change(holder={**holder, "boot_id": "elsewhere"}, ttl=0.5)
    watching = start(*WATCH)

    seen = ""
    while "stale" not in seen:
        seen += watching.stdout.readline()
    assert watching.poll() is None
    _change(held=False, status="completed")

    assert "finished" in watching.communicate(timeout=30)[0]
    assert watching.returncode == 0


def test_a_hiccup_of_the_storage_is_said_and_waited_out(run: Any, start: Start) -> None:
    process = run("Sleepy")
    process.kill()
    process.wait()
    holder = json.loads(Path(".simpleflow/w/lease").read_bytes())["holder"]
    _change(holder={**holder, "boot_id": "elsewhere"}, ttl=3600)
    watching = start(*WATCH)
    first = watching.stdout.readline()
    shutil.move(".simpleflow", "away")
    second = watching.stdout.readline()
    shutil.move("away", ".simpleflow")
    third = watching.stdout.readline()
    _change(held=False, status="completed")

    assert "trying again" not in first + third
    assert "trying again" in second
    assert watching.wait(timeout=30) == 0


def test_control_c_ends_the_watch_and_leaves_the_run_alone(run: Any, start: Start, sfs: Sfs) -> None:
    process = run("Sleepy")
    watching = start(*WATCH)
    watching.stdout.readline()
    watching.send_signal(signal.SIGINT)

    _, err = watching.communicate(timeout=30)
    assert (watching.returncode, err) == (130, "interrupted by SIGINT\n")
    assert process.poll() is None
    assert document(sfs("status", "w", "--json"))["state"] == "running"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_what_a_lease_holds_is_shown_and_not_obeyed(sfs: Sfs, options: tuple[str, ...]) -> None:
    sfs("run", "flows:Daily", "--workflow-id", "w")
    step = {"started": ESCAPES, "within": ESCAPES, "note": {ESCAPES: ESCAPES}, "retries": ESCAPES}
    progress = {
        "steps": {"running": 1, "completed": 10**30, ESCAPES: 1},
        "running": [ESCAPES],
        "details": {ESCAPES: step},
        "groups": {ESCAPES: {"done": 3, "within": ESCAPES}},
        "failed": {ESCAPES: ESCAPES},
        "children": {ESCAPES: {"workflow": ESCAPES}},
    }
    _change(status=ESCAPES, workflow=ESCAPES, progress=progress, acquired="2026-11-20T00:00:00")

    result = sfs(*WATCH, *options)

    assert result.exit_code == 1
    assert not {"\x1b", "\u202e"} & set(result.output)


def test_a_hostile_account_does_not_disturb_the_terminal(run: Any, terminal: Terminal) -> None:
    process = run("Sleepy")
    process.kill()
    process.wait()
    lease = json.loads(Path(".simpleflow/w/lease").read_bytes())
    loop = {"a": {"within": "b", "note": ESCAPES}, "b": {"within": "a"}, ESCAPES: {"note": {ESCAPES: ESCAPES}}}
    progress = {
        **lease["progress"],
        "running": [*loop, "c"],
        "details": {**loop, "c": {"within": "c", "note": "\u4f60" * 500}},
        "groups": {"a": {"done": 7, "total": 3}, ESCAPES: {"total": 4}},
        "failed": {ESCAPES: ESCAPES},
    }
    times = {"acquired": "0001-01-01T00:00:00", "renewed": "9999-12-31T23:59:59-12:00", "ttl": 3600}
    _change(holder={**lease["holder"], "boot_id": "elsewhere"}, progress=progress, **times)
    child = terminal(*WATCH, columns=60)
    child.expect("as of|ago")
    child.sendintr()

    raw = everything(child)

    assert child.exitstatus == 130
    assert r"\x1b[31m\n\u202e[red]" in ANSI.sub("", raw)
    assert not re.search("\x1b\\[31m\n|\u202e", raw)
    assert max(width(row) for row in rows_of(raw) if row.startswith(("running", "failed")) and ";" not in row) <= 60


def test_a_run_in_a_bucket_is_watched(sfs: Sfs, bucket_url: str) -> None:
    sfs("run", "flows:Daily", "--workflow-id", "w", "--storage", bucket_url)

    result = sfs(*WATCH, "--storage", bucket_url)

    assert (result.exit_code, "4 completed" in result.stdout) == (0, True)
