"""What replay decides, on histories of the shape that the SWF API reference gives."""

from __future__ import annotations

import pytest
from tenacity import Retrying, stop_after_attempt, wait_fixed

from simpleflow_steps import Workflow, activity
from simpleflow_steps.canvas import Chain, Group
from simpleflow_steps.events import RunFinished
from simpleflow_steps.exceptions import HistoryMismatch, TaskCanceled, TaskFailed
from simpleflow_steps.executors.swf import Decider
from tests.executors.activities import add, broken, echo, slow
from tests.executors.swf.scene import Scene, kinds_of, workflow_of


def two_in_a_row(self):
    return self.submit(Chain((add, 1, 2), (echo, "second"))).result


def test_each_decision_asks_only_for_what_is_new():
    scene = Scene(two_in_a_row)
    first = scene.task()

    assert kinds_of(scene.decider.decide(first)) == ["ScheduleActivityTask"]
    scene.swf.decide(first["taskToken"], scene.decider.decide(first))
    scene.work()
    assert kinds_of(scene.decider.decide(scene.task())) == ["ScheduleActivityTask"]


def test_a_history_gives_the_same_decisions_again_and_again():
    scene = Scene(two_in_a_row)
    scene.decide()
    scene.work()
    task = scene.task()

    assert scene.decider.decide(task) == scene.decider.decide(task)


def test_a_history_in_many_pages_is_put_together():
    scene = Scene(lambda self: self.submit(Group(*[(echo, n) for n in range(20)])).result, page=3)
    scene.decide()
    scene.work(times=20)
    scene.decide()

    assert scene.result() == list(range(20))


def test_a_late_answer_and_a_second_one_do_no_harm():
    scene = Scene(lambda self: self.submit(echo, 1).result)
    task = scene.task()
    decisions = scene.decider.decide(task)
    scene.swf.poll_decision = lambda task_list, page=None: task
    scene.decide(times=2)

    assert scene.kinds() == ["WorkflowExecutionStarted", "ActivityTaskScheduled"]
    assert kinds_of(decisions) == ["ScheduleActivityTask"]


def test_more_decisions_than_a_response_may_hold_are_made_in_several():
    scene = Scene(lambda self: len(self.submit(Group(*[(echo, n) for n in range(250)])).result))
    scene.decide(times=3)

    assert len(scene.events("ActivityTaskScheduled")) == 250
    scene.work(times=250)
    scene.decide()
    assert scene.result() == 250


def test_an_event_that_came_during_the_last_decision_is_heard_before_the_run_ends():
    scene = Scene(lambda self: "done")
    task = scene.task()
    scene.swf.signal("w", "late", "null")
    scene.swf.decide(task["taskToken"], scene.decider.decide(task))

    assert "CompleteWorkflowExecutionFailed" in scene.kinds()
    scene.decide()
    assert scene.result() == "done"


CHANGES = {
    "another activity first": lambda self: self.submit(Chain((echo, 0), (add, 1, 2), (echo, "second"))).result,
    "none at all": lambda self: self.submit(self.wait_signal("never")).result,
    "a timer instead": lambda self: self.submit(self.start_timer("t", 5)).result,
    "the end": lambda self: "over",
}


@pytest.mark.parametrize("change", CHANGES)
def test_code_that_does_not_match_the_history_is_told(change, caplog):
    scene = Scene(two_in_a_row)
    scene.decide()
    scene.work()
    changed, task = scene.with_code(CHANGES[change]), scene.task()

    with pytest.raises(
        HistoryMismatch, match=r"ScheduleActivityTask 1\.1 tests\.executors\.activities\.add \(event 5\)"
    ):
        changed.decide(task)


def test_an_execution_whose_code_changed_is_left_as_it_is(caplog):
    scene = Scene(two_in_a_row)
    scene.decide()
    scene.work()
    before = scene.kinds()
    scene.with_code(CHANGES["the end"]).once()

    assert scene.kinds() == before
    assert "the workflow's code has changed" in caplog.text


def test_what_is_added_after_all_that_happened_is_no_change():
    scene = Scene(two_in_a_row)
    scene.decide()
    scene.work()
    task = scene.task()
    longer = scene.with_code(lambda self: self.submit(Chain((add, 1, 2), (echo, "second"), (echo, "third"))).result)

    assert kinds_of(longer.decide(task)) == ["ScheduleActivityTask"]


def test_a_finally_block_asks_for_nothing_while_the_run_waits():
    def run(self):
        try:
            return self.submit(echo, 1).result
        finally:
            self.submit(echo, "cleaning up")

    scene = Scene(run)
    scene.decide()

    assert scene.kinds() == ["WorkflowExecutionStarted", "ActivityTaskScheduled"]


def test_code_that_swallows_everything_does_not_end_a_run_that_waits():
    def run(self):
        try:
            return self.submit(echo, 1).result
        except BaseException:  # noqa: BLE001
            return "swallowed"

    scene = Scene(run)
    scene.decide()
    scene.work()
    scene.decide()

    assert scene.result() == 1


def test_time_goes_by_the_history():
    seen = []

    def run(self):
        started = self.executor.now()
        self.submit(echo).wait()
        seen.append((started, self.executor.now()))
        self.submit(echo).wait()

    scene = Scene(run)
    scene.decide()
    scene.work()
    scene.decide()
    scene.work()
    scene.decide()

    assert len(set(seen)) == 1
    assert len(seen) == 2


