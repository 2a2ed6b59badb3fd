"""Steps on SWF: listed, marked and read by workers, decided in the decider."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simpleflow_steps import Group, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.events import StepCompleted, StepInvalidated, StepSkipped
from simpleflow_steps.exceptions import ResultNotStored, TaskFailed
from simpleflow_steps.executors.swf import SwfExecutor
from simpleflow_steps.storage import open_storage
from tests.executors.swf.simulated import SimulatedSwf

CALLS: list[Any] = []


@activity.with_attributes()
def note(name: str, result: Any = None) -> Any:
    CALLS.append(name)
    return name if result is None else result


@activity.with_attributes()
def pair(name: str) -> tuple[int, str]:
    return (len(name), name)


@activity.with_attributes()
def fail(name: str) -> None:
    raise ValueError(f"{name} has no luck")


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    CALLS.clear()


@pytest.fixture(params=["memory", "directory", "seaweedfs"])
def storage(request: pytest.FixtureRequest, tmp_path) -> str:
    match request.param:
        case "memory":
            return f"memory://{request.node.name}"
        case "directory":
            return str(tmp_path / "store")
    request.getfixturevalue("_on_seaweedfs")
    return request.getfixturevalue("_seaweedfs_url")


@pytest.fixture
def _on_seaweedfs(_servers, monkeypatch) -> None:
    server = _servers.endpoint("seaweedfs")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def _seaweedfs_url(_servers, request) -> str:
    server = _servers.endpoint("seaweedfs")
    return f"s3://{_servers.bucket(server)}/{abs(hash(request.node.name))}?endpoint_url={server.endpoint_url}"


def play(body: Any, storage: str, **options: Any) -> Any:
    attributes = options.pop("attributes", {})
    flow = type("Flow", (Workflow, WorkflowStepMixin), {"run": body, **attributes})
    executor = SwfExecutor(flow, client=SimulatedSwf(), storage=storage, workflow_id="w", **options).alone()
    with executor.serving():
        return executor.result(executor.start(), timeout=30)


def three(self):
    a = self.submit(self.step("a", (note, "a"), force_steps_if_executed=["b"]))
    b = self.submit(self.step("b", (note, "b")))
    return [a.result, b.result, self.submit(self.step("c.d", Group((note, "c"), (note, "d")))).result]


def test_what_is_done_once_is_not_done_again(storage):
    results = [play(three, storage) for _ in range(2)]

    assert results == [["a", "b", ["c", "d"]]] * 2
    assert sorted(CALLS) == ["a", "b", "c", "d"]


def test_markers_are_those_of_the_local_executor(storage):
    play(three, storage)

    (found,) = [json.loads(open_storage(storage).get(key)) for key in ["w/steps/a"]]
    assert (found["step"], found["result"], found["workflow_id"], found["name"]) == ("a", "a", "w", "Flow")
    assert found["nonce"]


def test_forced_and_skipped_names_travel_with_the_input(storage):
    play(three, storage)
    CALLS.clear()
    events: list[Any] = []
    play(three, storage, force={"a": "the data changed"}, skip=["c"], on_event=events.append)

    assert sorted(CALLS) == ["a", "b"]
    completed = {event.step: event.reasons for event in events if isinstance(event, StepCompleted)}
    assert completed == {"a": ("the data changed",), "b": ("Dep of a",)}
    assert [event.step for event in events if isinstance(event, StepSkipped)] == ["c.d"]


def test_a_step_that_failed_is_not_done(storage):
    def body(self):
        self.submit(self.step("a", (note, "a")))
        return self.submit(self.step("b", (fail, "b"))).result

    for _ in range(2):
        with pytest.raises(TaskFailed, match="b has no luck"):
            play(body, storage)

    assert CALLS == ["a"]
    assert [found.key for found in open_storage(storage).list("w/steps/") if found.size] == ["w/steps/a"]


def test_a_skipped_step_gives_its_result_in_the_same_types(storage):
    def body(self):
        return repr(self.submit(self.step("a", (pair, "a"))).result)

    assert [play(body, storage) for _ in range(2)] == ["(1, 'a')"] * 2


def test_a_long_result_goes_through_the_bucket(storage):
    def body(self):
        return len(self.submit(self.step("a", (note, "a", "x" * 100_000))).result)

    assert [play(body, storage) for _ in range(2)] == [100_000] * 2
    assert CALLS == ["a"]


def test_a_dependent_that_was_skipped_already_is_invalidated(storage):
    def body(self):
        b = self.submit(self.step("b", (note, "b"))).result
        self.submit(self.step("a", (note, "a"), force_steps_if_executed=["b"])).wait()
        return b

    events: list[Any] = []
    play(lambda self: self.submit(self.step("b", (note, "b"))).result, storage)
    play(body, storage, on_event=events.append)

    assert [event.step for event in events if isinstance(event, StepInvalidated)] == ["b"]
    assert open_storage(storage).get("w/steps/b") == b""


def test_a_result_that_cannot_be_read_back_is_a_clear_error(storage):
    def body(self):
        return self.submit(self.step("a", (note, "a"))).result

    play(body, storage)
    store = open_storage(storage)
    marker = json.loads(store.get("w/steps/a"))
    del marker["result"]
    store.put("w/steps/a", json.dumps({**marker, "result_error": "no JSON"}).encode())

    with pytest.raises(ResultNotStored, match="its result was not stored"):
        play(body, storage)


def test_listing_and_marking_go_where_the_workflow_says(storage):
    def body(self):
        return self.submit(self.step("a", (note, "a"))).result

    swf = SimulatedSwf()
    params = {"get_step_activity_params": lambda self: {"task_list": "markers", "start_to_close_timeout": 7}}
    flow = type("Flow", (Workflow, WorkflowStepMixin), {"run": body, **params})
    executor = SwfExecutor(flow, client=swf, storage=storage, workflow_id="w")
    executor.start()
    with executor.serving():
        while not swf.activities:
            pass

    (task,) = swf.activities
    told = (task["activityType"]["name"], task["taskList"]["name"], task["startToCloseTimeout"])
    assert told == ("simpleflow_steps.step.list", "markers", "7")
