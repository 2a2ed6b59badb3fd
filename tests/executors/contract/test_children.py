import pytest

from simpleflow_steps import Workflow
from simpleflow_steps.canvas import Chain, Group
from simpleflow_steps.exceptions import InvalidInput, TaskCanceled, TaskFailed, WorkflowFailed
from tests.executors.activities import add, broken, echo

pytestmark = pytest.mark.not_on_moto("StartChildWorkflowExecution")


class Child(Workflow):
    name = "child"

    def run(self, value, times=1):
        return [self.submit(echo, value).result] * times


class Where(Workflow):
    name = "where"

    def run(self, value=None):
        return dict(self.get_run_context())


class Failing(Workflow):
    name = "failing"

    def run(self):
        return self.submit(broken, "in the child").result


class Waiting(Workflow):
    def run(self, name="never"):
        return self.submit(self.wait_signal(name)).result


def test_a_child_gives_its_result(play):
    def run(self):
        return self.submit(Child, "a", times=2).result

    assert play(run) == ["a", "a"]


def test_children_run_side_by_side_with_their_parent(play):
    def run(self):
        child = self.submit(Waiting, "go")
        mine = self.submit(add, 1, 2).result
        self.submit(self.signal("go", mine))
        return child.result

    assert play(run) == 3


def test_children_are_members_of_canvases(play):
    def run(self):
        return self.submit(Chain(Group((Child, 1), (Child, 2)), (Child, 3))).result

    assert play(run) == [[[1], [2]], [3]]


def test_a_child_knows_its_parent_and_has_an_id_made_of_it(play):
    child = play(lambda self: self.submit(Where).result, workflow_id="parent")

    assert (child["name"], child["parent_workflow_id"]) == ("where", "parent")
    assert child["workflow_id"].startswith("parent.where-")


def test_ids_are_the_same_in_every_run_whatever_the_order(play):
    def ids(self, order):
        return {n: self.submit(Where, n).result["workflow_id"] for n in order}

    assert play(ids, [1, 2, 3], workflow_id="p") == play(ids, [3, 1, 2], workflow_id="p")


def test_the_same_child_again_has_an_id_of_its_own(play):
    def run(self):
        return [self.submit(Where, 1).result["workflow_id"] for _ in range(3)]

    first, second, third = play(run)

    assert (second, third) == (f"{first}-2", f"{first}-3")


def test_children_of_one_name_and_input_never_share_an_id(play):
    other = type("Other", (Where,), {})

    first, second = play(lambda self: [self.submit(each, 1).result["workflow_id"] for each in (Where, other)])

    assert first != second


def test_an_argument_by_name_makes_the_same_id(play):
    def run(self):
        return self.submit(Where, 1).result["workflow_id"], self.submit(Where, value=1).result["workflow_id"]

    first, second = play(run)

    assert second == f"{first}-2"


def test_an_idempotent_child_runs_once_for_the_same_input(play):
    class Once(Where):
        idempotent = True

    def run(self):
        same, again, other = (self.submit(Once, n) for n in (1, 1, 2))
        return [future.result["run_id"] for future in (same, again, other)]

    same, again, other = play(run)

    assert same == again != other


def test_a_failed_idempotent_child_is_one_failure(play):
    class Once(Failing):
        idempotent = True

    def run(self):
        self.submit(Once)
        self.submit(Once)

    with pytest.raises(TaskFailed):
        play(run)


def get_id(day):
    return f"daily-{day}"


@pytest.mark.parametrize(
    "hook", [classmethod(lambda cls, day: get_id(day)), staticmethod(get_id), lambda cls, day: get_id(day)]
)
def test_a_child_may_name_itself(play, hook):
    named = type(
        "Named", (Workflow,), {"run": lambda self, day: self.get_run_context()["workflow_id"], "get_workflow_id": hook}
    )

    assert play(lambda self: self.submit(named, "2026").result) == "daily-2026"
    assert play(named.run, "2026", attributes={"get_workflow_id": hook}) == "daily-2026"


