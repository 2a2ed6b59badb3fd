"""SIGINT, SIGTERM and SIGHUP in a real process: what runs is finished and marked, nothing starts, the lease is free."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import simpleflow_steps
from simpleflow_steps.clock import SystemClock
from simpleflow_steps.execution.holder import Living
from simpleflow_steps.execution.lease import Lease, read_lease
from simpleflow_steps.executors.local.interruption import SIGNALS, heeded_signals
from simpleflow_steps.storage import DirectoryStorage, MemoryStorage
from tests.apart import apart
from tests.executors.local.conftest import LONG
from tests.runs import last_run

ROOT = Path(simpleflow_steps.__file__).parents[1]
PROLOGUE = """
import logging, sys, threading, time
from pathlib import Path
from simpleflow_steps import LocalExecutor, Step, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.events import StepFailed

class Heeds(logging.Handler):
    def emit(self, record):
        if record.getMessage().startswith("interrupted"):
            Path("heeded").touch()

log = logging.getLogger("simpleflow_steps")
log.setLevel("INFO")
log.addHandler(Heeds("INFO"))
log.addHandler(logging.lastResort)
log.propagate = False

def say(word):
    print(word, flush=True)

def tell(event):
    if isinstance(event, StepFailed) and event.step == "second":
        Path("dropped").touch()

@activity.with_attributes()
def work(name):
    say(name)
    while not Path("go").exists():
        time.sleep(0.01)

def run(*, options={}, **body):
    flow = type("Flow", (Workflow, WorkflowStepMixin), {"name": "flow", **body})
    return LocalExecutor(flow, **{"storage": "store", "workflow_id": "w", "max_workers": 1, **options}).run()

def three(self):
    steps = [self.submit(Step(name, (work, name))) for name in ("first", "second")]
    [step.result for step in steps]
    self.submit(Step("third", (work, "third"))).result
"""
ENDS = {signal.SIGINT: -signal.SIGINT, signal.SIGTERM: 143, signal.SIGHUP: 129}

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a script, which begins as above."""
    processes = []

    def start(text: str) -> subprocess.Popen[str]:
        (tmp_path / "script.py").write_text(PROLOGUE + textwrap.dedent(text))
        process = subprocess.Popen(
            [sys.executable, "script.py"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def make_lease() -> Iterator[Callable[[], Lease]]:
    """Hold the lease of the execution `w` in this process."""
    living = Living("here")

    def make() -> Lease:
        facts: dict[str, Any] = {"workflow_id": "w", "run_id": "here", "workflow": "flow"}
        lease = Lease(store(), **facts, ttl=600.0, margin=60.0, clock=SystemClock())
        lease.acquire("fail", threading.Event())
        return lease

    yield make
    living.end()


def heard(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    assert said == word, said + process.communicate()[1]


def heeded(process: subprocess.Popen[str], sign: str = "heeded") -> bool:
    """Wait until a signal was heeded, or what had not begun was `dropped`, and tell whether the process lives on."""
    deadline = time.monotonic() + LONG
    while not Path(sign).exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.1)
    return process.poll() is None


def go() -> None:
    Path("go").touch()


def store() -> DirectoryStorage:
    return DirectoryStorage(Path("store"))


def steps_done() -> list[str]:
    return [found.key.removeprefix("w/steps/") for found in store().list("w/steps/") if found.size]


def status() -> tuple[bool, str, str]:
    lease = read_lease(store(), "w")
    assert lease is not None
    return lease[0].held, lease[0].status, last_run(store(), "w").status


@pytest.mark.parametrize("number", ENDS, ids=lambda number: number.name)
def test_what_runs_is_finished_and_marked_and_nothing_starts(start, number):
    process = start("run(run=three)")
    heard(process, "first")
    process.send_signal(number)
    waits = heeded(process)
    go()
    told, errors = process.communicate(timeout=LONG)

    assert waits
    assert (told, process.returncode) == ("", ENDS[number]), errors
    assert steps_done() == ["first"]
    assert status() == (False, "interrupted", "interrupted")


def test_the_next_run_goes_on_from_there(start):
    process = start("run(run=three)")
    heard(process, "first")
    process.send_signal(signal.SIGTERM)
    go()  # the signal may come to the run's thread after the end of the first activity
    before, _ = process.communicate(timeout=LONG)

    told, errors = start("run(run=three)").communicate(timeout=LONG)

    assert ([*before.split(), *told.split()], errors) == (["second", "third"], "")


def test_what_takes_longer_than_the_grace_period_is_given_up(start):
    process = start("run(run=three, options={'grace_period': 0.3})")
    heard(process, "first")
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=LONG)

    assert (told, process.returncode) == ("", -signal.SIGINT)
    assert errors.endswith("KeyboardInterrupt\n")
    assert (steps_done(), status()) == ([], (False, "interrupted", "interrupted"))


def test_a_second_signal_leaves_at_once(start):
    process = start("run(run=three, options={'grace_period': 600})")
    heard(process, "first")
    process.send_signal(signal.SIGTERM)
    waits = heeded(process)
    process.send_signal(signal.SIGTERM)
    told, errors = process.communicate(timeout=LONG)

    assert waits
    assert (told, process.returncode) == ("", 143), errors
    assert (steps_done(), status()) == ([], (False, "interrupted", "interrupted"))


def test_a_signal_reaches_what_run_itself_does(start):
    process = start("""
        def busy(self):
            say("busy")
            time.sleep(600)

        run(run=busy)
    """)
    heard(process, "busy")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LONG)

    assert errors.endswith("KeyboardInterrupt\n")
    assert status() == (False, "interrupted", "interrupted")


