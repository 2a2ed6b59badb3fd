from __future__ import annotations

import inspect
from typing import Any

import pytest

from simpleflow_steps import Chain, FuncGroup, Group, LocalExecutor, Step, Workflow, WorkflowStepMixin
from simpleflow_steps.exceptions import InvalidInput, InvalidStepName
from simpleflow_steps.step.submittable import Step as StepOfTheModule
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.task import ActivityTask, ChildWorkflowTask, TimerTask
from tests.step.stage import CALLS, IN_MEMORY, Stage, fail_quietly, note, workflow_of

SIMPLEFLOWS = [
    "step_name",
    "activities",
    "force",
    "activities_if_step_already_done",
    "emit_signal",
    "force_steps_if_executed",
    "bubbles_exception_on_failure",
]


class Child(Workflow):
    def run(self, name: str) -> str:
        return self.submit(note, name).result


@pytest.mark.parametrize("maker", [Step.__init__, WorkflowStepMixin.step])
def test_the_arguments_are_simpleflows_in_its_order(maker):
    assert list(inspect.signature(maker).parameters)[1:] == SIMPLEFLOWS


def test_a_step_made_by_the_workflow_is_the_step_made_by_hand():
    made = workflow_of(print)(None).step("a", note, True, fail_quietly, True, ["b"], True)

    assert type(made) is Step is StepOfTheModule
    assert (made.step_name, made.force, made.emit_signal, made.bubbles_exception_on_failure) == ("a", True, True, True)
    assert made.force_steps_if_executed == ("b",)


@pytest.mark.parametrize(
    "what",
    [
        (note, "x"),
        ActivityTask(note, "x"),
        Chain((note, "x")),
        Group((note, "x")),
        FuncGroup(lambda: (note, "x")),
        ChildWorkflowTask(Child, "x"),
        (Child, "x"),
        Step("inner", (note, "x")),
    ],
    ids=lambda what: type(what).__name__,
)
@IN_MEMORY
def test_a_step_takes_whatever_submit_takes(stage: Stage, what: Any):
    result = stage.run(lambda workflow: workflow.submit(Step("a", what)).result)

    assert result in ("x", ["x"])
    assert CALLS == ["x"]
    assert "a" in stage.done()


@pytest.mark.parametrize("what", [print, "text", None, [note], dict, ()])
def test_what_cannot_be_submitted_makes_no_step(what):
    with pytest.raises(InvalidInput, match="cannot submit"):
        Step("a", what)
    if what is not None:
        with pytest.raises(InvalidInput, match="cannot submit"):
            Step("a", note, activities_if_step_already_done=what)


@pytest.mark.parametrize(
    "name", ["", "a..b", ".a", "a.", "a/b", "/", "a\nb", "a\x00", "*", "a.*", " a", None, 7, "x" * 256]
)
def test_a_name_that_no_step_can_have_is_refused(name):
    with pytest.raises(InvalidStepName, match="step name"):
        Step(name, note)


@pytest.mark.parametrize(("names", "error"), [("report", "pass a list"), (["a.*"], "'a.\\*'"), (7, "pass a list")])
def test_dependents_that_no_step_can_have_are_refused(names, error):
    with pytest.raises(InvalidInput, match=error):
        Step("a", note, force_steps_if_executed=names)


def test_dependents_may_be_any_step():
    assert Step("a", note, force_steps_if_executed=["*", "b.c"]).force_steps_if_executed == ("*", "b.c")
    assert Step("a", note, force_steps_if_executed=None).force_steps_if_executed == ()


def test_a_step_shows_its_name():
    assert repr(Step("load.clean", note)) == "<Step load.clean>"


def test_an_attribute_reaches_what_the_step_does_and_its_alternative():
    step = Step("a", Group(note, note), activities_if_step_already_done=note)

    step.propagate_attribute("raises_on_failure", False)

    tasks = [*step.activities.activities, step.activities_if_step_already_done]
    assert [task.raises_on_failure for task in tasks] == [False, False, False]


def test_a_workflow_with_steps_needs_the_mixin():
    class Plain(Workflow):
        def run(self) -> None:
            self.submit(Step("a", note))

    with pytest.raises(InvalidInput, match="Plain has steps: let it inherit from WorkflowStepMixin"):
        LocalExecutor(Plain, storage=MemoryStorage(), workflow_id="w").run()


def test_a_mistake_in_a_workflows_own_method_is_shown_as_it_is():
    def get_step_path_prefix(self: Any) -> str:
        return self.no_such_thing

    workflow = workflow_of(lambda self: self.submit(Step("a", note)), get_step_path_prefix=get_step_path_prefix)

    with pytest.raises(AttributeError, match="no_such_thing"):
        LocalExecutor(workflow, storage=MemoryStorage(), workflow_id="w").run()


@IN_MEMORY
def test_a_step_takes_no_result_of_the_one_before(stage: Stage):
    with pytest.raises(InvalidInput, match="<Step b> takes no argument; put the next one in a FuncGroup"):
        stage.run(lambda workflow: workflow.submit(Chain((note, "a"), Step("b", note), send_result=True)).result)


@IN_MEMORY
def test_a_step_waits_around_a_timer(stage: Stage):
    assert stage.run(lambda workflow: workflow.submit(Step("nap", TimerTask("t", 0.01))).result) is None
    assert stage.done() == {"nap"}
