import gc
import weakref

import pytest

from simpleflow_steps import Workflow
from simpleflow_steps.exceptions import ContinueAsNew, InvalidInput, WorkflowFailed
from simpleflow_steps.history import History, LogMarker
from simpleflow_steps.task import ActivityTask, CancelTimerTask, ChildWorkflowTask, MarkerTask, SignalTask, TimerTask
from simpleflow_steps.task import WaitForSignal as Wait
from simpleflow_steps.workflow import call_hook
from tests.executors.activities import add, echo
from tests.hand import Hand


class Executor(Hand):
    """A hand that remembers what the workflow submitted."""

    def __init__(self):
        super().__init__()
        self.adopted = []
        self.history = History()

    def adopt(self, future):
        self.adopted.append(future)


class Flow(Workflow):
    pass


@pytest.fixture
def flow():
    return Flow(Executor())


def test_a_workflow_has_a_name():
    assert (Flow.get_name(), type("Other", (Workflow,), {"name": "daily"}).get_name()) == ("Flow", "daily")


def test_what_is_submitted_is_the_executors_to_answer_for(flow):
    future = flow.submit(add, 1, right=2)

    (task,) = flow.executor.tasks
    assert (type(task), task.args, task.kwargs) == (ActivityTask, (1,), {"right": 2})
    assert flow.executor.adopted == [future]


def test_a_workflow_class_is_submitted_as_a_child(flow):
    flow.submit(Flow, 1)

    assert isinstance(flow.executor.tasks[0], ChildWorkflowTask)


def test_map_and_starmap_submit_one_for_each(flow):
    futures = flow.map(echo, iter([1, 2])) + flow.starmap(add, [(1, 2), (3, 4)])

    assert flow.executor.arguments() == [[1], [2], [1, 2], [3, 4]]
    assert flow.executor.adopted == futures


def test_map_starts_nothing_if_it_cannot_start_all(flow):
    with pytest.raises(InvalidInput, match="cannot submit"):
        flow.map(print, [1, 2])

    assert flow.executor.tasks == []


def test_tasks_are_made_to_be_submitted(flow):
    made = [
        flow.signal("go"),
        flow.wait_signal("go"),
        flow.record_marker("note", 1),
        flow.start_timer("t", "1.5"),
        flow.cancel_timer("t"),
    ]

    assert [type(task) for task in made] == [SignalTask, Wait, MarkerTask, TimerTask, CancelTimerTask]
    assert made[3].timeout == 1.5
    assert flow.executor.tasks == []


@pytest.mark.parametrize(
    ("options", "propagates"),
    [
        ({}, True),
        ({"propagate": False}, False),
        ({"workflow_id": "w"}, False),
        ({"workflow_id": "w", "run_id": "r"}, False),
    ],
)
def test_a_signal_goes_to_the_family_or_to_one_execution(flow, options, propagates):
    assert flow.signal("go", **options).propagate is propagates


def test_fail_raises_and_is_remembered(flow):
    with pytest.raises(WorkflowFailed, match="no data: 3") as caught:
        flow.fail("no data", 3)

    assert flow.failure is caught.value


def test_continue_as_new_carries_the_arguments(flow):
    with pytest.raises(ContinueAsNew) as caught:
        flow.continue_as_new(1, day=2)

    assert (caught.value.run_args, caught.value.run_kwargs) == ((1,), {"day": 2})


def test_log_markers_are_the_last_of_each_name_or_all(flow):
    for number, name in enumerate("aba"):
        flow.executor.history.record(LogMarker(name, number, None))

    assert [marker.details for marker in flow.list_markers()] == [2, 1]
    assert [marker.details for marker in flow.list_markers(all=True)] == [0, 1, 2]


def test_a_log_marker_whose_details_lead_back_to_it_is_collected():
    class Thing:
        pass

    thing = Thing()
    thing.marker = LogMarker("a", {"thing": thing}, None)
    alive = weakref.ref(thing)
    del thing
    gc.collect()

    assert alive() is None


@pytest.mark.parametrize("wrap", [classmethod, lambda function: function])
def test_a_hook_may_be_a_class_method_or_plain(wrap):
    named = type("Named", (Workflow,), {"get_workflow_id": wrap(lambda cls, day: f"{cls.__name__}-{day}")})

    assert call_hook(named, "get_workflow_id", ("x",), {}) == "Named-x"


def test_a_hook_may_be_a_static_method():
    named = type("Named", (Workflow,), {"get_workflow_id": staticmethod(lambda *, day: f"of {day}")})

    assert call_hook(named, "get_workflow_id", (), {"day": "x"}) == "of x"


def test_tags_are_the_classs_unless_a_hook_gives_others():
    tagged = type("Tagged", (Workflow,), {"tag_list": ["a"]})

    assert call_hook(tagged, "get_tag_list", (), {}) == ["a"]
