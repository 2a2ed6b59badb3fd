"""Each run holds the lease of its execution and keeps a record of itself."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from simpleflow_steps import Chain, Group, LocalExecutor, Step, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.events import RunFinished
from simpleflow_steps.exceptions import InvalidInput, LeaseHeld, LeaseLost, TaskFailed, WorkflowFailed
from simpleflow_steps.execution.lease import read_lease, steal_lease
from simpleflow_steps.execution.record import RunRecord, read_run, run_ids, status_of
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.testing import (
    CountingStorage,
    Crashes,
    Fails,
    Fault,
    FaultyStorage,
    ManualClock,
    Pauses,
    SimulatedCrash,
)
from tests.apart import apart
from tests.executors.activities import broken, echo, thrice
from tests.executors.local.conftest import LONG, Gate
from tests.runs import last_run

TTL = 60.0


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def executor(storage: MemoryStorage) -> Callable[..., LocalExecutor]:
    """Make an executor of the execution `w` for a function as a workflow's `run`."""

    def make(run: Callable[..., Any], **options: Any) -> LocalExecutor:
        workflow = type("Flow", (Workflow, WorkflowStepMixin), {"run": run})
        return LocalExecutor(workflow, **{"storage": storage, "workflow_id": "w", **options})

    return make


def through(gate: Gate) -> Callable[..., Any]:
    """Give a `run` whose only step is an activity that waits at a gate."""
    pause = activity.with_attributes(name="pause")(gate.enter)
    return lambda self: self.submit(Step("pause", pause)).result


def steps_done(storage: MemoryStorage) -> list[str]:
    return [found.key for found in storage.list("w/steps/")]


def test_a_second_run_fails_at_once_and_says_who_is_there(executor, gate):
    first = apart(executor(through(gate)).run)
    assert gate.reached()

    with pytest.raises(
        LeaseHeld, match=r"execution 'w' is running: run \S+ by \S+@\S+ \(pid \d+\).*on_conflict='wait'"
    ):
        executor(through(gate)).run()
    gate.open()

    assert first.result(LONG) is None


def test_a_second_run_may_wait_and_then_goes_on_from_where_the_first_ended(executor, gate):
    first = apart(executor(through(gate), lease_ttl=0.4).run)
    assert gate.reached()
    second = apart(executor(through(gate), lease_ttl=0.4, on_conflict="wait").run)
    waits = not second.done()
    gate.open()

    assert (waits, first.result(LONG), second.result(LONG)) == (True, None, None)


def test_two_executions_do_not_wait_for_each_other(executor, gate):
    first = apart(executor(through(gate)).run)
    assert gate.reached()

    assert executor(lambda self: "other", workflow_id="other").run() == "other"
    gate.open()
    first.result(LONG)


@pytest.mark.parametrize("run", [lambda self: None, lambda self: self.fail("no")], ids=["completed", "failed"])
def test_the_lease_of_a_finished_run_is_free(executor, storage, run):
    apart(executor(run).run).exception(LONG)
    record, _ = read_lease(storage, "w")

    assert (record.held, record.status) == (False, last_run(storage, "w").status)
    assert executor(lambda self: "next").run() == "next"


def test_the_lease_of_a_run_that_crashed_here_is_taken_over_at_once(executor, storage):
    crashing = FaultyStorage(storage, [Fault(Crashes("before"), key="*/steps/*")])
    with pytest.raises(SimulatedCrash):
        executor(lambda self: self.submit(Step("a", echo)).result, storage=crashing).run()
    crashed, (lease, _) = last_run(storage, "w"), read_lease(storage, "w")

    assert lease.held
    assert (crashed.status, executor(lambda self: "next").run()) == ("running", "next")
    assert status_of(crashed, read_lease(storage, "w")[0]) == "crashed"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"on_conflict": "queue"}, "on_conflict='queue': pass 'fail' or 'wait'"),
        ({"lease_ttl": 0}, "lease_ttl=0: pass a number of seconds above 0"),
        ({"lease_ttl": True}, "lease_ttl=True"),
        ({"lease_ttl": "60"}, "lease_ttl='60'"),
    ],
)
def test_bad_terms_are_refused(executor, options, why):
    with pytest.raises(InvalidInput, match=why):
        executor(lambda self: None, **options)


