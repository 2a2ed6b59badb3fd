import sys

import pytest

from simpleflow_steps import Workflow, activity
from simpleflow_steps.canvas import Chain, FuncGroup, Group
from simpleflow_steps.exceptions import AggregateException, InvalidInput, TaskFailed
from simpleflow_steps.task import ActivityTask, ChildWorkflowTask, MarkerTask
from tests.hand import Hand


@activity.with_attributes()
def work(*args):
    """The hand does it."""


@activity.with_attributes(raises_on_failure=False)
def careless(*args):
    """The hand does it."""


@pytest.fixture
def hand():
    return Hand()


def fail(hand, index, name="activity-work"):
    """Fail the way an executor does."""
    error = TaskFailed(f"{name}-{index}")
    hand.futures[index].set_exception(error, raises=hand.tasks[index].raises_on_failure)
    return error


def works(number):
    return [(work, index) for index in range(number)]


class TestMembers:
    def test_activities_tuples_tasks_canvases_and_workflows_are_members(self):
        class Child(Workflow):
            pass

        group = Group(work, (work, 1), ActivityTask(work, 2), Chain(work), (Child, 3), Child)

        kinds = [ActivityTask, ActivityTask, ActivityTask, Chain, ChildWorkflowTask, ChildWorkflowTask]
        assert [type(member) for member in group.activities] == kinds
        taken = [member.args for member in group.activities if not isinstance(member, Chain)]
        assert taken == [(), (1,), (2,), (3,), ()]

    @pytest.mark.parametrize("canvas", [Group, Chain])
    def test_append_extend_and_plus_equal_add_members(self, canvas):
        made = canvas(work)
        made.append(work, 1)
        made.append((work, 2))
        made.extend([(work, 3), work])
        made += [(work, 4)]

        assert [member.args for member in made.activities] == [(), (1,), (2,), (3,), (), (4,)]
        assert type(made) is canvas

    def test_append_takes_keyword_arguments(self):
        group = Group()
        group.append(work, day="1")

        assert group.activities[0].kwargs == {"day": "1"}

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            (print, "with_attributes"),
            (None, "None"),
            ("work", "'work'"),
            ((), r"\(\)"),
            (int, "int"),
            ([work], "Activity"),
            ((work, 1, Chain()), None),
            ((Chain(), 1), "has its arguments already"),
        ],
    )
    @pytest.mark.parametrize("canvas", [Group, Chain])
    def test_what_cannot_be_submitted_cannot_be_a_member(self, canvas, wrong, told):
        if told is None:
            assert len(canvas(wrong).activities) == 1
        else:
            with pytest.raises(InvalidInput, match=told):
                canvas(wrong)

    @pytest.mark.parametrize("value", [0, -1, True, "3", 2.5])
    def test_max_parallel_is_a_number_of_one_or_more(self, value):
        with pytest.raises(InvalidInput, match=f"max_parallel={value!r}: pass a number of 1 or more"):
            Group(max_parallel=value)

    def test_send_result_needs_break_on_failure(self):
        with pytest.raises(InvalidInput, match="send_result=True needs break_on_failure=True"):
            Chain(work, work, send_result=True, break_on_failure=False)

    def test_func_group_needs_a_function(self):
        with pytest.raises(InvalidInput, match=r"FuncGroup\(3\): pass a function"):
            FuncGroup(3)


