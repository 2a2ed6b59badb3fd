from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simpleflow_steps.storage import DirectoryStorage
from tests.cli.conftest import Sfs

DAILY = ("run", "flows:Daily", "--workflow-id", "d1")


@pytest.fixture
def done(sfs: Sfs) -> None:
    """Leave an execution behind whose steps are all done."""
    assert sfs(*DAILY).exit_code == 0


def test_a_page_is_written_beside_you(sfs: Sfs, done: None, tmp_path: Path) -> None:
    result = sfs("report", "d1")

    text = (tmp_path / "d1.html").read_text()
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr.startswith("wrote d1.html: 1 run, 4 steps, ")
    assert text.startswith("<!doctype html>")
    assert stat.S_IMODE((tmp_path / "d1.html").stat().st_mode) & 0o700 == 0o600


def test_it_may_go_to_the_standard_output(sfs: Sfs, done: None, tmp_path: Path) -> None:
    result = sfs("report", "d1", "--output", "-")

    assert result.stdout.startswith("<!doctype html>")
    assert list(tmp_path.glob("*.html")) == []


def test_a_page_is_replaced_as_a_whole(sfs: Sfs, done: None, tmp_path: Path) -> None:
    sfs("report", "d1", "--output", "page.html")
    sfs(*DAILY, "--force", "*")

    assert "2 runs" in sfs("report", "d1", "--output", "page.html").stderr
    assert [path.name for path in tmp_path.iterdir() if "page" in path.name or path.name.startswith(".sfs")] == [
        "page.html"
    ]


def test_results_may_be_left_out_and_no_marker_is_read(
    sfs: Sfs, done: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, original = [], DirectoryStorage.get
    monkeypatch.setattr(
        DirectoryStorage, "get", lambda *args, **extra: read.append(args[1]) or original(*args, **extra)
    )

    sfs("report", "d1", "--no-results")

    assert [key for key in read if "/steps/" in key] == []
    assert 'id="results">{}<' in (tmp_path / "d1.html").read_text()


def test_a_failed_run_is_told_with_its_error(sfs: Sfs, tmp_path: Path) -> None:
    sfs("run", "flows:Failing", "--workflow-id", "f1")
    sfs("report", "f1")

    text = (tmp_path / "f1.html").read_text()
    assert '"status":"failed"' in text
    assert "ValueError: bad day" in text


def test_it_is_told_from_a_bucket(sfs: Sfs, bucket_url: str, tmp_path: Path) -> None:
    assert sfs(*DAILY, "--storage", bucket_url).exit_code == 0

    assert "1 run, 4 steps" in sfs("report", "d1", "--storage", bucket_url).stderr
    assert '"title":"Result"' in (tmp_path / "d1.html").read_text()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["nosuch"], "execution 'nosuch' has no run"),
        (["d12"], "nearest: d1"),
        (["a/b"], "no slash"),
        (["../d1", "--prefix", "d1/steps"], "no slash"),
        (["d1", "--output", "no/such/page.html"], "No such file or directory; pass another --output"),
        (["d1", "--output", "-", "--open"], "--open needs a file"),
    ],
)
def test_wrong_use_is_one_clear_line(sfs: Sfs, done: None, args: list[str], told: str) -> None:
    result = sfs("report", *args)

    assert result.exit_code == 2
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_browser_opens_it(done: None, start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{tmp_path}/opened"\n')
    browser.chmod(0o755)

    process = start("report", "d1", "--open", BROWSER=f"{browser} %s", PATH=os.environ["PATH"])
    process.communicate(timeout=60)

    deadline = time.monotonic() + 10
    while not (tmp_path / "opened").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.returncode == 0
    assert (tmp_path / "opened").read_text().strip() == (tmp_path / "d1.html").as_uri()