# A run that lost its execution starts nothing and marks nothing.


class Lossy:
    """A run of four activities in one thread, of which the first waits at a gate."""

    def __init__(self, executor: Callable[..., LocalExecutor], gate: Gate, storage: Any) -> None:
        self.clock = ManualClock()
        self.started: list[int] = []
        self.events: list[Any] = []
        self.gate = gate
        work = activity.with_attributes(name="work")(self._work)
        options = {"clock": self.clock, "storage": storage, "lease_ttl": TTL, "max_workers": 1}
        self._executor = executor(
            lambda flow: [flow.submit(Step(f"s{n}", (work, n))) for n in range(4)] and None,
            on_event=self.events.append,
            **options,
        )
        self.run = apart(self._executor.run)
        assert gate.reached()
        self.clock.await_waiters(2)

    def _work(self, number: int) -> None:
        self.started.append(number)
        if number == 0:
            self.gate.enter()

    def end(self) -> BaseException | None:
        self.gate.open()
        error = self.run.exception(LONG)
        self._executor.pools.shutdown()
        return error


def assert_stopped(lossy: Lossy, storage: MemoryStorage, why: str) -> None:
    error = lossy.end()

    assert isinstance(error, LeaseLost)
    assert why in str(error)
    assert lossy.started == [0]
    assert steps_done(storage) == []
    assert [event.status for event in lossy.events if isinstance(event, RunFinished)] == ["superseded"]


def test_a_run_whose_lease_is_stolen_starts_nothing_more_and_marks_nothing(executor, storage, gate):
    lossy = Lossy(executor, gate, storage)
    steal_lease(storage, "w", "somebody")
    lossy.clock.advance(TTL / 4)

    assert_stopped(lossy, storage, "another run took the lease of 'w' over")
    assert read_lease(storage, "w")[0].status == "stolen by somebody"
    assert (last_run(storage, "w").status, last_run(storage, "w").finished) == ("running", None)


def test_a_run_that_cannot_renew_its_lease_starts_nothing_more_and_marks_nothing(executor, storage, gate):
    away = threading.Event()
    faulty = FaultyStorage(storage, [Fault(Fails(), key=lambda key: away.is_set() and key.endswith("/lease"))])
    lossy = Lossy(executor, gate, faulty)
    away.set()
    lossy.clock.advance(TTL)

    assert_stopped(lossy, storage, "could not be renewed within 60 s")


def test_a_run_whose_renewal_hangs_stops_by_itself(executor, storage, gate):
    hangs = Pauses(go_on=threading.Event(), reached=threading.Event(), when="before")
    lossy = Lossy(executor, gate, FaultyStorage(storage, [Fault(hangs, nth=2, key="*/lease")]))
    lossy.clock.advance(TTL / 4)
    assert hangs.reached.wait(LONG)
    lossy.clock._move_to(TTL)
    gate.open()
    threading.Timer(0.5, hangs.go_on.set).start()

    assert_stopped(lossy, storage, "could not be renewed within 60 s")


def test_a_renewed_lease_outlives_its_time_to_live(executor, storage, gate):
    lossy = Lossy(executor, gate, storage)
    lossy.clock.advance(10 * TTL)

    assert lossy.end() is None
    assert lossy.started == [0, 1, 2, 3]
    assert read_lease(storage, "w")[0].renewals == 40


def test_a_workflow_that_wraps_the_loss_in_an_error_of_its_own_is_superseded_all_the_same(executor, storage, gate):
    events: list[Any] = []

    def run(flow: Any) -> None:
        try:
            through(gate)(flow)
        except LeaseLost as lost:
            raise ValueError("mine") from lost

    clock = ManualClock()
    running = apart(executor(run, clock=clock, lease_ttl=TTL, on_event=events.append).run)
    assert gate.reached()
    clock.await_waiters(2)
    steal_lease(storage, "w", "somebody")
    clock.advance(TTL / 4)
    gate.open()

    assert isinstance(running.exception(LONG), ValueError)
    assert [event.status for event in events if isinstance(event, RunFinished)] == ["superseded"]
    assert last_run(storage, "w").status == "running"


