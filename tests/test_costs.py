"""What a run costs, counted and never timed: requests, function calls, imported modules.

A ceiling that has become far too high is lowered; one that is passed says that something has become dearer.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.canvas import Group
from simpleflow_steps.storage import MemoryStorage, Storage
from simpleflow_steps.testing import CountingStorage

ROOT = Path(__file__).parents[1]
FRESH = {"put": 4}  # of a run as such: its lease and its record, at its start and at its end
LATER = {"put": 5, "get": 1}  # the lease of the run before is found, read and replaced
CALLS = {  # function calls for each step more, in all threads, with Python 3.11
    ("row", "fresh"): 400,
    ("row", "resumed"): 145,
    ("group", "fresh"): 470,
    ("group", "resumed"): 200,
}


@activity.with_attributes()
def work(number: int) -> int:
    return number


class Steps(Workflow, WorkflowStepMixin):
    name = "steps"

    def run(self, number: int, shape: str) -> None:
        steps = [self.step(f"s.{each:04}", (work, each)) for each in range(number)]
        for submitted in [Group(*steps)] if shape == "group" else steps:
            assert self.submit(submitted).exception is None


def play(storage: Storage, number: int, shape: str = "row", **options: Any) -> None:
    LocalExecutor(Steps, storage=storage, workflow_id="w", **options).run(number, shape)


def requests(storage: Storage, number: int, **options: Any) -> Counter[str]:
    counting = CountingStorage(storage)
    play(counting, number, **options)
    return Counter(each.kind for each in counting.operations.of())


@pytest.mark.parametrize("shape", ["row", "group"])
def test_a_fresh_run_asks_for_the_list_once_and_for_one_put_a_step(shape):
    assert requests(MemoryStorage(), 20, shape=shape) == Counter(list=1, put=20) + Counter(FRESH)


@pytest.mark.parametrize("shape", ["row", "group"])
def test_a_resume_asks_for_the_list_alone(shape):
    storage = MemoryStorage()
    play(storage, 20)

    assert requests(storage, 20, shape=shape) == Counter(list=1) + Counter(LATER)


@pytest.mark.parametrize("shape", ["row", "group"])
def test_a_forced_run_asks_for_two_puts_a_step(shape):
    storage = MemoryStorage()
    play(storage, 20)
    of_the_waits = Counter(list=1)

    counted = requests(storage, 20, shape=shape, force=["s"])

    assert counted == Counter(list=1, put=2 * 20) + Counter(LATER) + of_the_waits


def calls(storage: Storage, number: int, shape: str) -> int:
    """Count the function calls of a run, in its own thread and in those that it starts."""
    counts: dict[int, int] = {}

    def count(frame: object, event: str, _: object) -> None:
        if event in ("call", "c_call"):
            thread = threading.get_ident()
            counts[thread] = counts.get(thread, 0) + 1

    threading.setprofile(count)
    sys.setprofile(count)
    try:
        play(storage, number, shape)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return sum(counts.values())


@pytest.mark.parametrize("shape", ["row", "group"])
def test_a_step_takes_no_more_calls_than_it_did(shape):
    few, many = MemoryStorage(), MemoryStorage()
    play(MemoryStorage(), 1)

    for what in ("fresh", "resumed"):
        before, after = calls(few, 100, shape), calls(many, 200, shape)

        assert (after - before) / 100 <= CALLS[shape, what]


HELP = """
import sys
from simpleflow_steps.cli import main
sys.argv = ["sfs", "--help"]
try:
    main()
except SystemExit:
    pass
"""
RUN = """
from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity

@activity.with_attributes()
def work():
    return 1

class Steps(Workflow, WorkflowStepMixin):
    name = "steps"

    def run(self):
        return self.submit(self.step("a", work)).result

assert LocalExecutor(Steps, storage="here", workflow_id="w").run() == 1
"""
OPEN = """
from simpleflow_steps.storage import open_storage
open_storage("s3://bucket/prefix?endpoint_url=http://localhost:1")
"""
LOADED = {  # our own modules, all modules, and the libraries
    "import simpleflow_steps": (2, 31, set()),
    HELP: (31, 115, {"click"}),
    OPEN: (17, 90, {"msgspec", "typing_extensions"}),
    RUN: (90, 200, {"msgspec", "typing_extensions"}),
}


def loaded_by(program: str, directory: Path) -> set[str]:
    """Name the modules that a program loads, beside those that Python itself has loaded before."""
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; before = set(sys.modules)\n{program}\nprint(*sys.modules.keys() - before)",
        ],
        cwd=directory,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(told.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("program", LOADED, ids=["import", "help", "open", "run"])
def test_no_more_modules_are_loaded_than_before(program, tmp_path):
    own, everything, libraries = LOADED[program]

    modules = loaded_by(program, tmp_path)

    outside = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - {"simpleflow_steps"}
    assert {name for name in outside if not name.startswith("_")} <= libraries
    assert len({name for name in modules if name.partition(".")[0] == "simpleflow_steps"}) <= own
    assert len(modules) <= everything
