from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest

from simpleflow_steps import LocalExecutor, Step, WorkflowStepMixin
from simpleflow_steps.activity import Activity
from simpleflow_steps.exceptions import InvalidInput, InvalidStepName
from simpleflow_steps.step.tasks import GetStepsDoneTask
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.task import ActivityTask
from tests.step.stage import CALLS, EVERYWHERE, Stage, note, simple, workflow_of


@pytest.fixture
def workflow() -> Any:
    """Give a workflow that no executor runs."""
    return workflow_of(print)(MagicMock())


def test_names_and_reasons_add_up(workflow):
    workflow.add_forced_steps(["b", "a"], "first")
    workflow.add_forced_steps({"a"}, "second")
    workflow.add_skipped_steps(("c",))

    assert workflow.get_forced_steps() == ["b", "a"]
    assert workflow.get_skipped_steps() == ["c"]


@pytest.mark.parametrize("add", ["add_forced_steps", "add_skipped_steps"])
@pytest.mark.parametrize("names", ["load", b"load", 7, ["a.*"], [""], ["a..b"], [7]])
def test_a_bad_list_is_refused_and_adds_nothing(workflow, add, names):
    with pytest.raises(InvalidInput):
        getattr(workflow, add)(names)

    assert workflow.get_forced_steps() == workflow.get_skipped_steps() == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"force": "report"}, r"force='report': pass a list of step names, such as \['report'\]"),
        ({"skip": "report"}, "skip='report': pass a list"),
        ({"force": ["a.*"]}, r"'a.\*' has '\*' as a part: write 'a'"),
        ({"force": [""]}, "is empty"),
        ({"skip": ["a/b"]}, "has a slash"),
        ({"skip": {"a\n": "why"}}, "control character"),
        ({"force": 7}, "force=7: pass a list"),
    ],
)
def test_a_bad_list_at_submission_is_one_clear_error_and_nothing_is_written(stage: Stage, options, error):
    stage.run(simple("a"))
    before = stage.contents()
    CALLS.clear()

    with pytest.raises(InvalidInput, match=error):
        stage.run(simple("a"), **options)

    assert stage.contents() == before
    assert CALLS == []


@pytest.mark.parametrize("name", ["", "a..b", "a/b", "a\x07", "*"])
def test_a_bad_step_name_is_one_clear_error_and_nothing_is_written(stage: Stage, name):
    with pytest.raises(InvalidStepName, match="step name"):
        stage.run(lambda workflow: workflow.submit(workflow.step(name, note)).result)

    assert stage.contents() == {}


def test_a_workflow_asks_for_steps_itself(stage: Stage):
    def body(workflow: Any, forced: list[str], skipped: list[str]) -> Any:
        workflow.add_forced_steps(forced, "asked in run()")
        workflow.add_skipped_steps(skipped, "not today")
        return simple("a", "b", "c")(workflow)

    stage.run(body, [], ["c"])
    CALLS.clear()

    assert stage.run(body, ["a"], ["c"]) == ["a", "b", None]
    assert CALLS == ["a"]
    assert {entry["step"]: entry["reasons"] for entry in stage.log} == {
        "a": ["asked in run()"],
        "b": ["Step was already played"],
        "c": ["not today"],
    }


def test_reasons_of_all_covering_names_are_told_in_order(stage: Stage):
    def body(workflow: Any) -> Any:
        workflow.add_forced_steps(["a"], "second")
        workflow.add_forced_steps(["*"], "third")
        return simple("a.b")(workflow)

    stage.run(body, force={"a.b": "first"})

    assert stage.markers()["a.b"]["reasons"] == ["first", "second", "third"]


def test_a_name_added_after_its_step_was_decided_changes_nothing(stage: Stage):
    def body(workflow: Any) -> Any:
        simple("a")(workflow)
        workflow.add_forced_steps(["a"])

    stage.run(simple("a"))
    stage.run(body)

    assert CALLS == ["a"]


@EVERYWHERE
def test_the_done_steps_are_listed_afresh(stage: Stage):
    def body(workflow: Any) -> Any:
        before = workflow.get_steps_done()
        simple("b")(workflow)
        stage.write("c", b"{}")
        stage.write("d", b"")
        return before, workflow.get_steps_done(), workflow.submit(workflow.get_steps_done_activity()).result

    stage.run(simple("a"))

    assert stage.run(body) == (["a"], ["a", "b", "c"], ["a", "b", "c"])


def test_the_listing_activity_has_simpleflows_settings_and_the_workflows_own(stage: Stage):
    made = []

    def body(workflow: Any) -> None:
        made.append(workflow.get_steps_done_activity())

    stage.run(body, attributes={"get_step_activity_params": lambda self: {"task_list": "quick", "retry": 7}})

    (task,) = made
    assert isinstance(task, ActivityTask)
    assert isinstance(task.activity, Activity)
    assert task.activity.callable is GetStepsDoneTask
    assert (task.activity.task_list, task.activity.retry, task.activity.start_to_close_timeout) == ("quick", 7, 60)
    assert task.activity.idempotent is True
    assert task.args == (stage.storage.url, "w/steps")


def test_a_run_knows_the_names_of_its_steps(stage: Stage):
    stage.write("old", b"{}")
    stage.run(simple("a", "b"), skip=["b"])

    assert stage.workflow.step_names() == {"a", "b"}
    assert stage.workflow.step_names_done() == {"a", "old"}
    assert stage.workflow.steering.unmatched(stage.workflow.step_names()) == []


def test_a_workflow_without_any_step_lists_nothing(stage: Stage):
    stage.run(lambda workflow: None, force=["a"])

    assert stage.workflow.step_names() == stage.workflow.step_names_done() == set()
    assert stage.workflow.steering.unmatched(stage.workflow.step_names()) == ["a"]


def test_two_runs_of_one_workflow_share_nothing_but_the_storage():
    first, second = (workflow_of(simple("a"))(MagicMock()) for _ in range(2))

    first.add_forced_steps(["a"])

    assert second.get_forced_steps() == []


def test_the_mixin_may_stand_on_either_side():
    from simpleflow_steps import Workflow

    class Other(WorkflowStepMixin, Workflow):
        def run(self) -> Any:
            return self.submit(Step("a", (note, "a"))).result

    assert LocalExecutor(Other, storage=MemoryStorage(), workflow_id="w").run() == "a"
