from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from simpleflow_steps.cli.tally import Tally
from simpleflow_steps.events import (
    RunFinished,
    RunStarted,
    StepCompleted,
    StepInvalidated,
    StepSkipped,
    StepStarted,
)

START = datetime(2026, 11, 20, tzinfo=UTC)


def _event(kind: Any, after: float = 0, workflow_id: str = "w", run_id: str = "r", **facts: Any) -> Any:
    return kind(workflow_id=workflow_id, run_id=run_id, at=START + timedelta(seconds=after), **facts)


def _followed(*events: Any) -> Tally:
    tally = Tally()
    for event in events:
        tally.follow(event)
    return tally


def test_a_row_keeps_when_its_step_began_and_ended() -> None:
    tally = _followed(_event(StepStarted, 1, step="a"), _event(StepCompleted, 3, step="a", seconds=2.0))

    (row,) = tally.rows.values()
    assert (row.state, row.started, row.finished) == (
        "completed",
        START + timedelta(seconds=1),
        START + timedelta(seconds=3),
    )
    assert not tally.running


def test_a_step_that_was_played_twice_has_its_last_state() -> None:
    tally = _followed(
        _event(StepStarted, 1, step="a"),
        _event(StepCompleted, 3, step="a", seconds=2.0),
        _event(StepSkipped, 4, step="a", done=True),
    )

    (row,) = tally.rows.values()
    assert (row.state, row.started) == ("skipped", None)
    assert +tally.counts == {"skipped": 1}


def test_the_same_name_in_a_child_is_another_step() -> None:
    tally = _followed(
        _event(RunStarted, workflow="W"),
        _event(RunStarted, workflow_id="c", workflow="C", parent_workflow_id="w"),
        _event(StepStarted, step="a"),
        _event(StepStarted, workflow_id="c", step="a"),
    )

    assert (tally.workflow_id, len(tally.rows)) == ("w", 2)


def test_what_still_ran_at_the_end_is_unfinished() -> None:
    tally = _followed(
        _event(RunStarted, workflow="W"), _event(StepStarted, step="a"), _event(RunFinished, status="canceled")
    )

    assert (tally.status, [row.state for row in tally.rows.values()]) == ("canceled", ["unfinished"])


def test_a_dependent_that_was_skipped_is_invalidated() -> None:
    tally = _followed(
        _event(StepSkipped, step="b", done=True),
        _event(StepInvalidated, step="b", reasons=("Dep of a",), skipped=True),
    )

    assert +tally.counts == {"invalidated": 1}
