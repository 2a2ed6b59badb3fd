from __future__ import annotations

import pytest

from simpleflow_steps.exceptions import InvalidStepName, RunSuperseded
from simpleflow_steps.step.marker import Seen
from simpleflow_steps.step.tasks import GetStepsDoneTask, MarkStepDoneTask, open_register, results_prefix
from simpleflow_steps.storage import MemoryStorage, Storage
from tests.step.doubles import Watched, at
from tests.step.stage import CALLS, EVERYWHERE, Stage, simple


@EVERYWHERE
@pytest.mark.parametrize("path", ["w/steps", "w/steps/"])
def test_steps_marked_by_the_task_are_listed_by_the_task(storage: Storage, path):
    for name in ("b", "a.b", "a"):
        MarkStepDoneTask(storage.url, path, name).execute()

    assert GetStepsDoneTask(storage, path).execute() == ["a", "a.b", "b"]
    assert GetStepsDoneTask(storage.url, "w/step").execute() == []


@pytest.mark.parametrize("before", [None, b"", b"{}", b"garbage"])
def test_a_step_is_marked_done_whatever_its_marker_was(stage: Stage, before):
    if before is not None:
        stage.write("a", before)

    MarkStepDoneTask(stage.storage, "w/steps", "a", reason="by hand").execute()

    marker = stage.markers()["a"]
    assert (marker["forced"], marker["reasons"], marker["workflow_id"]) == (True, ["by hand"], "unknown")
    assert stage.run(simple("a")) == [None]
    assert CALLS == []


def test_invalidated_steps_are_not_listed(stage: Stage):
    stage.write("a", b"")
    stage.write("b", b"{}")

    assert GetStepsDoneTask(stage.storage, "w/steps").execute() == ["b"]


def test_a_marker_that_changes_meanwhile_is_not_overwritten(stage: Stage):
    stage.write("a", b"{}")
    watched = Watched(stage.storage, before=at("put", 1, lambda: stage.write("a", b'{"newer": 1}')))

    with pytest.raises(RunSuperseded):
        MarkStepDoneTask(watched, "w/steps", "a").execute()

    assert stage.markers()["a"] == {"newer": 1}


@pytest.mark.parametrize("name", ["", "a/b", "a..b", "*"])
def test_a_name_that_no_step_can_have_is_refused(name):
    with pytest.raises(InvalidStepName):
        MarkStepDoneTask(MemoryStorage(), "w/steps", name)


def test_marked_by_an_activity_a_marker_names_its_run(stage: Stage):
    def body(workflow):
        from simpleflow_steps.activity import Activity
        from simpleflow_steps.task import ActivityTask

        marking = ActivityTask(Activity(MarkStepDoneTask), stage.storage, "w/steps", "a")
        workflow.submit(marking).result  # noqa: B018

    stage.run(body)

    assert stage.markers()["a"]["run_id"] == stage.workflow.get_run_context()["run_id"]


@pytest.mark.parametrize(
    ("prefix", "results"),
    [
        ("w/steps", "w/results"),
        ("a/b/steps", "a/b/results"),
        ("steps", "steps.results"),
        ("w/marks", "w/marks.results"),
    ],
)
def test_large_results_lie_beside_the_markers_never_among_them(prefix, results):
    assert results_prefix(prefix) == results
    assert not results.startswith(f"{prefix}/")


def test_a_register_of_a_bucket_knows_where_its_results_are():
    register = open_register(MemoryStorage(), "x/steps/")

    assert (register.key("a"), register.results) == ("x/steps/a", "x/results")
    assert Seen("etag", 1).done is True
