from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from simpleflow_steps import Workflow, WorkflowStepMixin, activity
from simpleflow_steps.canvas import Group
from simpleflow_steps.exceptions import InvalidInput, TaskFailed
from simpleflow_steps.executors.swf import Worker, worker
from simpleflow_steps.executors.swf.jobs import read_job
from simpleflow_steps.storage import open_storage
from tests.executors.activities import echo
from tests.executors.swf.scene import Scene

GATE = threading.Event()
BEGUN = threading.Event()


@activity.with_attributes()
def waits() -> str:
    BEGUN.set()
    assert GATE.wait(20)
    return "finished"


@activity.with_attributes(heartbeat_timeout=5)
def beats() -> str:
    BEGUN.set()
    for _ in range(400):
        activity.heartbeat({"far": 1})
        time.sleep(0.05)
    return "never cancelled"


@activity.with_attributes(heartbeat_timeout=0.5)
def silent() -> None:
    time.sleep(1.5)


@activity.with_attributes()
def unwritable() -> Any:
    return object()


@activity.with_attributes()
def quits() -> None:
    raise SystemExit("no")


@pytest.fixture(autouse=True)
def _closed() -> Any:
    GATE.clear()
    BEGUN.clear()
    yield
    GATE.set()


def eventually(told: Callable[[], Any]) -> Any:
    """Wait until there is something to be told, and give it."""
    deadline = time.monotonic() + 10
    while not (found := told()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def running(worker: Worker) -> threading.Thread:
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    return thread


def test_a_worker_that_is_stopped_finishes_what_it_has_begun():
    scene = Scene(lambda self: self.submit(waits).result)
    scene.decide()
    thread = running(scene.worker)
    assert BEGUN.wait(10)
    scene.worker.stop()
    thread.join(0.7)
    assert thread.is_alive()
    GATE.set()
    thread.join(10)

    assert not thread.is_alive()
    assert len(scene.events("ActivityTaskCompleted")) == 1


def test_it_waits_no_longer_than_its_grace():
    scene = Scene(lambda self: self.submit(waits).result)
    scene.decide()
    thread = threading.Thread(target=lambda: ended.append(scene.worker.run(grace=0.1)), daemon=True)
    ended: list[bool] = []
    thread.start()
    assert BEGUN.wait(10)
    scene.worker.stop()
    thread.join(10)

    assert ended == [False]


@activity.with_attributes()
def takes(seconds: float) -> None:
    time.sleep(seconds)


def test_its_grace_is_for_all_activities_together():
    lengths = (0.8, 1.6, 2.4)
    scene = Scene(lambda self: self.submit(Group(*((takes, length) for length in lengths))).result)
    scene.decide()
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(scene.worker.run(grace=1.2)), daemon=True)
    thread.start()
    eventually(lambda: len(scene.events("ActivityTaskStarted")) == 3)
    scene.worker.stop()
    thread.join(10)

    assert ended == [False]


def test_activities_run_side_by_side_up_to_the_concurrency():
    scene = Scene(lambda self: self.submit(Group(*[waits] * 6)).result)
    scene.decide()
    worker = Worker(scene.swf, concurrency=3)
    running(worker)
    eventually(lambda: len(scene.events("ActivityTaskStarted")) == 3)
    time.sleep(0.3)

    assert len(scene.events("ActivityTaskStarted")) == 3
    worker.stop()


def test_a_running_activity_hears_of_its_cancellation_at_its_next_heartbeat():
    def run(self):
        future = self.submit(beats)
        self.submit(self.wait_signal("stop")).wait()
        future.cancel()
        return self.submit(self.wait_signal("end")).result

    scene = Scene(run)
    scene.decide()
    running(scene.worker)
    assert BEGUN.wait(10)
    scene.swf.signal("w", "stop", "null")
    scene.decide()
    ended = [eventually(lambda: scene.events("ActivityTaskCanceled"))]
    scene.swf.signal("w", "end", '"after"')
    scene.decide()

    assert len(ended) == 1
    assert scene.result() == "after"
    scene.worker.stop()


def test_an_activity_that_promised_heartbeats_and_sends_none_times_out():
    scene = Scene(lambda self: self.submit(silent).result)
    scene.decide()
    running(scene.worker)
    while not scene.swf.runs[0].closed:
        scene.decider.once()

    with pytest.raises(TaskFailed, match=r"heartbeat_timeout=0\.5"):
        scene.result()
    scene.worker.stop()


def test_a_worker_beats_for_an_activity_that_promised_nothing():
    scene = Scene(lambda self: self.submit(waits).result, worker_timeout=1)
    scene.decide()
    running(scene.worker)
    assert BEGUN.wait(10)
    time.sleep(2.5)
    scene.decider.once()
    GATE.set()
    while not scene.swf.runs[0].closed:
        scene.decider.once()

    assert scene.events("ActivityTaskTimedOut") == []
    assert scene.result() == "finished"
    scene.worker.stop()


