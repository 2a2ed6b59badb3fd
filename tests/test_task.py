import pytest

from simpleflow_steps import Workflow
from simpleflow_steps.canvas import FuncGroup, Group
from simpleflow_steps.exceptions import InvalidInput, TaskFailed
from simpleflow_steps.task import (
    ActivityTask,
    CancelTimerTask,
    ChildWorkflowTask,
    MarkerTask,
    SignalTask,
    StorageTask,
    TaskFailureContext,
    TimerTask,
    WaitForSignal,
    as_submittable,
    signal_payload,
)
from tests.executors.activities import careless, echo


class Child(Workflow):
    name = "child"
    raises_on_failure = False


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (ActivityTask(echo), "activity-tests.executors.activities.echo"),
        (ChildWorkflowTask(Child), "workflow-child"),
        (SignalTask("go"), "go"),
        (WaitForSignal("go"), "go"),
        (MarkerTask("note"), "note"),
        (TimerTask("t", 1), "t"),
        (CancelTimerTask("t"), "t"),
        (StorageTask("mark step a", print), "mark step a"),
    ],
)
def test_every_task_has_a_name(task, name):
    assert task.name == name


def test_a_task_shows_its_arguments():
    assert repr(ActivityTask(echo, 1, day="x")) == "ActivityTask(activity-tests.executors.activities.echo, 1, day='x')"


def test_a_task_takes_raises_on_failure_from_what_it_calls():
    found = [task.raises_on_failure for task in (ActivityTask(echo), ActivityTask(careless), ChildWorkflowTask(Child))]

    assert found == [True, False, False]


def test_one_more_argument_makes_another_task():
    task = ActivityTask(echo, 1, day="x")
    task.propagate_attribute("raises_on_failure", False)
    more = task.with_argument(2)

    assert (task.args, more.args, more.kwargs, more.raises_on_failure) == ((1,), (1, 2), {"day": "x"}, False)


@pytest.mark.parametrize("what", [Group(echo), SignalTask("go"), TimerTask("t", 1), MarkerTask("note")])
def test_what_takes_no_argument_says_so(what):
    with pytest.raises(InvalidInput, match=r"send_result=True: .* takes no argument"):
        what.with_argument(1)


def test_a_func_group_takes_one_more_argument():
    assert FuncGroup(print, 1, sep=" ").with_argument(2).args == [1, 2]


@pytest.mark.parametrize("task", [ActivityTask(echo), Group(echo)])
def test_what_is_submittable_stays_as_it_is_and_takes_no_more_arguments(task):
    assert as_submittable(task) is task
    with pytest.raises(InvalidInput, match="has its arguments already"):
        as_submittable(task, 1)


@pytest.mark.parametrize("wrong", [(), ((echo, 1), 2), (echo.callable, 1), (None,)])
def test_a_tuple_is_an_activity_and_its_arguments(wrong):
    with pytest.raises(InvalidInput, match="cannot submit"):
        as_submittable(wrong)


def test_an_activity_task_needs_an_activity():
    with pytest.raises(InvalidInput, match=r"ActivityTask\(<built-in function print>\): pass an activity"):
        ActivityTask(print)


@pytest.mark.parametrize(
    ("args", "kwargs", "payload"),
    [
        ((), {}, None),
        ((1,), {}, 1),
        (([1],), {}, [1]),
        ((1, 2), {}, {"args": [1, 2], "kwargs": {}}),
        ((1,), {"a": 2}, {"args": [1], "kwargs": {"a": 2}}),
    ],
)
def test_a_signal_brings_nothing_one_thing_or_all_of_them(args, kwargs, payload):
    assert signal_payload(args, kwargs) == payload


@pytest.mark.parametrize("name", ["", None, 3, "a\x00", "a/b"])
@pytest.mark.parametrize(
    "make", [SignalTask, WaitForSignal, MarkerTask, CancelTimerTask, lambda name: TimerTask(name, 1)]
)
def test_a_bad_name_is_refused_with_its_value(make, name):
    with pytest.raises(InvalidInput) as caught:
        make(name)

    assert repr(name) in str(caught.value)


def test_a_failure_context_tells_and_decides():
    failure = TaskFailed("activity-a")
    failure.__cause__ = ValueError("no")
    context = TaskFailureContext(ActivityTask(echo), failure, 3)

    told = (context.task_name, context.exception_class, context.retry_count, context.decision.name)
    assert told == ("activity-tests.executors.activities.echo", ValueError, 2, "none")
    assert context.decide_retry().decision.name == "retry_now"
    assert context.decide_retry(5).decision.name == "retry_later"
    assert (context.retry_wait_timeout, context.decide_handled(7).result) == (5, 7)
