"""The runner and the fixtures, as a user's tests use them."""

from __future__ import annotations

import inspect
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity, futures
from simpleflow_steps.exceptions import LeaseLost, TaskFailed
from simpleflow_steps.testing import Crashes, Fault, FaultyStorage, ManualClock, Runner, SimulatedCrash, StepLog

pytestmark = pytest.mark.skipif(
    "clock" not in inspect.signature(LocalExecutor).parameters, reason="LocalExecutor takes no clock yet"
)


@activity.with_attributes()
def double(number: int) -> int:
    if number < 0:
        raise ValueError(number)
    return 2 * number


class Twice(Workflow, WorkflowStepMixin):
    name = "twice"

    def run(self, number: int = 1) -> int:
        doubled = self.submit(self.step("first", (double, number)))
        futures.wait(self.submit(self.start_timer("two hours", 7200)))
        result: int = self.submit(self.step("second", (double, doubled))).result
        return result


def test_gives_the_result_and_what_the_steps_did() -> None:
    played = Runner()(Twice, 5)

    assert played.result == 20
    assert played.log.ran == ["first", "second"]


def test_runs_again_on_the_same_storage() -> None:
    run = Runner()
    run(Twice, 5)
    again = run(Twice, 5)

    again.log.assert_skipped("first", "second", reason="Step was already played")
    assert again.result == 20


def test_time_costs_nothing() -> None:
    run = Runner(clock=ManualClock(auto=True))
    run(Twice)

    assert run.clock.monotonic() >= 7200


def test_takes_the_executors_arguments() -> None:
    run, heard = Runner(), StepLog()
    run(Twice, 5)
    played = run.options(force={"second": "new rules"}).options(on_event=heard)(Twice, number=5)

    played.log.assert_forced("second", reason="new rules")
    assert heard.ran == played.log.ran == ["second"]


def test_raises_what_the_run_raises_and_leaves_the_log_to_the_callers_own() -> None:
    log = StepLog()
    with pytest.raises(TaskFailed):
        Runner().options(on_event=log)(Twice, -1)

    log.assert_failed("first")


@pytest.mark.parametrize("nth", range(1, 40))
def test_a_crash_at_any_write_is_resumed(nth: int) -> None:
    run = Runner()
    storage = FaultyStorage(run.storage, [Fault(Crashes("after" if nth % 2 else "before"), nth=(nth + 1) // 2)])
    with suppress(SimulatedCrash, LeaseLost):  # the latter if the thread that renews the lease finds the crash first
        run.options(storage=storage)(Twice, 3)

    assert run(Twice, 3).result == 12


def test_a_crash_comes_out_of_the_run() -> None:
    run = Runner()
    storage = FaultyStorage(run.storage, [Fault(Crashes(), nth=1, key="*/steps/*")])

    with pytest.raises(SimulatedCrash):
        run.options(storage=storage)(Twice)


def test_the_fixtures_come_with_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["simpleflow_steps.testing.plugin"]\n')
    (tmp_path / "test_users.py").write_text(
        "from simpleflow_steps import Workflow, WorkflowStepMixin, activity\n"
        "\n"
        "@activity.with_attributes()\n"
        "def one() -> int:\n"
        "    return 1\n"
        "\n"
        "class One(Workflow, WorkflowStepMixin):\n"
        "    def run(self):\n"
        "        return self.submit(self.step('one', one)).result\n"
        "\n"
        "def test_one(sfs_run, sfs_storage, sfs_clock):\n"
        "    assert (sfs_run.storage, sfs_run.clock) == (sfs_storage, sfs_clock)\n"
        "    assert sfs_run(One).result == 1\n"
        "    sfs_run(One).log.assert_skipped('one')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(tmp_path)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
