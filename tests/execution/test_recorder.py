from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from simpleflow_steps.events import StepCompleted, StepDecided, StepStarted
from simpleflow_steps.exceptions import PreconditionFailed, StorageUnavailable
from simpleflow_steps.execution.record import RunRecord, read_run
from simpleflow_steps.execution.recorder import _NOTED, Recorder
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.testing import Fails, Fault, FaultyStorage, LosesAnswer, RetriesAfterLostAnswer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "w/runs/r.json"


class LateStorage(MemoryStorage):
    """Give the n-th write up, and let it arrive when the test says so."""

    def __init__(self, nth: int) -> None:
        super().__init__()
        self._left = nth
        self._late: tuple[str, bytes, dict[str, Any]] | None = None

    def put(self, key: str, body: bytes, **condition: Any) -> str:
        self._left -= 1
        if self._left == 0:
            self._late = (key, body, condition)
            raise StorageUnavailable("no answer")
        return super().put(key, body, **condition)

    def arrive(self) -> None:
        assert self._late is not None
        key, body, condition = self._late
        super().put(key, body, **condition)


def recorder(storage: Any) -> Recorder:
    record = RunRecord(run_id="r", workflow_id="w", workflow="daily", version="1", input=None, started=NOW)
    return Recorder(storage, record, list)


def status(storage: Any) -> str:
    return read_run(storage, "w", "r").status


def test_a_write_that_arrives_late_does_not_put_running_over_the_end() -> None:
    storage = LateStorage(2)
    records = recorder(storage)
    records.write()
    records.renewed()
    records.end("completed", NOW, None)
    with pytest.raises(PreconditionFailed):
        storage.arrive()

    assert status(storage) == "completed"


def test_a_write_that_arrived_without_an_answer_is_replaced_by_the_end() -> None:
    storage = LateStorage(2)
    records = recorder(storage)
    records.write()
    records._record = replace(records.record, generation=7)
    records.renewed()
    storage.arrive()
    records.end("completed", NOW, None)

    assert status(storage) == "completed"


@pytest.mark.parametrize("effect", [LosesAnswer(), RetriesAfterLostAnswer()])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_an_answer_that_is_lost_costs_nothing(effect: Any, nth: int) -> None:
    storage = FaultyStorage(MemoryStorage(), [Fault(effect, nth=nth)])
    records = recorder(storage)
    for _ in range(2):
        try:
            records.write()
        except StorageUnavailable:
            assert effect == LosesAnswer()
    records.end("failed", NOW, ValueError("no luck"))
    if nth == 3 and effect == LosesAnswer():
        assert status(storage) == "failed"
        return
    records.end("completed", NOW, None)

    assert status(storage) == "completed"


@pytest.mark.parametrize("removed", [False, True])
def test_what_somebody_else_wrote_or_removed_is_left_alone(removed: bool, capfd: pytest.CaptureFixture[str]) -> None:
    storage = MemoryStorage()
    records = recorder(storage)
    records.write()
    if removed:
        storage.delete(KEY)
    else:
        storage.put(KEY, b"mine")
    records.end("completed", NOW, None)

    assert [storage.get(each.key) for each in storage.list("w/runs/")] == ([] if removed else [b"mine"])


def test_a_failure_that_nobody_can_help_is_not_the_runs() -> None:
    storage = FaultyStorage(MemoryStorage(), [Fault(Fails())])
    records = recorder(storage)
    records.renewed()
    records.end("completed", NOW, None)

    with pytest.raises(StorageUnavailable):
        records.write()


def test_an_interrupt_loses_nothing_of_what_the_run_told(monkeypatch: pytest.MonkeyPatch) -> None:
    storage, interrupts = MemoryStorage(), [KeyboardInterrupt]
    noted: Any = _NOTED
    records, decided = recorder(storage), noted[StepDecided]

    def interrupted(records: Recorder, event: Any) -> None:
        if interrupts:
            raise interrupts.pop()
        decided(records, event)

    monkeypatch.setitem(noted, StepDecided, interrupted)
    about: dict[str, Any] = {"workflow_id": "w", "run_id": "r", "at": NOW, "step": "a"}
    records.hear(StepDecided(**about, run=True))
    records.hear(StepStarted(**about))
    records.hear(StepCompleted(**about, seconds=1.0))
    with pytest.raises(KeyboardInterrupt):
        records.progress()
    records.end("interrupted", NOW, None)

    assert read_run(storage, "w", "r").steps["a"].state == "completed"


def test_what_cannot_be_taken_in_is_not_tried_for_ever() -> None:
    storage = MemoryStorage()
    records = recorder(storage)
    records.hear(StepStarted(workflow_id="w", run_id="r", at=NOW, step="undecided"))
    with pytest.raises(KeyError):
        records.progress()
    records.end("completed", NOW, None)

    assert status(storage) == "completed"
