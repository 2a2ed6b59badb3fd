import math
import pickle

import pytest
from tenacity import AsyncRetrying, Retrying, stop_after_attempt

from simpleflow_steps import activity
from simpleflow_steps.activity import Activity, ActivityContext, enter_context, resolve_activity
from simpleflow_steps.exceptions import InvalidInput
from tests.executors import activities

ATTRIBUTES = {
    "name": "fetch",
    "version": "2",
    "task_list": "slow",
    "task_priority": 7,
    "retry": 3,
    "raises_on_failure": False,
    "start_to_close_timeout": 1.0,
    "schedule_to_close_timeout": 2.0,
    "schedule_to_start_timeout": 3.0,
    "heartbeat_timeout": 4.0,
    "idempotent": True,
    "meta": {"owner": "me"},
}


def fetch(day: str) -> int:
    """Fetch a day."""
    return len(day)


def test_attributes_are_kept():
    made = activity.with_attributes(**ATTRIBUTES)(fetch)

    assert {name: getattr(made, name) for name in ATTRIBUTES} == ATTRIBUTES


def test_attributes_keep_simpleflows_order():
    made = activity.with_attributes(*ATTRIBUTES.values())(fetch)

    assert {name: getattr(made, name) for name in ATTRIBUTES} == ATTRIBUTES


def test_without_attributes_there_are_defaults():
    made = activity.with_attributes()(fetch)

    assert (made.name, made.version, made.task_list, made.retry) == (f"{__name__}.fetch", "default", "default", 0)
    assert (made.raises_on_failure, made.idempotent, made.meta, made.heartbeat_timeout) == (True, False, {}, None)


def test_an_activity_reads_like_its_function():
    made = activity.with_attributes()(fetch)

    assert (made.__name__, made.__qualname__, made.__doc__) == ("fetch", "fetch", "Fetch a day.")
    assert repr(made) == f"Activity({__name__}.fetch, version='default')"


def test_calling_an_activity_runs_it_here_and_now():
    made = activity.with_attributes()(fetch)

    assert made("2026") == 4


def test_functions_coroutines_and_classes_are_activities():
    class Plain:
        def execute(self): ...

    class Later:
        async def execute(self): ...

    async def later(): ...

    asynchronous = [Activity(each).is_async for each in (fetch, Plain, later, Later, len)]

    assert asynchronous == [False, False, True, True, False]


def test_the_time_outs_of_an_activity_are_those_that_it_was_given():
    assert Activity(fetch, start_to_close_timeout="NONE", heartbeat_timeout=4).timeouts == {"heartbeat": 4.0}


class Nothing:
    pass


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Nothing, r"the class Nothing needs a method execute\(\)"),
        (3, "a function or a class with execute"),
        (None, "not None"),
        (Activity(fetch), r"not Activity\("),
    ],
)
def test_what_cannot_be_an_activity_is_refused(wrong, told):
    with pytest.raises(InvalidInput, match=told):
        activity.with_attributes()(wrong)


def test_forgotten_parentheses_are_told():
    with pytest.raises(InvalidInput, match=r"write @activity.with_attributes\(\), with the parentheses"):
        activity.with_attributes(fetch)


@pytest.mark.parametrize("retry", [-1, True, False, "3", 2.5, None, stop_after_attempt(3), AsyncRetrying(), Retrying])
def test_a_bad_retry_is_refused_with_its_value(retry):
    with pytest.raises(InvalidInput, match=r"pass .*number of retries") as caught:
        activity.with_attributes(retry=retry)(fetch)

    assert f"retry={retry!r}" in str(caught.value)


@pytest.mark.parametrize("retry", [0, 5, Retrying(stop=stop_after_attempt(2))])
def test_a_count_and_a_policy_are_retries(retry):
    assert activity.with_attributes(retry=retry)(fetch).retry is retry


TIMEOUTS = [name for name in ATTRIBUTES if name.endswith("_timeout")]


@pytest.mark.parametrize("name", TIMEOUTS)
@pytest.mark.parametrize("value", [0, -1, "soon", math.nan, math.inf, [], "-3"])
def test_a_bad_time_out_is_refused_with_its_name_and_value(name, value):
    with pytest.raises(InvalidInput, match="pass a number of seconds above 0, or None") as caught:
        activity.with_attributes(**{name: value})(fetch)

    assert f"{name}={value!r}" in str(caught.value)


@pytest.mark.parametrize("name", TIMEOUTS)
@pytest.mark.parametrize(("value", "seconds"), [(None, None), ("NONE", None), (3, 3.0), ("60", 60.0), (0.5, 0.5)])
def test_a_time_out_is_a_number_a_text_or_none(name, value, seconds):
    assert getattr(activity.with_attributes(**{name: value})(fetch), name) == seconds


def context():
    return ActivityContext("w", "r", "1", "fetch", 2, "a.b", "flow", "3")


def test_a_context_reads_as_attributes_and_as_items():
    assert (context().run_id, context()["run_id"], context()["step"]) == ("r", "r", "a.b")
    with pytest.raises(KeyError, match="nothing"):
        context()["nothing"]


def test_a_context_travels_without_its_heartbeat():
    beats = []
    sent = ActivityContext("w", "r", "1", "fetch", 2, "a.b", "flow", "3", beats.append)
    arrived = pickle.loads(pickle.dumps(sent))
    arrived.beat("progress")

    assert arrived == sent
    assert beats == []


def test_heartbeats_go_where_the_context_says():
    beats = []

    with enter_context(ActivityContext("w", "r", "1", "fetch", 2, None, "flow", "3", beats.append)):
        activity.heartbeat("half")
        activity.heartbeat()

    assert beats == ["half", None]


@pytest.mark.parametrize("ask", [activity.context, activity.heartbeat])
def test_outside_an_activity_there_is_no_context(ask):
    with pytest.raises(LookupError, match="outside an activity"):
        ask()


@pytest.mark.parametrize("made", [activities.echo, activities.Shout, activities.later])
def test_an_activity_is_pickled_by_name(made):
    assert pickle.loads(pickle.dumps(made)) is made


@pytest.mark.parametrize("made", [activities.once, Activity(fetch), Activity(lambda: None)])
def test_an_activity_that_its_name_does_not_find_is_not_pickled(made):
    with pytest.raises(pickle.PicklingError, match="decorate a function of a module"):
        pickle.dumps(made)


def test_an_activity_is_found_by_its_name():
    assert resolve_activity("tests.executors.activities", "echo") is activities.echo
    assert activities.echo.reference == "tests.executors.activities:echo"
