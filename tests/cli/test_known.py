from __future__ import annotations

import pytest

from simpleflow_steps.cli.known import alike
from simpleflow_steps.storage import MemoryStorage
from tests.cli.conftest import Sfs


def _storage(*workflow_ids: str) -> MemoryStorage:
    storage = MemoryStorage()
    for each in workflow_ids:
        storage.put(f"{each}/lease", b"{}")
    return storage


@pytest.mark.parametrize(
    ("meant", "said"),
    [
        ("daily-2O", "; nearest: daily-2"),
        ("da", "; nearest: daily-20, daily-21, daily-22"),
        ("daily-20", ""),
        ("unknown", ""),
    ],
)
def test_executions_called_alike_are_named(meant: str, said: str) -> None:
    storage = _storage(*(f"daily-{day}" for day in range(20, 30)), "other")

    assert alike(storage, meant).startswith(said)
    assert bool(alike(storage, meant)) == bool(said)


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["status", "--watch"],
        ["lease", "show"],
        ["resume"],
        ["runs", "ls"],
        ["runs", "show"],
        ["runs", "diff"],
        ["steps", "ls"],
        ["gc"],
        ["graph"],
        ["report"],
    ],
)
def test_every_command_names_the_execution_that_may_be_meant(sfs: Sfs, command: list[str]) -> None:
    sfs("run", "flows:Daily", "--workflow-id", "daily-20")

    said = sfs(*command, "daily-2O").stderr

    assert len(said.splitlines()) == 1
    assert "daily-20" in said.partition("; nearest")[2]


def test_so_does_one_that_looks_for_a_step(sfs: Sfs) -> None:
    sfs("run", "flows:Daily", "--workflow-id", "daily-20")

    for command in (["steps", "show"], ["steps", "ls"], ["steps", "clear"]):
        assert "; nearest execution: daily-20" in sfs(*command, "daily-2O", "load").stderr