def test_what_a_lost_worker_had_is_given_to_another_and_is_no_failed_attempt():
    scene = Scene(lambda self: self.submit(echo, 1).result, worker_timeout=0.3)
    scene.decide()
    lost = scene.swf.poll_activity("default")
    while not scene.events("ActivityTaskTimedOut"):
        scene.swf.poll_activity("nobody's")
    scene.decide()
    scene.work()
    scene.decide()

    assert scene.result() == 1
    assert [each["activityId"] for each in scene.events("ActivityTaskScheduled")] == ["1.1", "1.2"]
    assert json.loads(scene.events("ActivityTaskScheduled")[1]["input"]).get("attempt", 1) == 1
    assert lost["activityId"] == "1.1"


def test_an_activity_that_loses_every_worker_fails():
    scene = Scene(lambda self: self.submit(echo, 1).result, worker_timeout=1)
    scene.decide()
    for _ in range(5):
        scene.swf.poll_activity("default")
        task = next(iter(scene.swf.runs[0].activities.values()))
        with scene.swf.changed:
            scene.swf.runs[0].time_out(task, "HEARTBEAT")
        scene.decide()

    with pytest.raises(TaskFailed, match="5 workers were lost"):
        scene.result()


def test_a_late_answer_does_no_harm():
    scene = Scene(lambda self: self.submit(waits).result)
    scene.decide()
    thread = threading.Thread(target=scene.worker.once, daemon=True)
    thread.start()
    assert BEGUN.wait(10)
    scene.swf.terminate("w")
    GATE.set()
    thread.join(10)

    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (unwritable, "cannot be stored"),
        (quits, "SystemExit: no"),
    ],
)
def test_what_cannot_cross_is_a_clear_failure(what, told):
    scene = Scene(lambda self: self.submit(what).result)
    scene.decide()
    scene.work()
    scene.decide()

    with pytest.raises(TaskFailed, match=told):
        scene.result()


def test_an_activity_that_the_worker_does_not_know_says_what_to_do():
    scene = Scene(lambda self: self.submit(echo, 1).result)
    scene.decide()
    (task,) = scene.swf.activities
    task["input"] = task["input"].replace("tests.executors.activities", "somebody.elses")
    scene.work()
    scene.decide()

    with pytest.raises(
        TaskFailed, match=r"the module somebody\.elses is not imported; start the worker with its module"
    ):
        scene.result()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"activity": 3}', '{"simpleflow_steps:payload": "../../etc"}'])
def test_input_that_is_nothing_of_ours_fails_and_harms_nobody(text):
    scene = Scene(lambda self: self.submit(echo, 1).result)
    scene.decide()
    scene.swf.activities[0]["input"] = text
    scene.work()

    assert len(scene.events("ActivityTaskFailed")) == 1


def test_arguments_and_results_over_the_limit_go_to_the_bucket():
    scene = Scene(lambda self: len(self.submit(echo, "é" * 40_000).result))
    scene.decide()
    scene.work()
    scene.decide()

    assert scene.result() == 40_000
    keys = [found.key for found in open_storage(scene.executor.storage.url).list("w/payloads/")]
    assert len(keys) == 2
    assert all("simpleflow_steps:payload" in event["input"] for event in scene.events("ActivityTaskScheduled"))


def test_a_payload_that_somebody_changed_is_refused():
    scene = Scene(lambda self: self.submit(echo, "x" * 40_000).result)
    scene.decide()
    (found,) = scene.executor.storage.list("w/payloads/")
    scene.executor.storage.put(found.key, b'{"activity": "other"}')
    scene.work()

    (failed,) = scene.events("ActivityTaskFailed")
    assert "is not what was written under this name" in failed["reason"]


@pytest.mark.parametrize("wrong", [0, -1, "2", True, None])
def test_a_bad_concurrency_is_refused(wrong):
    with pytest.raises(InvalidInput, match="concurrency="):
        Worker(Scene(lambda self: None).swf, concurrency=wrong)


def test_middlewares_go_around_every_activity():
    told = []
    scene = Scene(lambda self: self.submit(echo, 1).result)
    scene.worker = Worker(
        scene.swf,
        middlewares={
            "pre": [lambda context: told.append(context.activity)],
            "post": [lambda context, result: told.append(result)],
        },
    )
    scene.decide()
    scene.work()

    assert told == ["tests.executors.activities.echo", 1]


@pytest.mark.parametrize("given_up", [True, False])
def test_a_paused_attempt_at_a_mark_writes_nothing_once_it_was_given_up(given_up, monkeypatch):
    class Flow(Workflow, WorkflowStepMixin):
        def run(self):
            return self.submit(self.step("a", (echo, 1))).result

    scene = Scene(Flow)
    for _ in range(2):
        scene.decide()
        scene.work()
    scene.decide()
    if given_up:
        monkeypatch.setattr(worker, "read_job", lambda document: pausing(scene, document))
    scene.work()

    assert bool(list(scene.executor.storage.list("w/steps/"))) is not given_up


def pausing(scene: Scene, document: Any) -> Any:
    """Read a job, and let its attempt time out before it goes on."""
    (task,) = scene.swf.runs[0].activities.values()
    with scene.swf.changed:
        scene.swf.runs[0].time_out(task, "HEARTBEAT")
    return read_job(document)