class TestGroup:
    def test_members_start_at_once_and_results_keep_the_members_order(self, hand):
        future = Group(*works(3)).submit(hand)
        started = len(hand.running)
        for index in (2, 0, 1):
            hand.futures[index].set_finished(index)

        assert (started, future.result) == (3, [0, 1, 2])

    def test_max_parallel_is_never_exceeded_and_always_filled(self, hand):
        future = Group(*works(7), max_parallel=3).submit(hand)
        seen = []
        while not future.done:
            seen.append(len(hand.running))
            hand.running[-1].set_finished(None)

        assert seen == [3, 3, 3, 3, 3, 2, 1]

    def test_max_parallel_counts_a_chain_as_one_for_as_long_as_it_lasts(self, hand):
        Group(Chain(*works(2)), Chain(*works(2)), max_parallel=1).submit(hand)
        seen = []
        while hand.running:
            seen.append(len(hand.futures))
            hand.running[0].set_finished(None)

        assert seen == [1, 2, 3, 4]

    def test_an_empty_group_is_done(self, hand):
        assert Group().submit(hand).result == []

    def test_it_counts_what_is_finished(self, hand):
        future = Group(*works(3)).submit(hand)
        hand.futures[1].set_finished(None)

        assert future.count_finished_activities == 1

    def test_one_failure_is_raised_as_it_is_once_all_are_done(self, hand):
        future = Group(*works(3)).submit(hand)
        error = fail(hand, 1)
        early = future.done
        hand.futures[0].set_finished(None)
        hand.futures[2].set_finished(None)

        assert early is False
        with pytest.raises(TaskFailed) as caught:
            _ = future.result
        assert caught.value is error

    def test_several_failures_are_raised_as_a_group(self, hand):
        future = Group(*works(2)).submit(hand)
        errors = [fail(hand, 0), fail(hand, 1)]

        assert isinstance(future.exception, AggregateException)
        assert list(future.exception.exceptions) == errors

    def test_the_same_failed_dependency_counts_once(self, hand):
        error = TaskFailed("activity-a")
        future = Group(*works(2)).submit(hand)
        for member in hand.futures:
            member.set_exception(error)

        assert future.exception is error

    def test_raises_on_failure_false_swallows_what_fails_inside_and_tells_it(self, hand):
        future = Group(*works(2), raises_on_failure=False).submit(hand)
        error = fail(hand, 0)
        hand.futures[1].set_finished("fine")

        assert (future.result, future.exception, future.failures) == ([None, "fine"], error, (error,))

    def test_without_bubbling_a_swallowed_failure_is_not_told(self, hand):
        future = Group((careless,), bubbles_exception_on_failure=False).submit(hand)
        error = fail(hand, 0)

        assert (future.result, future.exception, future.failures) == ([None], None, (error,))

    def test_without_bubbling_a_failure_that_raises_is_still_told(self, hand):
        future = Group((work,), bubbles_exception_on_failure=False).submit(hand)
        error = fail(hand, 0)

        assert future.exception is error

    def test_raises_on_failure_true_takes_an_activitys_carelessness_away(self, hand):
        future = Group(careless, raises_on_failure=True).submit(hand)

        assert fail(hand, 0) is future.error

    def test_raises_on_failure_leaves_the_activity_itself_alone(self, hand):
        Group(work, raises_on_failure=False).submit(hand)

        assert work.raises_on_failure is True

    def test_raises_on_failure_reaches_members_that_come_later_and_deeper(self, hand):
        group = Group(raises_on_failure=False)
        group.append(Chain(Group(work)))
        group.submit(hand)
        fail(hand, 0)

        assert hand.futures[0].error is None

    def test_cancelling_cancels_what_runs_and_starts_nothing_more(self, hand):
        future = Group(*works(4), max_parallel=2).submit(hand)
        future.cancel()

        assert future.cancelled
        assert [member.cancelled for member in hand.futures] == [True, True]


class TestChain:
    def test_each_starts_when_the_one_before_is_done(self, hand):
        future = Chain(*works(3)).submit(hand)
        seen = []
        while not future.done:
            seen.append(len(hand.futures))
            hand.running[0].set_finished(len(seen))

        assert (seen, future.result) == ([1, 2, 3], [1, 2, 3])

    def test_send_result_makes_a_result_the_next_ones_last_argument(self, hand):
        future = Chain((work, "a"), (work, "b"), (work, "c"), send_result=True).submit(hand)
        for value in (1, None, 3):
            hand.running[0].set_finished(value)

        assert hand.arguments() == [["a"], ["b", 1], ["c", None]]
        assert future.result == [1, None, 3]

    def test_send_result_reaches_a_func_group(self, hand):
        future = Chain(work, FuncGroup(lambda result: (work, "built from", result)), send_result=True).submit(hand)
        hand.running[0].set_finished(1)
        hand.running[0].set_finished(2)

        assert hand.arguments()[1] == ["built from", 1]
        assert future.result == [1, 2]

    def test_send_result_keeps_raises_on_failure(self, hand):
        future = Chain(work, careless, send_result=True).submit(hand)
        hand.running[0].set_finished(1)
        fail(hand, 1)

        assert future.result == [1, None]

    def test_send_result_to_what_takes_no_argument_is_a_clear_failure(self, hand):
        future = Chain(work, Group(work), send_result=True).submit(hand)
        hand.running[0].set_finished(1)

        assert isinstance(future.exception, InvalidInput)
        assert "put the next one in a FuncGroup" in str(future.exception)

    def test_a_failure_ends_it_and_is_raised_as_it_is(self, hand):
        future = Chain(*works(3)).submit(hand)
        hand.running[0].set_finished(1)
        error = fail(hand, 1)

        assert (future.error, len(hand.futures)) == (error, 2)

    def test_a_swallowed_failure_ends_it_too_and_gives_what_there_is(self, hand):
        future = Chain(work, careless, work).submit(hand)
        hand.running[0].set_finished(1)
        error = fail(hand, 1)

        assert (future.result, future.exception, len(hand.futures)) == ([1, None], error, 2)

    def test_without_break_on_failure_it_goes_on_and_collects(self, hand):
        future = Chain(*works(3), break_on_failure=False).submit(hand)
        errors = [fail(hand, 0), fail(hand, 1)]
        hand.running[0].set_finished(3)

        assert list(future.error.exceptions) == errors
        assert len(hand.futures) == 3

    def test_without_break_on_failure_it_goes_on_after_a_function_that_raises(self, hand):
        future = Chain(FuncGroup(lambda: 1 / 0), work, break_on_failure=False).submit(hand)
        hand.running[0].set_finished(1)

        assert isinstance(future.exception, ZeroDivisionError)

    def test_raises_on_failure_false_keeps_failures_to_itself(self, hand):
        future = Chain(work, work, raises_on_failure=False).submit(hand)
        error = fail(hand, 0)

        assert (future.result, future.exception, future.failures) == ([None], None, (error,))

    def test_a_chain_goes_on_after_an_inner_one_that_keeps_its_failure(self, hand):
        future = Chain(Chain(work, raises_on_failure=False), work).submit(hand)
        fail(hand, 0)
        hand.running[0].set_finished(2)

        assert future.result == [[None], 2]

    def test_a_chain_ends_at_an_inner_one_that_bubbles_its_failure(self, hand):
        inner = Chain(work, raises_on_failure=False, bubbles_exception_on_failure=True)
        future = Chain(inner, work).submit(hand)
        error = fail(hand, 0)

        assert (future.result, future.exception) == ([[None]], error)

    def test_an_empty_chain_is_done(self, hand):
        assert Chain().submit(hand).result == []

    def test_cancelling_cancels_the_one_that_runs_and_starts_no_other(self, hand):
        future = Chain(*works(2)).submit(hand)
        future.cancel()

        assert (future.cancelled, [member.cancelled for member in hand.futures]) == (True, [True])


