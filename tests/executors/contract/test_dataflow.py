import pytest

from simpleflow_steps import Workflow, futures
from simpleflow_steps.exceptions import TaskCanceled, TaskFailed
from tests.executors.activities import add, broken, careless, echo, total


def test_a_future_is_an_argument(play):
    def run(self):
        three = self.submit(add, 1, 2)
        return self.submit(add, three, right=three).result

    assert play(run) == 6


def test_futures_inside_a_list_a_tuple_and_a_dict_are_arguments(play):
    def run(self):
        one, two = self.map(echo, [1, 2])
        return self.submit(total, [one, 5], (two,), {"a": one}, named={"b": two, "c": 3}).result

    assert play(run) == [[[1, 5], [2], {"a": 1}], {"named": {"b": 2, "c": 3}}]


def test_a_pending_argument_delays_the_task_and_not_the_workflow(play):
    def run(self):
        signalled = self.submit(self.wait_signal("go"))
        waiting = self.submit(echo, signalled)
        seen = [waiting.pending, self.submit(echo, "meanwhile").result, waiting.pending]
        self.submit(self.signal("go", "went"))
        return seen, waiting.result

    assert play(run) == ([True, "meanwhile", True], "went")


def test_a_failed_argument_is_the_tasks_failure_and_fails_the_run_once(play):
    def run(self):
        failing = self.submit(broken, "the root of it")
        self.submit(echo, self.submit(echo, failing))
        self.submit(echo, [failing])

    with pytest.raises(TaskFailed) as caught:
        play(run)
    assert str(caught.value.__cause__) == "the root of it"


def test_a_swallowed_failure_is_the_argument_none(play):
    def run(self):
        return self.submit(total, self.submit(careless)).result

    assert play(run) == [[None], {}]


def test_a_cancelled_argument_cancels_the_task(play):
    def run(self):
        signalled = self.submit(self.wait_signal("never"))
        waiting = self.submit(echo, signalled)
        signalled.cancel()
        with pytest.raises(TaskCanceled):
            _ = waiting.result
        return waiting.cancelled

    assert play(run) is True


def test_a_task_that_waits_for_its_argument_can_be_cancelled_alone(play):
    def run(self):
        argument = self.submit(self.wait_signal("go"))
        waiting = self.submit(echo, argument)
        waiting.cancel()
        self.submit(self.signal("go", "went"))
        return waiting.cancelled, argument.result

    assert play(run) == (True, "went")


@pytest.mark.not_on_moto("StartChildWorkflowExecution")
def test_a_child_workflow_takes_futures_too(play):
    class Child(Workflow):
        def run(self, value):
            return self.submit(echo, value).result

    def run(self):
        return self.submit(Child, self.submit(echo, "from the parent")).result

    assert play(run) == "from the parent"


@pytest.mark.parametrize(("first", "outcome"), [(echo, "finished"), (broken, "ValueError('no')")])
def test_a_long_row_of_dependent_tasks_needs_no_deep_stack(play, at_most, first, outcome):
    def run(self):
        last = self.submit(first, "no") if first is broken else self.submit(first, 0)
        for _ in range(at_most(3_000)):
            last = self.submit(add, last, 1)
        futures_end = last.exception
        return repr(futures_end.__cause__) if futures_end else f"finished {last.result}"

    assert play(run).startswith(outcome)


def test_wait_gives_every_result(play):
    def run(self):
        return futures.wait(*self.map(echo, "abc"))

    assert play(run) == ["a", "b", "c"]
