import pytest

from simpleflow_steps import Workflow
from simpleflow_steps.canvas import Chain, Group
from simpleflow_steps.exceptions import InvalidInput
from tests.executors.activities import echo


def test_a_signal_is_kept_until_somebody_waits(play):
    def run(self):
        self.submit(self.signal("go", "early"))
        self.submit(echo).wait()
        return self.submit(self.wait_signal("go")).result

    assert play(run) == "early"


def test_a_wait_before_the_signal_waits(play):
    def run(self):
        waiting = self.submit(self.wait_signal("go"))
        before = waiting.done
        self.submit(Chain(echo, self.signal("go", "late")))
        return before, waiting.result

    assert play(run) == (False, "late")


def test_each_signal_ends_one_wait_in_order(play):
    def run(self):
        waits = [self.submit(self.wait_signal("go"))]
        for n in range(3):
            self.submit(self.signal("go", n))
        waits += [self.submit(self.wait_signal("go")) for _ in range(2)]
        return [wait.result for wait in waits]

    assert play(run) == [0, 1, 2]


def test_a_signal_ends_only_waits_of_its_name(play):
    def run(self):
        other = self.submit(self.wait_signal("other"))
        self.submit(self.signal("go", 1))
        return self.submit(self.wait_signal("go")).result, other.done

    assert play(run) == (1, False)


def test_a_cancelled_wait_takes_no_signal(play):
    def run(self):
        self.submit(self.wait_signal("go")).cancel()
        self.submit(self.signal("go", 1))
        return self.submit(self.wait_signal("go")).result

    assert play(run) == 1


@pytest.mark.parametrize(
    ("args", "kwargs", "payload"),
    [
        ((), {}, None),
        ((1,), {}, 1),
        ((1, 2), {}, {"args": [1, 2], "kwargs": {}}),
        ((), {"a": 1}, {"args": [], "kwargs": {"a": 1}}),
    ],
)
def test_a_signal_brings_its_arguments(play, args, kwargs, payload):
    def run(self):
        self.submit(self.signal("go", *args, **kwargs))
        return self.submit(self.wait_signal("go")).result

    assert play(run) == payload


def test_signals_and_waits_are_members_of_canvases(play):
    def run(self):
        return self.submit(Group(Chain(self.wait_signal("go"), echo), Chain(echo, self.signal("go", "x")))).result

    assert play(run) == [["x", None], [None, None]]


class Waiting(Workflow):
    def run(self, name):
        return self.submit(self.wait_signal(name)).result


class Telling(Workflow):
    def run(self, name, payload):
        self.submit(self.signal(name, payload))


@pytest.mark.not_on_moto("StartChildWorkflowExecution")
def test_a_signal_reaches_parent_and_children(play):
    def run(self):
        child = self.submit(Waiting, "down")
        self.submit(self.signal("down", "to the child"))
        self.submit(Telling, "up", "to the parent")
        return child.result, self.submit(self.wait_signal("up")).result

    assert play(run) == ("to the child", "to the parent")


@pytest.mark.not_on_moto("StartChildWorkflowExecution")
def test_a_signal_that_is_not_propagated_stays(play):
    def run(self):
        child = self.submit(Waiting, "go")
        self.submit(self.signal("go", "mine", propagate=False))
        mine = self.submit(self.wait_signal("go")).result
        self.submit(self.signal("go", "all"))
        return mine, child.result

    assert play(run) == ("mine", "all")


class Named(Waiting):
    @classmethod
    def get_workflow_id(cls, name):
        return f"named-{name}"


@pytest.mark.not_on_moto("StartChildWorkflowExecution")
def test_a_signal_reaches_one_execution_by_its_id(play):
    def run(self):
        first, second = self.submit(Named, "a"), self.submit(Named, "b")
        self.submit(self.signal("a", "wrong one", workflow_id="named-b"))
        self.submit(self.signal("b", "for b", workflow_id="named-b"))
        self.submit(self.signal("a", "for a", workflow_id="named-a"))
        return first.result, second.result

    assert play(run) == ("for a", "for b")


@pytest.mark.not_on_moto("StartChildWorkflowExecution")
def test_a_signal_waits_for_an_execution_that_has_not_begun(play):
    def run(self):
        self.submit(self.signal("a", "early", workflow_id="named-a"))
        return self.submit(Named, "a").result

    assert play(run) == "early"


@pytest.mark.not_on_moto("ContinueAsNewWorkflowExecution")
def test_unread_signals_outlive_a_run_and_read_ones_do_not(make_executor):
    class Flow(Workflow):
        def run(self, seen=()):
            if not seen:
                for n in range(4):
                    self.submit(self.signal("go", n))
            seen = [*seen, self.submit(self.wait_signal("go")).result]
            return seen if len(seen) == 4 else self.continue_as_new(seen)

    assert make_executor(Flow, workflow_id="w").run() == [0, 1, 2, 3]


@pytest.mark.not_on_moto("ContinueAsNewWorkflowExecution")
@pytest.mark.parametrize("propagate", [True, False])
def test_a_signal_that_one_run_read_is_gone_for_the_next(make_executor, propagate):
    class Flow(Workflow):
        def run(self, first=True):
            if not first:
                waiting = self.submit(self.wait_signal("go"))
                self.submit(echo).wait()
                return waiting.done
            self.submit(self.signal("go", propagate=propagate))
            self.submit(self.wait_signal("go")).wait()
            return self.continue_as_new(first=False)

    assert make_executor(Flow, workflow_id="w").run() is False


@pytest.mark.parametrize("name", ["", " ", None, 3, "a/b", "a\nb"])
@pytest.mark.parametrize("make", ["signal", "wait_signal"])
def test_a_bad_signal_name_is_refused(play, make, name):
    with pytest.raises(InvalidInput, match="signal name") as caught:
        play(lambda self: getattr(self, make)(name))
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("workflow_id", ["", "a/b", "a\nb", ".."])
def test_a_signal_to_a_bad_workflow_id_is_refused(play, workflow_id):
    with pytest.raises(InvalidInput, match="workflow_id="):
        play(lambda self: self.submit(self.signal("go", workflow_id=workflow_id)))
