import threading
from contextvars import ContextVar

import pytest

from simpleflow_steps import futures
from simpleflow_steps.exceptions import AggregateException, InvalidInput, TaskCanceled, TaskFailed
from simpleflow_steps.futures import Future, after, combine, gather
from tests.hand import Hand


def finished(result):
    future = Future()
    future.set_finished(result)
    return future


def failed(error, **options):
    future = Future()
    future.set_exception(error, **options)
    return future


def states(future):
    return [name for name in ("pending", "running", "finished", "cancelled", "done") if getattr(future, name)]


def test_a_future_is_pending_then_running_then_finished():
    future = Future()
    seen = [states(future)]
    future.set_running()
    seen.append(states(future))
    future.set_finished(3)

    assert [*seen, states(future)] == [["pending"], ["running"], ["finished", "done"]]
    assert (future.result, future.exception, future.failures) == (3, None, ())


@pytest.mark.parametrize("end", [lambda f: f.set_finished(1), lambda f: f.set_exception(ValueError()), Future.cancel])
def test_who_carries_it_out_is_told_of_its_end_once_and_first(end):
    future, told = Future(), []
    future.add_done_callback(lambda _: told.append("who waits"))
    future.on_end = told.append
    end(future)
    end(future)

    assert told == [future, "who waits"]


def test_a_failed_future_raises_the_failure_itself():
    error = TaskFailed("activity-a")
    future = failed(error)

    with pytest.raises(TaskFailed) as caught:
        _ = future.result
    assert caught.value is error is future.exception
    assert states(future) == ["finished", "done"]


def test_a_swallowed_failure_gives_none_and_is_told():
    error = TaskFailed("activity-a")
    future = failed(error, raises=False)

    assert (future.result, future.exception, future.failures) == (None, error, (error,))


def test_a_cancelled_future_raises_that():
    future = Future()

    assert future.cancel() is True
    assert future.cancel() is False
    assert states(future) == ["cancelled", "done"]
    with pytest.raises(TaskCanceled):
        _ = future.result


def test_a_finished_future_cannot_be_cancelled():
    future = finished(1)

    assert future.cancel() is False
    assert future.result == 1


def test_only_asking_for_the_outcome_is_looking_at_it():
    future = failed(TaskFailed("activity-a"))
    _ = (future.done, future.state, repr(future), future.failures)
    before = future.looked_at
    _ = future.exception

    assert (before, future.looked_at) == (False, True)


def test_repr_tells_the_state_and_the_failure():
    assert repr(finished(1)) == "<Future finished>"
    assert repr(failed(ValueError("no"))) == "<Future finished exception=ValueError('no')>"


def test_wait_gives_the_results_in_the_order_of_the_arguments():
    hand = Hand()
    first, second = Future(hand), finished("second")
    hand.futures.append(first)

    assert futures.wait(first, second) == [1, "second"]


def test_wait_raises_one_failure_as_it_is_and_several_as_a_group():
    one, two = TaskFailed("activity-1"), TaskFailed("activity-2")
    with pytest.raises(TaskFailed) as single:
        futures.wait(finished(1), failed(one))
    with pytest.raises(AggregateException) as several:
        futures.wait(failed(one), finished(1), failed(two))

    assert single.value is one
    assert several.value.exceptions == (one, two)


def test_wait_looks_at_every_future_even_after_a_failure():
    waited = [failed(TaskFailed("activity-1")), failed(TaskFailed("activity-2"))]
    with pytest.raises(AggregateException):
        futures.wait(*waited)

    assert all(future.looked_at for future in waited)


@pytest.mark.parametrize("wrong", [[finished(1)], None, 3])
def test_wait_refuses_what_is_no_future(wrong):
    with pytest.raises(InvalidInput, match="takes futures, one an argument, not"):
        futures.wait(wrong)


def test_the_same_failure_twice_is_one_failure():
    error = TaskFailed("activity-a")

    assert combine([error, None, error]) is error
    assert combine([]) is None


