"""Sessions in a shell, as documents show them: the commands, and what each printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_CHANGING = [
    (re.compile(r"\d{8}T\d{6}\.\d+Z-[0-9a-f]{6}"), "RUN-ID"),
    (re.compile(r"\b[0-9a-f]{6}\b"), "SHORT-ID"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "TIME"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "NONCE"),
    (re.compile(r"\b\d+(\.\d+)? ?s\b"), "SECONDS"),
    (re.compile(r" +\d+ B\b"), " SIZE"),
    (re.compile(r"file:///\S+/"), "DIRECTORY"),
]


@dataclass(frozen=True)
class Command:
    """A command and what it prints; a line of `...` in that stands for any lines."""

    text: str
    printed: str


def read_session(text: str) -> list[Command]:
    """Read lines of `$ command`, each with what it prints under it; a backslash at its end joins two lines."""
    commands: list[Command] = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = re.sub(r"\\\n\s*", "", part).partition("\n")
        commands.append(Command(command, printed))
    return commands


def run(command: str, place: Path, tools: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell in `place`, where `python` and `sfs` are those of this checkout."""
    return subprocess.run(
        ["bash", "-c", command],
        check=False,
        cwd=place,
        env=_environment(place, tools),
        text=True,
        capture_output=True,
        timeout=60,
    )


def assert_plays(session: str, place: Path, tools: Path) -> None:
    """Run every command of a session and compare what it prints with what the session says."""
    for command in read_session(session):
        ended = run(command.text, place, tools)
        assert matches(command.printed, ended.stdout), (
            f"$ {command.text}\n{ended.stdout}\nThe document says:\n{command.printed}\nOn stderr:\n{ended.stderr}"
        )


def matches(expected: str, printed: str) -> bool:
    """Tell whether a text is what a document says, apart from what differs from run to run."""
    lines = [_plain(line) for line in expected.strip("\n").splitlines()]
    pattern = "\n".join("(?:.*\n)*?.*" if line.strip() == "..." else re.escape(line) for line in lines)
    return re.fullmatch(pattern, "\n".join(_plain(line) for line in printed.strip("\n").splitlines())) is not None


def make_tools(place: Path) -> Path:
    """Make a directory with `python` and `sfs`."""
    place.mkdir()
    for name, start in (("python", ""), ("sfs", " -m tests.examples.sfs")):
        tool = place / name
        tool.write_text(f'#!/bin/sh\nexec "{sys.executable}"{start} "$@"\n')
        tool.chmod(0o755)
    return place


def _plain(line: str) -> str:
    for pattern, name in _CHANGING:
        line = pattern.sub(name, line)
    return line.rstrip()


def _environment(place: Path, tools: Path) -> dict[str, str]:
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(place), "LC_ALL": "C.UTF-8"}