def test_log_and_events_tell_everything_once(caplog):
    caplog.set_level("INFO", "simpleflow_steps")
    scene = Scene(two_in_a_row)
    scene.decide()
    scene.work()
    scene.decide()
    scene.work()
    scene.decide()

    assert caplog.text.count("run started") == 1
    assert caplog.text.count("run ended") == 1


def test_a_cancellation_request_cancels_the_run_and_what_it_started():
    scene = Scene(lambda self: self.submit(slow, 0).result)
    scene.decide()
    scene.swf.request_cancel("w")
    scene.decide()

    assert scene.kinds()[-1] == "WorkflowExecutionCanceled"
    with pytest.raises(TaskCanceled):
        scene.result()


def test_a_cancelled_activity_that_no_worker_has_is_never_carried_out():
    def run(self):
        self.submit(echo, 1).cancel()
        return self.submit(echo, 2).result

    scene = Scene(run)
    scene.decide()
    scene.work()
    scene.decide()

    assert scene.result() == 2
    assert len(scene.events("ActivityTaskCanceled")) == 1
    assert not scene.swf.activities


def test_a_run_that_failed_lets_what_runs_finish():
    def run(self):
        self.submit(echo, "running")
        self.submit(echo, "waiting")
        self.submit(broken, "the failure").wait()
        raise ValueError("over")

    scene = Scene(run)
    scene.decide()
    begun = scene.swf.poll_activity("default")
    scene.swf.activities.sort(key=lambda task: "broken" not in task["activityType"]["name"])
    scene.work()
    scene.decide()
    assert not scene.swf.runs[0].closed
    scene.swf.complete(begun["taskToken"], '{"value": 1, "shape": null}')
    while not scene.swf.runs[0].closed:
        scene.decide()

    assert len(scene.events("ActivityTaskCanceled")) == 1
    with pytest.raises(ValueError, match="over"):
        scene.result()


class Child(Workflow):
    name = "child"

    def run(self):
        return self.submit(self.wait_signal("never")).result


@pytest.mark.parametrize(
    ("ends", "told"),
    [("terminate", "execution w.child-.* was terminated"), ("cancel", "execution w.child-.* was cancelled")],
)
def test_a_child_that_is_ended_from_outside_is_told(ends, told):
    scene = Scene(lambda self: self.submit(Child).result)
    scene.decide(times=2)
    child = next(run.workflow_id for run in scene.swf.runs if run.workflow_id != "w")
    getattr(scene.swf, {"terminate": "terminate", "cancel": "request_cancel"}[ends])(child)
    while not scene.swf.runs[0].closed:
        scene.decide()

    with pytest.raises(TaskFailed if ends == "terminate" else TaskCanceled, match=told):
        scene.result()


@activity.with_attributes(schedule_to_start_timeout=0.1)
def unwanted() -> None:
    """Wait for a worker that does not come."""


def test_a_time_out_is_a_failure():
    scene = Scene(lambda self: repr(self.submit(unwanted).exception.__cause__))
    scene.decide()
    while not scene.swf.runs[0].closed:
        scene.decider.once()

    assert "schedule_to_start" in scene.result()


def test_a_timer_longer_than_swf_allows_goes_on():
    scene = Scene(lambda self: self.submit(self.start_timer("t", 200_000_000)).result)
    scene.decide()
    run = scene.swf.runs[0]
    for _ in range(2):
        ((timer, started),) = run.timers.items()
        del run.timers[timer]
        with scene.swf.changed:
            run.tell("TimerFired", timerId=timer, startedEventId=started)
        scene.decide()

    assert [timer["startToFireTimeout"] for timer in scene.events("TimerStarted")] == ["99999999", "99999999", "2"]


ENDS = {
    "a result": lambda self, given=None: object(),
    "arguments": lambda self, given=None: self.continue_as_new(object()),
    "too many arguments": lambda self, given=None: self.continue_as_new(1, 2),
}


@pytest.mark.parametrize("what", ENDS)
def test_a_run_whose_end_cannot_be_stored_is_only_told_to_have_failed(what):
    heard = []
    hooks = {"on_completed": lambda *_: heard.append("completed"), "on_failure": lambda *_: heard.append("failed")}
    workflow = workflow_of(ENDS[what], **hooks)
    scene = Scene(workflow)
    events = []
    Decider(scene.swf, [workflow], on_event=events.append).once()

    assert [event.status for event in events if isinstance(event, RunFinished)] == ["failed"]
    assert heard == ["failed"]
    assert scene.kinds()[-1] == "WorkflowExecutionFailed"


@activity.with_attributes(retry=Retrying(stop=stop_after_attempt(3), wait=wait_fixed(60)))
def patient() -> None:
    raise ValueError("not yet")


def test_a_pause_that_swf_refuses_fails_the_task():
    scene = Scene(lambda self: self.submit(patient).result)
    run = scene.swf.runs[0]
    run._StartTimer = lambda asked, of: run.tell(
        "StartTimerFailed",
        timerId=asked["timerId"],
        cause="OPEN_TIMERS_LIMIT_EXCEEDED",
        decisionTaskCompletedEventId=of,
    )
    scene.decide()
    scene.work()
    scene.decide(times=2)

    (failed,) = scene.events("WorkflowExecutionFailed")
    assert "SWF refused the timer 'pause-1.1': OPEN_TIMERS_LIMIT_EXCEEDED" in failed["reason"]