def test_a_loss_that_several_activities_meet_at_once_comes_out_as_one(executor, gate):
    pause = activity.with_attributes(name="pause")(gate.enter)
    clock = ManualClock()
    row = Chain(pause, Group((echo, 1), (echo, 2)))
    running = apart(executor(lambda self: self.submit(row).result, clock=clock, lease_ttl=TTL).run)
    assert gate.reached()
    clock._move_to(TTL)
    gate.open()

    assert type(running.exception(LONG)) is LeaseLost


# The record.


def the_run(storage: MemoryStorage) -> RunRecord:
    (run_id,) = run_ids(storage, "w")
    return read_run(storage, "w", run_id)


def test_the_record_is_written_when_the_run_starts(executor, storage):
    seen = []

    def run(self, day, *, limit):
        seen.append(the_run(storage))

    executor(run, force=["lod"], skip={"report": "no time"}).run("today", limit=3)

    (record,) = seen
    assert (record.status, record.finished, record.error) == ("running", None, None)
    assert record.input == {"args": ["today"], "kwargs": {"limit": 3}}
    assert record.force == {"lod": "Asked for at submission (force)"}
    assert record.skip == {"report": "no time"}


@pytest.mark.parametrize("wrong", [1, "half \ud800"])
def test_a_run_that_no_record_could_tell_of_does_not_start(executor, storage, wrong):
    def versioned(self):
        pytest.fail("it started")

    flow = executor(versioned)
    flow.workflow_class.version = wrong

    with pytest.raises(
        InvalidInput, match=re.escape(f"workflow 'Flow', version {wrong!r}: both must be texts in UTF-8")
    ):
        flow.run()
    with pytest.raises(InvalidInput, match=re.escape(f"the reason {wrong!r} is no text in UTF-8")):
        executor(lambda self: None, force={"a": wrong}).run()
    assert list(storage.list("")) == []


@pytest.mark.parametrize("wrong", [1, "half \ud800"])
def test_a_reason_is_a_text(executor, wrong):
    with pytest.raises(InvalidInput, match=re.escape(f"reason={wrong!r}: pass a text in UTF-8")):
        executor(lambda self: self.add_forced_steps(["a"], wrong)).run()


def test_the_record_goes_along_with_each_renewal(executor, storage, gate):
    lossy = Lossy(executor, gate, storage)
    before = dict(the_run(storage).steps)
    lossy.clock.advance(TTL / 4)
    lossy.clock.await_waiters(2)
    record, (lease, _) = the_run(storage), read_lease(storage, "w")

    assert before == {}
    assert {name: step.state for name, step in record.steps.items()} == dict.fromkeys(
        ("s0", "s1", "s2", "s3"), "running"
    )
    assert lease.progress["steps"]["running"] == 4
    assert lossy.end() is None


def test_the_record_says_how_the_run_and_its_steps_ended(executor, storage):
    storage.put("w/steps/old", b"{}")

    def run(self):
        self.submit(self.record_marker("note", {"rows": 7}))
        self.submit(Step("old", echo))
        self.submit(Step("tried", (thrice, 2)))
        self.submit(Step("bad", broken)).wait()

    executor(run, force={"tried": "because"}).run()

    record = the_run(storage)
    assert record.status == "completed"
    assert record.started < record.finished
    assert {name: step.state for name, step in record.steps.items()} == {
        "old": "skipped",
        "tried": "completed",
        "bad": "failed",
    }
    tried = record.steps["tried"]
    assert (tried.forced, tried.reasons, tried.retries, tried.plays) == (True, ("because",), 1, 1)
    assert tried.started < tried.finished
    assert record.steps["old"].reasons == ("Step was already played",)
    assert "ValueError: no" in record.steps["bad"].error
    assert ("note", {"rows": 7}) in [(marker.name, marker.details) for marker in record.markers]


def fails(self):
    self.fail("gave up")


def interrupts(self):
    raise KeyboardInterrupt


def exits(self):
    raise SystemExit(5)


