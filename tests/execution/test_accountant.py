from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from simpleflow_steps import codec
from simpleflow_steps.events import (
    ActivityHeartbeat,
    ActivityRetried,
    ChildStarted,
    StepCompleted,
    StepDecided,
    StepFailed,
    StepInvalidated,
    StepSkipped,
    StepsSubmitted,
    StepStarted,
)
from simpleflow_steps.execution.account import LIMIT, Account, dump_account, read_account
from simpleflow_steps.execution.accountant import Accountant

START = datetime(2026, 11, 20, tzinfo=UTC)


def _event(kind: Any, **facts: Any) -> Any:
    return kind(workflow_id="w", run_id="r", at=START, **facts)


def _started(step: str, within: str | None = None) -> list[Any]:
    return [_event(StepDecided, step=step, run=True, within=within), _event(StepStarted, step=step)]


def _completed(step: str) -> Any:
    return _event(StepCompleted, step=step, seconds=1.0)


def _failed(step: str, error: str = "no luck", *, canceled: bool = False) -> Any:
    return _event(StepFailed, step=step, seconds=1.0, error=error, canceled=canceled)


def _account(*events: Any) -> Account:
    accountant = Accountant()
    for event in events:
        for each in event if isinstance(event, list) else [event]:
            accountant.hear(each)
    return accountant.account()


def _told(account: Account) -> Account:
    """Give what another machine reads."""
    return read_account(codec.loads(codec.dumps(dump_account(account)), "it"))


def test_a_running_step_tells_since_when_where_and_what_it_says() -> None:
    retried = _event(ActivityRetried, activity="x", step="a.b", attempt=1, error="no", wait=1.0)
    beat = _event(ActivityHeartbeat, activity="x", step="a.b", details={"done": 3, "total": 10})

    account = _account(_started("a"), _started("a.b", "a"), retried, beat)

    _, inner = _told(account).running
    assert (inner.name, inner.started, inner.within, inner.retries, inner.attempt) == ("a.b", START, "a", 1, 2)
    assert inner.note == {"done": 3, "total": 10}
    assert _told(account) == replace(account, heartbeats={})


def test_submitted_steps_wait_until_their_turn() -> None:
    submitted = _event(StepsSubmitted, steps=("load.a", "load.b", "load.c"))

    account = _account(submitted, _started("load.a"), _completed("load.a"), _started("load.b"))

    assert account.counts == {"completed": 1, "running": 1, "waiting": 1}
    assert (account.foretold, account.done, account.total) == (True, 1, 3)
    group = account.groups["load"]
    assert (group.done, group.total, group.running) == (1, 3, 1)


def test_a_failed_step_keeps_its_error_until_it_runs_again() -> None:
    failed = _account(_started("a"), _failed("a", "x" * 500))
    again = _account(_started("a"), _failed("a"), _started("a"), _completed("a"))

    assert failed.failed == {"a": "x" * 200}
    assert (again.failed, again.counts) == ({}, {"completed": 1})


def test_a_step_that_was_merely_stopped_did_not_fail() -> None:
    account = _account(_started("a"), _failed("a", canceled=True))

    assert (account.failed, account.counts) == ({}, {"unfinished": 1})


def test_an_invalidated_step_is_not_done_any_more() -> None:
    skipped = [
        _event(StepDecided, step="g.a", run=False),
        _event(StepSkipped, step="g.a", done=True),
    ]

    account = _account(skipped, _event(StepInvalidated, step="g.a", skipped=True))

    assert (account.counts, account.done, account.groups["g"].done) == ({"invalidated": 1}, 0, 0)


def test_a_child_is_there_while_the_step_that_started_it_runs() -> None:
    child = _event(ChildStarted, child_id="c", workflow="C", step="a")

    assert _account(_started("a"), child).children["c"].step == "a"
    assert _account(_started("a"), child, _completed("a")).children == {}


def test_a_large_run_tells_some_of_its_names() -> None:
    steps = [f"group{number // 100}.{number}" for number in range(10_000)]
    events = [each for step in steps for each in _started(step)]

    account = _account(_event(StepsSubmitted, steps=tuple(steps)), events)

    assert account.counts == {"running": 10_000}
    assert (len(account.running), len(account.groups)) == (20, 20)


def test_the_longest_names_and_texts_still_fit_into_a_lease() -> None:
    name = "\U0001f9ff" * 63
    events: list[Any] = []
    for number in range(30):
        step = f"{name}{number:02}"
        beat = _event(ActivityHeartbeat, activity=step * 9, step=step, details="\U0001f9ff" * 10**6)
        child = _event(ChildStarted, child_id=step * 3, workflow=step, step=step)
        events += [_started(step, name), beat, child, _started(f"{step}."), _failed(f"{step}.", "\U0001f9ff" * 999)]

    document = dump_account(_account(*events))

    assert len(codec.dumps(document)) <= LIMIT
    assert read_account(document).running


class Unspeakable:
    def __repr__(self) -> str:
        raise ValueError("no words")


@pytest.mark.parametrize("details", [Unspeakable(), {1: 2}, float("nan"), "x" * 10**6, [["x"] * 1000]])
def test_any_heartbeat_is_told_shortly(details: Any) -> None:
    account = _account(_started("a"), _event(ActivityHeartbeat, activity="x", step="a", details=details))

    assert len(str(_told(account).running[0].note)) <= 300


@pytest.mark.parametrize(
    "progress",
    [
        {},
        {"steps": 3, "running": 4, "details": [], "groups": "x", "failed": [], "children": {"c": 3}},
        {"steps": {"running": -1}, "running": [3], "failed": {"a": 3}, "groups": {"g": {"done": "many"}}},
        {"omitted": "too large"},
    ],
)
def test_what_is_odd_in_a_lease_is_left_out(progress: dict[str, Any]) -> None:
    assert read_account(progress) == Account()


def test_an_account_of_before_gives_what_it_has() -> None:
    account = read_account({"steps": {"running": 1, "completed": 2}, "running": ["a"], "heartbeats": {"x": 1}})

    assert (account.counts, [step.name for step in account.running]) == ({"running": 1, "completed": 2}, ["a"])


def test_a_time_without_a_zone_is_left_out() -> None:
    account = read_account({"running": ["a"], "details": {"a": {"started": "2026-11-20T00:00:00"}}})

    assert account.running[0].started is None