def test_several_failures_are_an_exception_group():
    grouped = combine([ValueError("1"), TaskFailed("a")])

    assert isinstance(grouped, AggregateException)
    assert grouped.subgroup(ValueError).exceptions[0].args == ("1",)
    assert isinstance(grouped.split(ValueError)[1], AggregateException)


def test_callbacks_are_called_once_in_order_and_at_once_if_it_is_too_late():
    future, calls = Future(), []
    future.add_done_callback(lambda done: calls.append(("first", done.result)))
    future.add_done_callback(lambda done: calls.append(("second", done.result)))
    future.set_finished(1)
    future.add_done_callback(lambda done: calls.append(("late", done.result)))

    assert calls == [("first", 1), ("second", 1), ("late", 1)]


def test_callbacks_run_in_the_context_in_which_they_were_added():
    where, future, seen = ContextVar("where"), Future(), []
    where.set("there")
    future.add_done_callback(lambda _: seen.append(where.get()))
    where.set("elsewhere")
    future.set_finished(None)

    assert seen == ["there"]


def test_a_generator_goes_on_when_what_it_waits_for_is_done():
    first, second = Future(), Future()

    def both():
        yield first
        yield second
        return first.result + second.result

    driven = after(Hand(), both())
    second.set_finished(2)
    before = driven.done
    first.set_finished(1)

    assert (before, driven.result) == (False, 3)


def test_what_a_generator_raises_is_the_outcome():
    def broken():
        yield finished(1)
        raise ValueError("no")

    assert repr(after(Hand(), broken()).exception) == "ValueError('no')"


def test_a_cancelled_generator_goes_no_further_and_cleans_up():
    awaited, steps = Future(), []

    def long():
        try:
            yield awaited
            steps.append("went on")
        finally:
            steps.append("cleaned up")

    driven = after(Hand(), long())
    driven.cancel()
    awaited.set_finished(None)

    assert steps == ["cleaned up"]
    assert driven.cancelled


def test_a_generator_may_cancel_its_own_future():
    hand, awaited = Hand(), Future()
    driven = futures.Driven(hand)

    def suicidal():
        yield awaited
        driven.cancel()
        yield Future()

    driven.drive(suicidal())
    awaited.set_finished(None)

    assert driven.cancelled


def test_gather_gives_the_values_in_order_or_the_first_failure():
    hand = Hand()

    assert gather(hand, [finished(1), finished(2)]).result == [1, 2]
    assert repr(gather(hand, [finished(1), failed(ValueError("no"))]).exception) == "ValueError('no')"


@pytest.mark.parametrize("end", [lambda first: first.set_exception(ValueError("no")), lambda first: first.cancel()])
def test_a_row_of_ten_thousand_dependent_futures_needs_no_deep_stack(end):
    def following(future):
        yield future
        return future.result

    hand, first = Hand(), Future()
    last = first
    for _ in range(10_000):
        last = after(hand, following(last))
    end(first)

    assert last.done
    assert last.exception is first.exception


def test_a_callback_that_waits_lets_the_others_run():
    hand, outer, inner = Hand(), Future(), Future()
    blocked, seen = Future(hand), []
    inner.add_done_callback(lambda _: blocked.set_finished("by a callback"))

    def block(_):
        inner.set_finished(1)
        seen.extend([blocked.done, blocked.result])

    outer.add_done_callback(block)
    outer.set_finished(0)

    assert seen == [False, "by a callback"]


def test_an_interrupted_callback_leaves_nothing_behind_for_later():
    future, other, calls = Future(), Future(), []

    def interrupt(_):
        other.set_finished(1)
        raise KeyboardInterrupt

    other.add_done_callback(calls.append)
    future.add_done_callback(interrupt)
    with pytest.raises(KeyboardInterrupt):
        future.set_finished(1)
    after(Hand(), iter(()))

    assert calls == []


def test_callbacks_of_one_thread_do_not_wait_for_those_of_another():
    future, other, done = Future(), Future(), threading.Event()
    other.add_done_callback(lambda _: done.set())

    def in_another_thread(_):
        thread = threading.Thread(target=other.set_finished, args=(1,))
        thread.start()
        thread.join()

    future.add_done_callback(in_another_thread)
    future.set_finished(1)

    assert done.is_set()
