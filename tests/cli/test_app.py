from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.cli.conftest import Sfs

HEAVY = {"boto3", "botocore", "rich", "structlog", "pydantic", "pydantic_settings", "tenacity", "asyncio"}
DOCUMENTED = [
    *("run", "resume", "status", "signal", "gc", "lease show", "lease steal"),
    *("ls", "runs ls", "runs show", "runs diff", "steps ls", "steps show", "steps mark", "steps clear"),
]
PRINT_MODULES = """
import sys
sys.argv = ["sfs", *sys.argv[1:]]
from simpleflow_steps.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "line",
    ["--help", "version", "--version"]
    + [f"{each} --help" for each in ("completion", "steps", "lease", "runs", *DOCUMENTED)],
)
def test_help_and_version_load_nothing_heavy(line: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES, *line.split()],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )

    assert done.stdout
    assert not HEAVY & {name.partition(".")[0] for name in done.stderr.split()}


def test_importing_the_package_loads_no_part_of_it(environment: dict[str, str]) -> None:
    code = "import sys, simpleflow_steps; print(*[m for m in sys.modules if m.startswith('simpleflow_steps')])"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert sorted(done.stdout.split()) == ["simpleflow_steps", "simpleflow_steps.lazy"]


def test_every_public_name_is_there_when_asked_for() -> None:
    import simpleflow_steps
    import simpleflow_steps.storage

    for package in (simpleflow_steps, simpleflow_steps.storage):
        assert set(package.__all__) <= set(dir(package))
        assert all(getattr(package, name) for name in package.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = simpleflow_steps.nonsense


@pytest.mark.parametrize("command", DOCUMENTED)
def test_every_help_has_an_example(sfs: Sfs, command: str) -> None:
    result = sfs(*command.split(), "--help")

    assert result.exit_code == 0
    assert f"\n  sfs {command} " in result.stdout
    assert "SIMPLEFLOW_STORAGE" in result.stdout


def test_help_names_the_commands_and_the_exit_codes(sfs: Sfs) -> None:
    result = sfs("--help")

    assert {"run", "resume", "status", "signal", "lease", "runs", "steps", "version"} <= set(result.stdout.split())
    assert "130" in result.stdout


def test_both_ways_to_ask_for_the_version_agree(sfs: Sfs) -> None:
    assert sfs("version").stdout == sfs("--version").stdout
    assert sfs("version").stdout.startswith("simpleflow-steps ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rum", "No such command 'rum'. Did you mean 'run'"),
        ("run", "Missing argument"),
        ("run flows:Daily --frce x", "--force"),
        ("run flows:Daily --max-workers 0", "--max-workers"),
        ("run flows:Daily --log-level loud", "--log-level"),
        ("steps lst x", "No such command"),
        ("steps clear x", "Missing argument"),
    ],
)
def test_wrong_use_is_one_line_and_a_pointer_to_the_help(
    sfs: Sfs, objects: Callable[[], dict[str, bytes]], line: str, said: str
) -> None:
    result = sfs(*line.split())

    assert result.exit_code == 2
    assert result.stdout == ""
    error, pointer = result.stderr.splitlines()
    assert error.startswith("error: ")
    assert said in error
    assert pointer.startswith("Try ")
    assert not objects()


def test_without_a_command_the_help_is_shown(sfs: Sfs) -> None:
    result = sfs()

    assert result.exit_code == 2
    assert "Commands:" in result.stderr


def test_a_reader_that_leaves_early_is_no_error(environment: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "simpleflow_steps", "version"],
            env=environment,
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=20,
            check=False,
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (141, b"")
