import pytest

from simpleflow_steps.events import ActivityRetried
from simpleflow_steps.exceptions import TaskFailed
from tests.executors.activities import forgiving, once, patient, picky, searching, thrice


@pytest.mark.parametrize(("activity", "at"), [(once, 1), (thrice, 1), (thrice, 3), (patient, 3), (picky, 1)])
def test_attempts_go_on_until_one_succeeds(play, activity, at):
    assert play(lambda self: self.submit(activity, at).result) == at


@pytest.mark.parametrize(("activity", "last"), [(once, 1), (thrice, 3), (patient, 3), (picky, 1)])
def test_the_last_attempts_failure_is_the_tasks(play, activity, last):
    with pytest.raises(TaskFailed) as caught:
        play(lambda self: self.submit(activity, 9).result)

    assert repr(caught.value.__cause__) == f"ValueError('attempt {last}')"


def test_a_policys_error_callback_gives_the_result(play):
    assert play(lambda self: self.submit(forgiving, 9).result) == "given up"


def test_a_policy_may_refuse_a_result(play):
    assert play(lambda self: self.submit(searching).result) == 3


def test_a_result_refused_to_the_end_is_a_failure(play):
    with pytest.raises(TaskFailed, match="its retry policy refuses the result 2"):
        play(lambda self: self.submit(searching, 1).result)


def test_each_retry_is_an_event(play):
    events = []
    play(lambda self: self.submit(patient, 3).result, on_event=events.append)

    retried = [event for event in events if isinstance(event, ActivityRetried)]
    assert [(event.activity, event.attempt, event.error, event.wait) for event in retried] == [
        ("activity-patient", 1, "ValueError: attempt 1", 0.01),
        ("activity-patient", 2, "ValueError: attempt 2", 0.01),
    ]
