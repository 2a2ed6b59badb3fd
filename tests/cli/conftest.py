"""Workflows to run, in a module of the current directory, and the command line in this process and in another one."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest
import structlog
from click.testing import CliRunner, Result

from simpleflow_steps.cli import main
from tests.cli.pseudo import Terminal, spawn

ROOT = Path(__file__).parents[2]
FLOWS = Path(__file__).with_name("flows.py")

Sfs = Callable[..., Result]


@pytest.fixture(autouse=True)
def flows(tmp_path: Path) -> Iterator[Path]:
    """Put the module `flows` into the current directory, and forget it afterwards."""
    path, modules = list(sys.path), set(sys.modules)
    (tmp_path / "flows.py").write_text(FLOWS.read_text())
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def sfs() -> Sfs:
    """Run a command line in this process."""

    def call(*args: str, **extra: Any) -> Result:
        return CliRunner().invoke(main, [str(arg) for arg in args], **extra)

    return call


@pytest.fixture
def environment() -> dict[str, str]:
    """Give the environment of a person's terminal."""
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "COLUMNS", "LINES")}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command line in a process of its own, with pipes."""
    started: list[subprocess.Popen[str]] = []

    def call(*args: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "simpleflow_steps", *args],
            env={**environment, **env},
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # a test run in the background ignores SIGINT, and would hand that down
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads here
        )
        started.append(process)
        return process

    yield call
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def terminal(environment: dict[str, str]) -> Iterator[Terminal]:
    """Run a command line on a terminal of its own."""
    spawned: list[pexpect.spawn[str]] = []

    def call(*args: str, columns: int = 80, rows: int = 24, **env: str) -> pexpect.spawn[str]:
        spawned.append(spawn({**environment, **env}, *args, columns=columns, rows=rows))
        return spawned[-1]

    yield call
    for child in spawned:
        child.close(force=True)


@pytest.fixture
def objects(tmp_path: Path) -> Callable[[], dict[str, bytes]]:
    """Give everything in the default storage, to compare it with what it was."""

    def read() -> dict[str, bytes]:
        store = tmp_path / ".simpleflow"
        found = {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}
        return {key: body for key, body in found.items() if not key.startswith("%")}

    return read


def document(result: Result) -> Any:
    """Read the one JSON document that a command printed."""
    return json.loads(result.stdout)
