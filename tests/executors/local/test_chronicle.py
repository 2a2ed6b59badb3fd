from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context

import pytest

from simpleflow_steps import Step, WorkflowStepMixin, activity
from simpleflow_steps.events import ActivityEvent, ActivityFinished, ActivityHeartbeat, ActivityRetried, ActivityStarted
from simpleflow_steps.exceptions import TaskFailed
from simpleflow_steps.executors.local.executor import LocalExecutor
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.workflow import Workflow
from tests.executors.activities import echo


@activity.with_attributes(name="work")
def work(number=1):
    return number


@activity.with_attributes(name="flaky", retry=1)
def flaky():
    activity.heartbeat("trying")
    if activity.context().attempt == 1:
        raise ConnectionError("nobody there")


@activity.with_attributes(name="hang")
def hang(gate):
    gate.enter()


def told(events, *kinds):
    return [event for event in events if isinstance(event, kinds or ActivityEvent)]


def played(local, run, **options):
    events = []
    local(run, on_event=events.append, **options).run()
    return told(events)


def test_each_attempt_begins_and_ends(local):
    started, finished = played(local, lambda self: self.submit(work).result)

    assert (type(started), started.activity, started.step, started.attempt) == (ActivityStarted, "work", None, 1)
    assert (type(finished), finished.activity, finished.step, finished.attempt) == (ActivityFinished, "work", None, 1)
    assert (finished.status, finished.error, finished.error_type) == ("completed", None, None)
    assert started.at + timedelta(seconds=finished.seconds) == finished.at


def test_an_id_joins_what_is_told_of_an_activity(local):
    def run(self):
        for future in [self.submit(work, number) for number in range(5)]:
            future.wait()

    events = played(local, run)

    ids = [event.activity_id for event in events if isinstance(event, ActivityStarted)]
    assert len(set(ids)) == 5
    assert sorted(ids) == sorted(event.activity_id for event in events if isinstance(event, ActivityFinished))


def test_an_activity_says_in_which_step_it_is():
    class Stepped(Workflow, WorkflowStepMixin):
        def run(self):
            return self.submit(Step("a", work)).result

    events = []
    LocalExecutor(Stepped, storage=MemoryStorage(), on_event=events.append).run()

    assert [event.step for event in told(events)] == ["a", "a"]


def test_a_failed_attempt_its_retry_and_the_next_are_told_in_order(local):
    events = played(local, lambda self: self.submit(flaky).result)

    assert [(type(event), event.attempt) for event in events] == [
        (ActivityStarted, 1),
        (ActivityHeartbeat, 1),
        (ActivityFinished, 1),
        (ActivityRetried, 1),
        (ActivityStarted, 2),
        (ActivityHeartbeat, 2),
        (ActivityFinished, 2),
    ]
    assert len({event.activity_id for event in events}) == 1
    assert [
        (event.status, event.error, event.error_type) for event in events if isinstance(event, ActivityFinished)
    ] == [
        ("failed", "nobody there", "ConnectionError"),
        ("completed", None, None),
    ]


def test_an_attempt_ends_when_it_does_not_when_the_workflow_looks(local, gate):
    looked = []

    def run(self):
        self.submit(work)
        self.submit(hang, gate)
        assert gate.reached()
        looked.append(self.executor.now())
        gate.open()

    events = played(local, run, max_workers=1)

    (finished,) = [event for event in events if event.activity == "work" and isinstance(event, ActivityFinished)]
    assert finished.at <= looked[0]


def test_an_attempt_that_times_out_is_told_so(local, gate):
    @activity.with_attributes(name="slow", start_to_close_timeout=0.01)
    def slow():
        gate.enter()

    events = []
    with pytest.raises(TaskFailed):
        local(lambda self: self.submit(slow).result, on_event=events.append).run()

    started, finished = told(events)
    assert (type(started), finished.status, finished.error_type) == (ActivityStarted, "timed_out", "TaskTimeout")
    assert finished.seconds >= 0.01


def test_an_attempt_that_no_worker_took_in_time_never_began(local, gate):
    @activity.with_attributes(name="late", schedule_to_start_timeout=0.01)
    def late():
        raise AssertionError

    def run(self):
        first = self.submit(hang, gate)
        assert gate.reached()
        with pytest.raises(TaskFailed):
            self.submit(late).result  # noqa: B018
        gate.open()
        first.wait()

    late_ones = [event for event in played(local, run, max_workers=1) if event.activity == "late"]

    assert [(type(event), event.status, event.seconds) for event in late_ones] == [(ActivityFinished, "timed_out", 0.0)]


def test_an_attempt_that_is_cancelled_is_told_so(local, gate):
    def run(self):
        hanging = self.submit(hang, gate)
        assert gate.reached()
        hanging.cancel()

    started, finished = played(local, run)

    assert (type(started), finished.status) == (ActivityStarted, "canceled")


def test_nothing_is_told_of_what_is_cancelled_before_it_begins(local, gate):
    def run(self):
        first = self.submit(hang, gate)
        assert gate.reached()
        self.submit(work).cancel()
        gate.open()
        first.wait()

    assert {event.activity for event in played(local, run, max_workers=1)} == {"hang"}


def test_an_activity_in_another_process_begins_when_it_is_handed_over(local):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        started, finished = played(local, lambda self: self.submit(echo, 2).result, pool=pool)

    assert (type(started), finished.status) == (ActivityStarted, "completed")
