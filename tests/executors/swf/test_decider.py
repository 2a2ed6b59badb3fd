from __future__ import annotations

import pytest

from simpleflow_steps import Workflow, activity
from simpleflow_steps.exceptions import (
    EngineDenied,
    EngineUnavailable,
    ExecutionNotFound,
    InvalidInput,
    StorageUnavailable,
)
from simpleflow_steps.executors.swf import Decider, SwfExecutor, Worker, decider, worker
from simpleflow_steps.executors.swf.payloads import Payloads
from tests.executors.activities import echo
from tests.executors.swf.scene import Scene, kinds_of, workflow_of
from tests.executors.swf.simulated import SimulatedSwf


def test_a_decider_without_the_workflow_leaves_its_tasks_alone(caplog):
    scene = Scene(lambda self: None)
    Decider(scene.swf, [workflow_of(lambda self: None, name="other")]).once()

    assert scene.kinds() == ["WorkflowExecutionStarted"]
    assert "this decider has no workflow 'Flow' version '1'" in caplog.text


def test_another_version_is_another_workflow(caplog):
    scene = Scene(lambda self: None)
    Decider(scene.swf, [workflow_of(lambda self: None, name="Flow", version="2")]).once()

    assert "no workflow 'Flow' version '1'" in caplog.text


class Known(Workflow):
    name = "known"

    def run(self) -> str:
        return "found"


def test_a_workflow_of_an_imported_module_is_found_by_its_input():
    scene = Scene(Known)
    Decider(scene.swf).once()

    assert scene.result() == "found"


def test_a_mismatch_fails_the_execution_if_that_is_wanted():
    scene = Scene(lambda self: self.submit(echo, 1).result)
    scene.decide()
    scene.work()
    Decider(scene.swf, [workflow_of(lambda self: "over")], on_mismatch="fail").once()

    (failed,) = scene.events("WorkflowExecutionFailed")
    assert failed["reason"].startswith("HistoryMismatch: the history has ScheduleActivityTask")


def test_a_bad_on_mismatch_is_refused():
    with pytest.raises(InvalidInput, match="pass 'wait' or 'fail'"):
        Decider(SimulatedSwf(), on_mismatch="go on")


def test_nothing_is_decided_while_the_storage_is_out_of_reach(caplog, monkeypatch):
    scene = Scene(lambda self: self.submit(echo, "x" * 40_000).result)
    scene.decide()
    scene.work()
    task = scene.task()

    def out_of_reach(*_):
        raise StorageUnavailable("out of reach")

    monkeypatch.setattr(Payloads, "read", out_of_reach)
    with pytest.raises(StorageUnavailable):
        scene.decider.decide(task)
    monkeypatch.undo()
    assert kinds_of(scene.decider.decide(task)) == ["CompleteWorkflowExecution"]


@pytest.mark.parametrize("text", ["{", "[]", '{"args": 3}', '{"simpleflow_steps": {"worker_timeout": -1}}'])
def test_input_that_is_nothing_of_ours_decides_nothing(text, caplog):
    scene = Scene(Known)
    scene.swf.runs[0].events[0]["workflowExecutionStartedEventAttributes"]["input"] = text
    Decider(scene.swf, [Known]).once()

    assert scene.kinds() == ["WorkflowExecutionStarted"]
    assert "nothing can be decided now" in caplog.text


def test_input_that_simpleflow_wrote_is_taken():
    scene = Scene(workflow_of(lambda self, a, b=0: [a, b]), 1)
    scene.swf.runs[0].events[0]["workflowExecutionStartedEventAttributes"]["input"] = (
        '{"args": [1], "kwargs": {"b": 2}}'
    )
    scene.decide()

    assert scene.result() == [1, 2]


def test_types_are_registered_before_they_are_needed():
    scene = Scene(lambda self: self.submit(echo, 1).result)
    scene.decide()

    assert ("activity", "tests.executors.activities.echo", "default") in scene.swf.types
    assert ("workflow", "Flow", "1") in scene.swf.types


def test_an_execution_over_the_limit_of_input_starts():
    scene = Scene(workflow_of(lambda self, text: len(text)), "x" * 100_000)
    scene.decide()

    assert scene.result() == 100_000


@pytest.mark.parametrize("workflow_id", ["a:b", "a|b", "arn"])
def test_an_id_that_swf_does_not_take_is_refused(workflow_id):
    with pytest.raises(InvalidInput, match="SWF takes"):
        SwfExecutor(Known, client=SimulatedSwf(), storage="memory://x", workflow_id=workflow_id)


def test_without_a_domain_the_error_says_what_to_set():
    with pytest.raises(InvalidInput, match="or set SWF_DOMAIN"):
        SwfExecutor(Known, storage="memory://x")


NAMELESS = type("a:b", (Workflow,), {"run": lambda self: None})
ODD = {
    "an activity": activity.with_attributes(name="a/b")(len),
    "a version": activity.with_attributes(name="a", version="1" * 65)(len),
    "a task list": activity.with_attributes(name="a", task_list="a|b")(len),
    "a child": NAMELESS,
}


@pytest.mark.parametrize("odd", ODD)
def test_what_swf_would_not_take_is_refused_when_it_is_submitted(odd):
    args = () if odd == "a child" else ("text",)
    scene = Scene(lambda self: self.submit(ODD[odd], *args).result)
    scene.decide()

    with pytest.raises(InvalidInput, match="SWF takes"):
        scene.result()


@pytest.mark.parametrize("make", ["signal", "record_marker"])
def test_a_name_that_is_too_long_is_refused_when_it_is_submitted(make):
    scene = Scene(lambda self: self.submit(getattr(self, make)("x" * 257)).result)
    scene.decide()

    with pytest.raises(InvalidInput, match="SWF takes 256 characters at most"):
        scene.result()


class Refusing:
    """Answer one poll after another with these errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def poll_decision(self, *_):
        raise self.errors.pop(0)

    poll_activity = poll_decision


@pytest.mark.parametrize("role", [Decider, Worker])
@pytest.mark.parametrize("last", [EngineDenied("not allowed"), ExecutionNotFound("unknown domain")])
def test_what_does_not_pass_ends_it_and_what_passes_does_not(role, last, monkeypatch):
    for module in (decider, worker):
        monkeypatch.setattr(module, "PAUSE", 0.0)
    swf = Refusing(EngineUnavailable("busy"), EngineUnavailable("busy still"), last)

    with pytest.raises(type(last), match=str(last)):
        role(swf).run()
    assert swf.errors == []


def test_a_decider_that_may_not_respond_ends(monkeypatch):
    scene = Scene(lambda self: None)

    def denied(*_):
        raise EngineDenied("not allowed")

    monkeypatch.setattr(scene.swf, "decide", denied)
    with pytest.raises(EngineDenied, match="not allowed"):
        scene.decider.run()


def test_a_task_that_is_over_while_its_history_is_read_is_passed_over(monkeypatch):
    scene = Scene(lambda self: None, page=1)
    poll = scene.swf.poll_decision

    def over(task_list, page=None):
        if page is not None:
            raise ExecutionNotFound("the task is over")
        return poll(task_list)

    monkeypatch.setattr(scene.swf, "poll_decision", over)
    assert not scene.decider.once()


def test_a_decider_and_a_starter_that_may_not_register_count_on_the_deployment(monkeypatch):
    def denied(*_):
        raise EngineDenied("RegisterActivityType is not allowed")

    monkeypatch.setattr(SimulatedSwf, "register_type", denied)
    scene = Scene(lambda self: self.submit(echo, 1).result)
    scene.decide()
    scene.work()
    scene.decide()

    assert scene.result() == 1