@pytest.mark.parametrize(
    ("run", "raised", "status"),
    [
        (lambda self: self.submit(echo, 1).result, None, "completed"),
        (fails, WorkflowFailed, "failed"),
        (lambda self: self.submit(broken).result, TaskFailed, "failed"),
        (interrupts, KeyboardInterrupt, "interrupted"),
        (exits, SystemExit, "interrupted"),
    ],
)
def test_the_record_has_the_status_and_the_error_with_its_traceback(executor, storage, run, raised, status):
    error = apart(executor(run).run).exception(LONG)

    record, (lease, _) = the_run(storage), read_lease(storage, "w")
    assert (record.status, lease.status, lease.held) == (status, status, False)
    assert type(error) is (raised or type(None))
    if raised is None:
        assert record.error is None
    else:
        assert (record.error.type, record.error.message) == (raised.__name__, str(error))
        assert record.error.traceback.startswith("Traceback")
        assert run.__name__ in record.error.traceback


def test_a_run_that_continues_as_another_says_so(executor, storage):
    executor(lambda self, left=2: self.continue_as_new(left - 1) if left else "end").run()

    records = [read_run(storage, "w", run_id) for run_id in run_ids(storage, "w")]
    assert [(each.status, each.generation, each.error) for each in records] == [
        ("continued", 0, None),
        ("continued", 1, None),
        ("completed", 2, None),
    ]


def test_an_input_that_is_not_json_is_left_out(executor, storage):
    assert executor(lambda self, value: "fine").run(object()) == "fine"
    assert the_run(storage).input is None


class Child(Workflow, WorkflowStepMixin):
    def run(self, text):
        return self.submit(Step("say", (echo, text))).result

    @classmethod
    def get_workflow_id(cls, text):
        return f"child-{text}"


def test_children_have_leases_and_records_of_their_own(executor, storage):
    executor(lambda self: [self.submit(Child, text) for text in "ab"] and None).run()

    for child in ("child-a", "child-b"):
        record, (lease, _) = last_run(storage, child), read_lease(storage, child)
        assert (record.workflow, record.parent_workflow_id, record.status) == ("Child", "w", "completed")
        assert (lease.held, lease.run_id, list(record.steps)) == (False, record.run_id, ["say"])


def test_a_child_that_runs_elsewhere_fails_the_parent_with_its_lease(executor, storage, gate):
    elsewhere = apart(executor(through(gate), workflow_id="child-a").run)
    assert gate.reached()

    with pytest.raises(TaskFailed) as failed:
        executor(lambda self: self.submit(Child, "a").result).run()
    gate.open()

    assert isinstance(failed.value.__cause__, LeaseHeld)
    elsewhere.result(LONG)


# What it costs.

FRESH = Counter(lease_put=2, runs_put=2)
RESUMED = Counter(lease_put=3, lease_get=1, runs_put=2)


def housekeeping(counting: CountingStorage) -> Counter[str]:
    """Count the requests that are not for steps."""
    asked = (each for each in counting.operations.of() if not each.key.startswith("w/steps/"))
    return Counter(f"{each.key.split('/')[1]}_{each.kind}" for each in asked)


@pytest.mark.parametrize("steps", [0, 1, 40])
def test_a_run_keeps_house_with_a_constant_number_of_requests(executor, storage, steps):
    def run(self):
        for number in range(steps):
            self.submit(Step(f"s{number}", (echo, number)))

    fresh, resumed = CountingStorage(storage), CountingStorage(storage)
    executor(run, storage=fresh).run()
    executor(run, storage=resumed).run()

    assert (housekeeping(fresh), housekeeping(resumed)) == (FRESH, RESUMED)


def test_each_renewal_costs_one_request_for_the_lease_and_one_for_the_record(executor, storage, gate):
    counting = CountingStorage(storage)
    lossy = Lossy(executor, gate, counting)
    counting.operations.clear()
    for _ in range(5):
        lossy.clock.advance(TTL / 4)
        lossy.clock.await_waiters(2)

    assert housekeeping(counting) == Counter(lease_put=5, runs_put=5)
    assert lossy.end() is None
