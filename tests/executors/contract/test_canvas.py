import pytest

from simpleflow_steps import futures
from simpleflow_steps.canvas import Chain, FuncGroup, Group
from simpleflow_steps.exceptions import AggregateException, TaskFailed
from tests.executors.activities import Shout, add, broken, careless, echo, fresh, later


def test_a_chain_runs_one_after_another_and_sends_results(play):
    def run(self):
        return self.submit(Chain((add, 1, 2), (add, 10), (add, 100), send_result=True)).result

    assert play(run) == [3, 13, 113]


def test_a_group_gives_results_in_the_order_of_its_members(play):
    def run(self):
        return self.submit(Group(*[(echo, n) for n in range(20)], max_parallel=3)).result

    assert play(run) == list(range(20))


def test_canvases_hold_each_other(play):
    def run(self):
        counted = FuncGroup(lambda found: Group(*[(echo, n) for n in range(found)]))
        return self.submit(Chain((echo, 3), counted, send_result=True)).result

    assert play(run) == [3, [0, 1, 2]]


def test_functions_coroutines_and_classes_are_activities(play):
    def run(self):
        return self.submit(Group((echo, 1), (later, 2), (Shout, "a"), (Shout, "b"))).result

    assert play(run) == [1, 2, "A", "B"]


def test_keyword_arguments_reach_the_activity(play):
    def run(self):
        return self.submit(Shout, "a", times=3).result

    assert play(run) == "AAA"


def test_map_and_starmap_run_side_by_side(play):
    def run(self):
        return futures.wait(*self.map(echo, [1, 2])) + futures.wait(*self.starmap(add, [(1, 2), (3, 4)]))

    assert play(run) == [1, 2, 3, 7]


def test_a_failure_in_a_chain_is_raised_with_the_original_as_its_cause(play):
    def run(self):
        return self.submit(Chain(echo, (broken, "the original"), echo)).result

    with pytest.raises(TaskFailed, match="broken failed: ValueError: the original") as caught:
        play(run)
    assert repr(caught.value.__cause__) == "ValueError('the original')"


def test_several_failures_are_raised_as_an_exception_group(play):
    def run(self):
        return self.submit(Group((broken, "1"), echo, (broken, "2"))).result

    with pytest.raises(AggregateException) as caught:
        play(run)
    assert sorted(str(failure.__cause__) for failure in caught.value.exceptions) == ["1", "2"]


def test_a_swallowed_failure_ends_its_chain_and_not_the_run(play):
    def run(self):
        chain = self.submit(Chain(echo, careless, echo))
        return chain.result, repr(chain.exception.__cause__)

    assert play(run) == ([None, None], "ValueError('no')")


@pytest.mark.parametrize("canvas", [Chain, Group])
def test_canvases_nest_two_hundred_deep(play, canvas):
    def run(self):
        nested = canvas((echo, 1))
        for _ in range(200):
            nested = canvas(nested)
        return str(self.submit(nested).result).strip("[]")

    assert play(run) == "1"


def test_an_idempotent_activity_runs_once_for_the_same_arguments(play):
    def run(self):
        numbers = [self.submit(fresh, value).result for value in (1, 1, 2)]
        return [numbers[0] == other for other in numbers[1:]]

    assert play(run) == [True, False]


def test_a_long_chain_and_a_wide_group_come_to_their_end(play, at_most):
    def run(self):
        long, wide = ([(echo, n) for n in range(size)] for size in (at_most(2_000), 2 * at_most(2_000)))
        return len(self.submit(Chain(*long)).result), len(self.submit(Group(*wide)).result)

    assert play(run) == (at_most(2_000), 2 * at_most(2_000))