@pytest.mark.local_only("on SWF, input crosses as JSON")
def test_a_child_that_names_itself_takes_input_that_is_no_json(play):
    class Named(Workflow):
        @classmethod
        def get_workflow_id(cls, value):
            return "named"

        def run(self, value):
            return type(value).__name__

    assert play(lambda self: self.submit(Named, object()).result) == "object"


def test_two_live_children_of_one_id_are_a_clear_failure(play):
    class Named(Waiting):
        @classmethod
        def get_workflow_id(cls, name):
            return "named"

    def run(self):
        first, second = self.submit(Named, "go"), self.submit(Named, "go")
        failed = second.exception or first.exception
        self.submit(self.signal("go"))
        return str(failed)

    assert "execution 'named' is running already" in play(run)


def test_a_failed_child_is_a_task_failed_with_the_childs_failure_as_its_cause(play):
    with pytest.raises(TaskFailed, match="workflow-failing failed") as caught:
        play(lambda self: self.submit(Failing).result)

    assert repr(caught.value.__cause__.__cause__) == "ValueError('in the child')"


def test_a_child_that_gives_up_fails(play):
    class Sulking(Workflow):
        def run(self):
            self.fail("no data")

    with pytest.raises(TaskFailed) as caught:
        play(lambda self: self.submit(Sulking).result)
    assert isinstance(caught.value.__cause__, WorkflowFailed)


def test_a_careless_child_gives_none(play):
    class Careless(Failing):
        raises_on_failure = False

    def run(self):
        child = self.submit(Careless)
        return child.result, type(child.exception).__name__

    assert play(run) == (None, "TaskFailed")


def test_a_child_is_retried(play):
    runs = []

    class Flaky(Workflow):
        retry = 2

        def run(self):
            runs.append(self.get_run_context()["workflow_id"])
            if len(runs) < 3:
                raise ValueError("not yet")
            return "at last"

    assert play(lambda self: self.submit(Flaky).result) == "at last"
    assert len(runs) == 3
    assert len(set(runs)) == 1


def test_a_child_continues_as_new(play):
    class Counting(Workflow):
        def run(self, n):
            return n if n == 0 else self.continue_as_new(n - 1)

    assert play(lambda self: self.submit(Counting, 5).result) == 0


def test_a_child_that_continues_with_wrong_arguments_fails(play):
    class Wrong(Workflow):
        def run(self):
            self.continue_as_new("too much")

    with pytest.raises(TaskFailed, match="too many positional arguments"):
        play(lambda self: self.submit(Wrong).result)


def test_a_cancelled_child_ends_before_its_parent_and_is_told(play):
    told = []

    class Told(Waiting):
        def on_canceled(self, history):
            told.append("canceled")

    def run(self):
        child = self.submit(Told)
        child.cancel()
        with pytest.raises(TaskCanceled):
            _ = child.result
        return child.cancelled

    assert play(run) is True
    assert told == ["canceled"]


def test_children_of_a_failed_parent_are_cancelled(play):
    told = []

    class Told(Waiting):
        def on_canceled(self, history):
            told.append("canceled")

    def run(self):
        self.submit(Told)
        raise ValueError("the parent's")

    with pytest.raises(ValueError, match="the parent's"):
        play(run)
    assert told == ["canceled"]


@pytest.mark.parametrize("args", [(), (1, 2, 3)])
def test_wrong_arguments_of_a_child_are_refused_when_it_is_submitted(play, args):
    with pytest.raises(InvalidInput, match=r"workflow child: .*; it takes \(value, times=1\)"):
        play(lambda self: self.submit(Child, *args))


@pytest.mark.parametrize("retry", [-1, True, "3"])
def test_a_bad_retry_of_a_child_is_refused(play, retry):
    bad = type("Bad", (Where,), {"retry": retry})

    with pytest.raises(InvalidInput, match=f"retry={retry!r}"):
        play(lambda self: self.submit(bad))


def test_a_child_has_its_own_tags(play):
    class Tagged(Where):
        @classmethod
        def get_tag_list(cls, value):
            return [f"value-{value}"]

    assert play(lambda self: self.submit(Tagged, 1).result)["tag_list"] == ["value-1"]