class TestFuncGroup:
    def test_the_function_is_called_when_it_is_reached(self, hand):
        calls = []
        future = Chain(work, FuncGroup(lambda *args, **kwargs: calls.append((args, kwargs)) or work, 1, day=2)).submit(
            hand
        )
        before = list(calls)
        hand.running[0].set_finished(None)
        hand.running[0].set_finished("built")

        assert (before, calls, future.result) == ([], [((1,), {"day": 2})], [None, "built"])

    def test_it_may_build_a_canvas(self, hand):
        future = FuncGroup(lambda: Group(*works(2))).submit(hand)
        for each in hand.running:
            each.set_finished("done")

        assert future.result == ["done", "done"]

    def test_raises_on_failure_reaches_what_it_builds(self, hand):
        future = Group(FuncGroup(lambda: work), raises_on_failure=False).submit(hand)
        fail(hand, 0)

        assert future.result == [None]

    @pytest.mark.parametrize("built", [None, 3, print])
    def test_what_cannot_be_submitted_fails_clearly(self, hand, built):
        future = Group(FuncGroup(lambda: built), work).submit(hand)
        hand.running[0].set_finished("the other goes on")

        assert isinstance(future.exception, InvalidInput)
        assert repr(built) in str(future.exception)

    def test_what_the_function_raises_is_the_failure(self, hand):
        future = Group(FuncGroup(lambda: 1 / 0)).submit(hand)

        assert isinstance(future.exception, ZeroDivisionError)


def nested(depth, canvas, inner):
    made = inner
    for _ in range(depth):
        made = canvas(made)
    return made


def unwrap(value, depth):
    for _ in range(depth):
        (value,) = value
    return value


@pytest.mark.parametrize("canvas", [Chain, Group])
def test_canvases_nest_deeply(hand, canvas):
    future = nested(1_000, canvas, canvas(*works(2))).submit(hand)
    while hand.running:
        hand.running[0].set_finished("done")

    assert unwrap(future.result, 1_000) == ["done", "done"]


def test_a_failure_comes_out_of_deep_canvases_as_it_is(hand):
    future = nested(1_000, Chain, work).submit(hand)

    assert fail(hand, 0) is future.exception


def calls_for(make, number):
    """Count the function calls that a canvas of so many members takes from its start to its end."""
    canvas, hand, calls, at = make(*works(number)), Hand(), 0, 0

    def count(frame, event, _):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        future = canvas.submit(hand)
        while not future.done:
            hand.futures[at].set_finished(at)
            at += 1
    finally:
        sys.setprofile(None)
    assert len(future.result) == number
    return calls


@pytest.mark.parametrize(
    "make", [Chain, Group, lambda *members: Group(*members, max_parallel=7)], ids=["chain", "group", "limited"]
)
def test_ten_times_the_members_take_ten_times_the_calls(make):
    small, large = calls_for(make, 1_000), calls_for(make, 10_000)

    assert large < 10.1 * small


def test_what_is_done_at_once_needs_no_deep_stack(hand):
    hand.submit = lambda task: Group().submit(hand)
    members = [MarkerTask("note")] * 10_000

    assert len(Chain(*members).submit(hand).result) == 10_000
    assert len(Group(*members, max_parallel=1).submit(hand).result) == 10_000
