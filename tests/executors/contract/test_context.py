import pytest

from simpleflow_steps import Workflow, activity
from simpleflow_steps.canvas import Group
from simpleflow_steps.events import RunFinished, RunStarted
from simpleflow_steps.exceptions import InvalidInput
from tests.executors.activities import who


def test_an_activity_knows_where_it_is(play):
    def run(self):
        return self.submit(who).result, self.get_run_context()

    told, context = play(run, workflow_id="w", attributes={"name": "flow", "version": "3"})

    assert told == {
        "workflow_id": "w",
        "run_id": context["run_id"],
        "activity_id": told["activity_id"],
        "activity": "tests.executors.activities.who",
        "attempt": 1,
        "step": None,
        "name": "flow",
        "version": "3",
    }


def test_every_activity_has_an_id_of_its_own(play):
    told = play(lambda self: self.submit(Group(who, who, who)).result)

    assert len({each["activity_id"] for each in told}) == 3


def test_there_is_no_context_outside_an_activity(play):
    with pytest.raises(LookupError, match="outside an activity"):
        play(lambda self: activity.context())


def test_the_run_context_names_the_run(play):
    attributes = {"name": "flow", "version": "3", "tag_list": ["a"]}
    context = play(lambda self: self.get_run_context(), workflow_id="w", attributes=attributes)

    run_id = context.pop("run_id")
    assert run_id
    assert context == {
        "name": "flow",
        "version": "3",
        "workflow_id": "w",
        "parent_workflow_id": None,
        "tag_list": ["a"],
    }


def test_an_execution_without_an_id_is_named_by_workflow_and_input(make_executor):
    class Daily(Workflow):
        def run(self, day):
            return self.get_run_context()["workflow_id"]

    first, again, other = (make_executor(Daily).run(day) for day in ("1", "1", "2"))

    assert first == again != other
    assert first.startswith("Daily-")


@pytest.mark.parametrize("workflow_id", ["", " ", " a", "a/b", "a\nb", ".", "..", 3, "x" * 256])
def test_a_bad_workflow_id_is_refused(make_executor, workflow_id):
    with pytest.raises(InvalidInput, match="workflow_id="):
        make_executor(Workflow, workflow_id=workflow_id)


@pytest.mark.parametrize("wrong", [None, 3, object, "Workflow", Workflow.run])
def test_only_a_workflow_class_can_be_run(make_executor, wrong):
    with pytest.raises(InvalidInput, match="pass a class that inherits from Workflow"):
        make_executor(wrong)


def test_events_tell_start_and_end(play):
    events = []
    play(lambda self: None, workflow_id="w", on_event=events.append)

    started, finished = events
    assert (type(started), started.workflow, started.workflow_id) == (RunStarted, "Flow", "w")
    assert (type(finished), finished.status, finished.error) == (RunFinished, "completed", None)


def test_a_follower_that_raises_does_not_touch_the_run(play):
    assert play(lambda self: "fine", on_event=lambda event: 1 / 0) == "fine"