def test_children_finish_what_they_run(start):
    process = start("""
        class Child(Workflow, WorkflowStepMixin):
            run = three

            @classmethod
            def get_workflow_id(cls):
                return "child"

        run(run=lambda self: self.submit(Child).result, options={"on_event": tell})
    """)
    heard(process, "first")
    process.send_signal(signal.SIGTERM)
    heeded(process, "dropped")
    go()
    told, errors = process.communicate(timeout=LONG)

    assert (told, process.returncode) == ("", 143), errors
    assert [found.key for found in store().list("child/steps/")] == ["child/steps/first"]
    lease = read_lease(store(), "child")
    assert lease is not None
    assert not lease[0].held


def test_an_exit_in_run_lets_what_runs_finish(start):
    process = start("""
        def leaves(self):
            self.submit(Step("first", (work, "first")))
            self.submit(self.start_timer("a moment", 0.5)).wait()
            sys.exit(5)

        run(run=leaves)
    """)
    heard(process, "first")
    waits = heeded(process)
    go()
    told, errors = process.communicate(timeout=LONG)

    assert waits
    assert (told, errors, process.returncode) == ("", "", 5)
    assert (steps_done(), status()) == (["first"], (False, "interrupted", "interrupted"))


def test_an_interrupted_wait_for_the_lease_leaves_it_alone(start, make_lease):
    holder = make_lease()
    process = start("""
        threading.Timer(0.5, say, ["waiting"]).start()
        run(run=three, options={"on_conflict": "wait"})
    """)
    heard(process, "waiting")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LONG)

    assert errors.endswith("KeyboardInterrupt\n")
    assert list(store().list("w/runs/")) == []
    lease = read_lease(store(), "w")
    assert lease is not None
    assert (lease[0].held, lease[0].run_id) == (True, holder.record.run_id)


def test_the_applications_own_handler_decides_what_a_signal_means(start):
    process = start("""
        import signal

        class Stop(Exception): ...

        def stop(number, frame):
            raise Stop(number)

        signal.signal(signal.SIGTERM, stop)
        try:
            run(run=three, options={"on_event": tell})
        except Stop as stopped:
            say(f"stopped by {stopped}")
    """)
    heard(process, "first")
    process.send_signal(signal.SIGTERM)
    heeded(process, "dropped")
    go()
    told, errors = process.communicate(timeout=LONG)

    assert (told, errors, process.returncode) == ("stopped by 15\n", "", 0)
    assert steps_done() == ["first"]
    assert status()[0] is False


def test_a_signal_that_is_ignored_stays_so(start):
    process = start("""
        import signal
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        run(run=three)
    """)
    heard(process, "first")
    process.send_signal(signal.SIGHUP)
    go()
    told, errors = process.communicate(timeout=LONG)

    assert (told.split(), errors, process.returncode) == (["second", "third"], "", 0)


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


def test_the_handlers_are_as_before_after_a_run(local):
    before, during = handlers(), []

    local(lambda self: during.extend(handlers())).run()

    assert handlers() == before
    assert not set(during) & set(before)


def test_a_run_in_another_thread_leaves_the_handlers_alone(local):
    before, during = handlers(), []

    apart(local(lambda self: during.extend(handlers())).run).result(LONG)

    assert during == before


def test_a_handler_that_is_held_back_runs_once_it_may():
    held: list[Callable[[], object]] = []

    with heeded_signals(lambda act: held.append(act) is None):
        signal.raise_signal(signal.SIGINT)
        (act,) = held
        with pytest.raises(KeyboardInterrupt):
            act()


def test_a_handler_that_is_held_back_acts_at_the_latest_when_the_run_ends():
    block = heeded_signals(lambda _: True)
    block.__enter__()
    signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        block.__exit__(None, None, None)


class Interrupting(MemoryStorage):
    """Sends a signal to this process while a lease is given back."""

    def put(self, key: str, body: bytes, **condition: Any) -> str:
        if key.endswith("/lease") and not json.loads(body)["held"]:
            signal.raise_signal(signal.SIGINT)
        return super().put(key, body, **condition)


def test_a_signal_that_comes_while_a_run_ends_waits_for_its_end(local):
    storage = Interrupting()

    with pytest.raises(KeyboardInterrupt):
        local(lambda self: None, storage=storage, workflow_id="w").run()

    lease = read_lease(storage, "w")
    assert lease is not None
    assert (lease[0].held, lease[0].status, last_run(storage, "w").status) == (False, "completed", "completed")


def test_a_signal_that_comes_between_two_runs_of_an_execution_is_heeded_there(local):
    storage, seen = Interrupting(), []

    def endless(self, generation=0):
        seen.append(generation)
        self.continue_as_new(generation + 1)

    with pytest.raises(KeyboardInterrupt):
        local(endless, storage=storage, workflow_id="w").run()

    lease = read_lease(storage, "w")
    assert lease is not None
    assert (seen, lease[0].held, lease[0].status) == ([0], False, "continued")
