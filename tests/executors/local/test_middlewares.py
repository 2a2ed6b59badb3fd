import pytest

from simpleflow_steps import activity
from simpleflow_steps.exceptions import InvalidInput, TaskFailed
from tests.executors.activities import broken, echo, later, once
from tests.executors.local import middlewares

BEFORE, AFTER = "tests.executors.local.middlewares.before", "tests.executors.local.middlewares.after"
ECHO = "tests.executors.activities.echo"


@pytest.fixture(autouse=True)
def _no_calls_before():
    middlewares.calls.clear()


@pytest.mark.parametrize(
    "given", [{"pre": [middlewares.before], "post": [middlewares.after]}, {"pre": [BEFORE], "post": [AFTER]}]
)
def test_functions_and_dotted_names_are_called_around_an_activity(local, given):
    local(lambda self: self.submit(echo, 1).result, middlewares=given).run()

    assert middlewares.calls == [("before", ECHO, 1), ("after", ECHO, 1)]


def test_coroutines_have_it_around_them_too(local):
    local(lambda self: self.submit(later, 1).result, middlewares={"pre": [BEFORE], "post": [AFTER]}).run()

    assert [call[0] for call in middlewares.calls] == ["before", "after"]


def test_they_are_called_in_the_order_given(local):
    seen = []
    given = {
        "pre": [lambda context: seen.append(1), lambda context: seen.append(2)],
        "post": [lambda context, result: seen.append(3), lambda context, result: seen.append(4)],
    }
    local(lambda self: self.submit(echo).result, middlewares=given).run()

    assert seen == [1, 2, 3, 4]


def test_nothing_comes_after_a_failure(local):
    with pytest.raises(TaskFailed):
        local(lambda self: self.submit(broken).result, middlewares={"pre": [BEFORE], "post": [AFTER]}).run()

    assert [call[0] for call in middlewares.calls] == ["before"]


def test_what_middleware_raises_fails_the_attempt(local):
    with pytest.raises(TaskFailed, match="PermissionError: not once"):
        local(lambda self: self.submit(once, 1).result, middlewares={"pre": [middlewares.refuse]}).run()


def test_a_class_is_executed_with_its_context_and_told_the_end(local):
    told = []

    @activity.with_attributes()
    class Work:
        def execute(self):
            told.append(("execute", self.context.attempt))

        def post_execute(self):
            told.append(("post_execute", self.context["attempt"]))

    local(lambda self: self.submit(Work).result).run()

    assert told == [("execute", 1), ("post_execute", 1)]


def test_a_class_that_fails_is_not_told_the_end(local):
    told = []

    @activity.with_attributes()
    class Work:
        def execute(self):
            raise ValueError("no")

        def post_execute(self):
            told.append("post_execute")

    with pytest.raises(TaskFailed):
        local(lambda self: self.submit(Work).result).run()
    assert told == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"before": []}, "{'before': .*pass {'pre': "),
        ({"pre": ["no.such.thing"]}, "middleware 'no.such.thing' cannot be imported"),
        ({"pre": ["json.nothing"]}, "middleware 'json.nothing' cannot be imported"),
        ({"pre": ["nodots"]}, "middleware 'nodots' cannot be imported"),
        ({"post": [3]}, "middleware 3 is not a function"),
        ({"post": ["os.sep"]}, "middleware 'os.sep' is not a function"),
        ({"pre": 3}, "'pre' is 3: pass a list"),
        ({"pre": "json.dumps"}, "middlewares: 'pre' is 'json.dumps': pass a list"),
        (["json.dumps"], "pass {'pre': "),
    ],
)
def test_bad_middleware_is_refused(local, given, told):
    with pytest.raises(InvalidInput, match=told):
        local(lambda self: None, middlewares=given)
