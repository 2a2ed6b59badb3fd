from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from simpleflow_steps.storage import open_storage
from tests.cli.conftest import Sfs
from tests.examples.console import make_tools

Complete = Callable[[str], str]
RC = """
PS1='ready> '
bind 'set bell-style none'
bind 'set show-all-if-ambiguous on'
bind 'set enable-bracketed-paste off'
. ./sfs.bash
"""


@pytest.fixture
def complete(tmp_path: Path, environment: dict[str, str], sfs: Sfs) -> Iterator[Complete]:
    """Type a line into a real bash, press the tab key, and give the line as bash then has it."""
    tools = make_tools(tmp_path / "tools")
    (tools / "sfs").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "from simpleflow_steps.cli import main; main(prog_name=\'sfs\')" "$@"\n'
    )
    (tmp_path / "sfs.bash").write_text(sfs("completion", "bash").stdout)
    (tmp_path / "rc").write_text(RC)
    path = f"{tools}:{environment['PATH']}"
    bash = pexpect.spawn(
        "bash",
        ["--noprofile", "--rcfile", "rc", "-i"],
        env={**environment, "PATH": path, "TERM": "dumb"},
        timeout=20,
        encoding="utf-8",
        dimensions=(50, 400),
    )
    bash.expect_exact("ready> ")

    def typed(line: str) -> str:
        bash.send(f'{line}\t\x01echo e""nd # \r')
        bash.expect("\r\nend\r\n")
        return str(bash.before)

    yield typed
    bash.close(force=True)


@pytest.fixture
def done(sfs: Sfs) -> None:
    """Leave an execution behind."""
    assert sfs("run", "flows:Daily", "--workflow-id", "daily-20").exit_code == 0


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("sfs compl", "sfs completion"),
        ("sfs steps cle", "sfs steps clear"),
        ("sfs steps ls --na", "sfs steps ls --names"),
        ("sfs status dai", "sfs status daily-20"),
        ("sfs ls da", "sfs ls daily-20"),
        ("sfs steps show daily-20 re", "sfs steps show daily-20 report"),
        ("sfs steps ls daily-20 stats.2012 stats.2013 lo", "stats.2013 load"),
        ("sfs runs show daily-20 20", "sfs runs show daily-20 2026"),
        ("sfs run flows:Dai", "sfs run flows:Daily"),
        ("sfs run flows:Daily --workflow-id daily-20 --force rep", "--force report"),
        ("sfs run flows:Daily --workflow-id=daily-20 --force=rep", "--force=report"),
        ("sfs steps ls --state inv", "--state invalidated"),
    ],
)
def test_bash_completes(complete: Complete, done: None, line: str, whole: str) -> None:
    told = complete(line)
    if "runs show" in line:
        assert re.search(r"runs show daily-20 20\d{6}T\d{6}\.\d{6}Z-[0-9a-f]{6}", told)
    else:
        assert whole in told


def test_bash_offers_all_there_is(complete: Complete, done: None) -> None:
    told = complete("sfs steps ls daily-20 ")

    assert {"load", "report", "stats", "stats.2012", "stats.2013"} <= set(told.split())


def test_bash_offers_workflows_of_the_current_directory(complete: Complete) -> None:
    told = complete("sfs run flows:Failing")

    assert {"Failing", "FailingTwice"} <= set(told.split())


def test_bash_offers_workflows_of_a_package(complete: Complete, tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "__init__.py").write_text("")
    (tmp_path / "jobs" / "nightly.py").write_text("class Nightly(Workflow): ...\nclass Other: ...\nraise SystemExit\n")
    (tmp_path / "jobs" / "broken.py").write_text("class (")

    assert "sfs run jobs." in complete("sfs run job")
    assert "sfs run jobs.nightly:Nightly" in complete("sfs run jobs.")


def test_a_storage_named_before_is_looked_into(complete: Complete, tmp_path: Path) -> None:
    open_storage(tmp_path / "other").put("far-away/lease", b"x")

    url = (tmp_path / "other").as_uri()

    assert "far-away" in complete(f"sfs status --storage={url} far")
    assert "far-away" in complete(f"sfs status --storage {url} far")


@pytest.mark.parametrize("storage", ["ftp://nowhere", "s3://", "/dev/null/x"])
def test_an_error_is_never_printed(complete: Complete, storage: str) -> None:
    told = complete(f"sfs status --storage {storage} x")

    assert "rror" not in told
    assert "Traceback" not in told


def test_a_storage_that_is_slow_is_not_waited_for(complete: Complete, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"s3://bucket?endpoint_url=http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        told = complete(f"sfs status --storage '{url}' x")

    assert time.monotonic() - began < 15
    assert "rror" not in told


def test_of_very_many_steps_the_next_parts_are_offered(complete: Complete) -> None:
    storage = open_storage(".simpleflow")
    for number in range(300):
        storage.put(f"many/steps/a.{number % 3}.{number}", b"x")

    told = complete("sfs steps ls many a.")

    assert {"a.0", "a.1", "a.2"} <= set(told.split())
    assert "a.0.3" not in told


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_for_both_names_of_the_command(sfs: Sfs, shell: str) -> None:
    script = sfs("completion", shell).stdout

    assert f"_SFS_COMPLETE={shell}_complete" in script
    assert f"_SIMPLEFLOW_STEPS_COMPLETE={shell}_complete" in script
    assert script.count("2>/dev/null") >= 2


def test_help_teaches_to_install_it(sfs: Sfs) -> None:
    told = sfs("completion", "--help").stdout

    assert all(shell in told for shell in ("~/.bashrc", "~/.zshrc", "~/.config/fish/completions"))
    assert sfs("completion", "tcsh").exit_code == 2
