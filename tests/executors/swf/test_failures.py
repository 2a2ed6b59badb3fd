from __future__ import annotations

from typing import Any

import pytest

from simpleflow_steps.codec import flaw
from simpleflow_steps.exceptions import (
    AggregateException,
    RemoteError,
    RunSuperseded,
    TaskFailed,
    TaskTimeout,
    WorkflowFailed,
)
from simpleflow_steps.executors.swf.failures import REASON_LIMIT, describe, reason_of, rebuild
from tests.executors.activities import Incompatible


@pytest.mark.parametrize(
    "error",
    [
        ValueError("why"),
        KeyError(1),
        FileNotFoundError(2, "No such file", "x"),
        TaskFailed("activity-a", "ValueError: why", "the details"),
        TaskTimeout("heartbeat", 3.0),
        WorkflowFailed("no data", {"day": 1}),
        RunSuperseded("by another"),
        Incompatible(7, "does not travel"),
        Exception(),
    ],
)
def test_an_exception_comes_back_as_it_was(error):
    back = rebuild(describe(error))

    assert (type(back), str(back)) == (type(error), str(error))


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    error.__cause__ = cause
    return error


def test_causes_and_members_come_with_it():
    group = AggregateException("2 tasks failed", [raised(TaskFailed("a"), ValueError("1")), ValueError("2")])
    back = rebuild(describe(raised(RuntimeError("all"), group)))

    members = back.__cause__.exceptions  # type: ignore[union-attr]
    assert [repr(member) for member in members] == ["TaskFailed('a', None, None)", "ValueError('2')"]
    assert repr(members[0].__cause__) == "ValueError('1')"


class Odd(Exception):
    def __init__(self, what: Any) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"odd: {self.what.name}"


@pytest.mark.parametrize(
    ("told", "back"),
    [
        ({"type": "nowhere:Lost", "message": "m", "arguments": ["m"]}, RemoteError("Lost", "m")),
        ({"type": "os:system", "message": "m", "arguments": ["true"]}, RemoteError("system", "m")),
        ({"type": "builtins:SystemExit", "message": "m", "arguments": [1]}, RemoteError("SystemExit", "m")),
        ({"type": "builtins:ValueError", "message": "m", "arguments": "m"}, RemoteError("ValueError", "m")),
        ({"type": f"{__name__}:Odd", "message": "odd: m", "arguments": ["m"]}, RemoteError("Odd", "odd: m")),
        ({"message": "no type"}, RemoteError("the reason")),
        ("free text", RemoteError("the reason", "free text")),
        (None, RemoteError("the reason")),
        ([1], RemoteError("the reason")),
    ],
)
def test_what_cannot_be_made_again_is_a_stand_in_that_says_the_same(told, back):
    assert repr(rebuild(told, "the reason")) == repr(back)


def test_what_is_told_is_json_and_bounded():
    told = describe(raised(ValueError("x" * 100_000, "\ud800", object())))

    assert flaw(told) is None
    assert len(str(told)) < 32_000


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("two\nlines"), "ValueError: two lines"),
        (ValueError(), "ValueError"),
        (ValueError("no file caf\udce9"), "ValueError: no file caf?"),
        (ValueError("x" * 300), "ValueError: " + "x" * 241 + "..."),
    ],
)
def test_a_reason_is_one_line_that_swf_takes(error, reason):
    assert reason_of(error) == reason
    assert len(reason) <= REASON_LIMIT
