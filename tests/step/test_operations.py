from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from simpleflow_steps.codec import Encoded, NotStorable
from simpleflow_steps.exceptions import InvalidInput, ResultNotStored, RunSuperseded
from simpleflow_steps.step.marker import Marker, MarkerRegister, Seen
from simpleflow_steps.step.operations import (
    InvalidateStep,
    ListMarkers,
    MarkStep,
    ReadResult,
    StepOperation,
    carry_out,
)
from simpleflow_steps.storage import open_storage


@pytest.fixture
def register() -> MarkerRegister:
    return MarkerRegister(open_storage(f"memory://{uuid4().hex}"), "w/steps", "w/results")


def marker(name: str = "a") -> Marker:
    now = datetime.now(UTC)
    return Marker(
        step=name, workflow_id="w", run_id="r", name="f", version="1", started=now, finished=now, nonce="here"
    )


def elsewhere(operation: StepOperation, nonce: str = "n1") -> Any:
    """Carry an operation out as another process would."""
    answer = carry_out(json.loads(json.dumps(operation.describe())), nonce)
    return operation.read_answer(json.loads(json.dumps(answer)))


def mark(register: MarkerRegister, result: Any = 1, seen: Seen | None = None, *, ours: bool = False) -> MarkStep:
    return MarkStep(register, marker(), lambda: Encoded(result), seen, ours)


def test_a_step_is_marked_read_listed_and_invalidated(register):
    written = elsewhere(mark(register, {"rows": [1]}))

    assert elsewhere(ListMarkers(register)) == {"a": written.seen} == ListMarkers(register)()
    assert elsewhere(ReadResult(register, "a")).value == {"rows": [1]}
    assert elsewhere(InvalidateStep(register, "a", written.seen)).seen.done is False
    assert elsewhere(ListMarkers(register))["a"].done is False


def test_a_second_attempt_knows_the_write_of_the_first(register):
    first, second = elsewhere(mark(register)), elsewhere(mark(register))

    assert first == second
    assert not second.duplicate


def test_another_mark_is_a_duplicate_or_the_end_of_the_run(register):
    elsewhere(mark(register, 1), "n1")

    assert elsewhere(mark(register, 2), "n2").duplicate
    assert elsewhere(ReadResult(register, "a")).value == 1
    with pytest.raises(RunSuperseded):
        elsewhere(mark(register, 2, ours=True), "n2")


def test_a_second_attempt_to_invalidate_finds_it_done(register):
    seen = elsewhere(mark(register)).seen
    first, second = (elsewhere(InvalidateStep(register, "a", seen)) for _ in range(2))

    assert first == second


def test_a_result_that_cannot_be_stored_is_noted(register):
    def encode() -> Encoded:
        raise NotStorable("no JSON")

    elsewhere(MarkStep(register, marker(), encode, None, False))

    with pytest.raises(ResultNotStored, match="no JSON"):
        elsewhere(ReadResult(register, "a"))


@pytest.mark.parametrize(
    "described",
    [
        {},
        {"operation": "delete"},
        {"operation": "list"},
        {"operation": "mark", "storage": "memory://x", "prefix": "p", "results": "r"},
        {"operation": "invalidate", "storage": "memory://x", "prefix": "p", "results": "r", "step": "a", "seen": 3},
    ],
)
def test_what_describes_no_operation_is_refused(described):
    with pytest.raises(InvalidInput, match="describes no operation on steps"):
        carry_out(described, "n")
