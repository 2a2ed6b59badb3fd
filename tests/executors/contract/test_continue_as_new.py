from contextlib import suppress

import pytest

from simpleflow_steps import Workflow
from simpleflow_steps.exceptions import InvalidInput, TaskFailed
from tests.executors.activities import broken, echo

pytestmark = pytest.mark.not_on_moto("ContinueAsNewWorkflowExecution")


class Counting(Workflow):
    def run(self, n, seen=()):
        context = self.get_run_context()
        seen = [*seen[-5:], (context["workflow_id"], context["run_id"])]
        return seen if n == 0 else self.continue_as_new(n - 1, seen=seen)


def test_a_thousand_runs_follow_each_other_without_recursion(make_executor, at_most):
    seen = make_executor(Counting, workflow_id="w").run(at_most(1_000))

    assert {workflow_id for workflow_id, _ in seen} == {"w"}
    assert len({run_id for _, run_id in seen}) == len(seen)


@pytest.mark.local_only("the ids of SWF's runs do not sort")
def test_the_ids_of_later_runs_sort_after_those_of_earlier_ones(make_executor):
    seen = [run_id for _, run_id in make_executor(Counting, workflow_id="w").run(5)]

    assert seen == sorted(seen)


def test_the_id_stays_although_the_input_changes(make_executor):
    seen = make_executor(Counting).run(3)

    assert len({workflow_id for workflow_id, _ in seen}) == 1


def test_it_cannot_be_swallowed(play):
    def run(self, again=True):
        with suppress(Exception):
            return "continued" if not again else self.continue_as_new(again=False)
        return "swallowed"

    assert play(run) == "continued"


def test_what_the_run_started_is_done_first(play):
    done = []

    def run(self, again=True):
        if not again:
            return list(done)
        self.submit(echo, 1).add_done_callback(lambda future: done.append(future.result))
        return self.continue_as_new(again=False)

    assert play(run) == [1]


def test_an_unseen_failure_ends_it(play):
    def run(self, again=True):
        if again:
            self.submit(broken, "unseen")
            self.continue_as_new(again=False)
        return "continued"

    with pytest.raises(TaskFailed, match="unseen"):
        play(run)


def test_wrong_arguments_are_refused(play):
    def run(self):
        self.continue_as_new("too much")

    with pytest.raises(InvalidInput, match=r"too many positional arguments; it takes \(\)"):
        play(run)
