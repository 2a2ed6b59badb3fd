from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from simpleflow_steps import codec
from simpleflow_steps.execution.entries import AT_ONCE, write_run
from simpleflow_steps.execution.record import AskedRecord, ChildRecord, RetryRecord, RunRecord, StepRecord

NOW = datetime(2026, 11, 20, 8, 15, 2, 413866, tzinfo=UTC)
MARKER = {"name": "note", "details": {"lines": "a\nb", "quote": '"}'}, "at": "2026-11-20T08:15:02Z"}

WRITTEN = """{
  "run_id": "r",
  "workflow_id": "w",
  "workflow": "daily",
  "target": null,
  "version": "1",
  "parent_workflow_id": null,
  "generation": 0,
  "status": "running",
  "started": "2026-11-20T08:15:02.413866Z",
  "finished": null,
  "counts": {},
  "force": {},
  "skip": {},
  "from": {},
  "until": {},
  "only": {},
  "error": null,
  "input": null,
  "steps": {},
  "markers": []
}"""


def head(**facts: Any) -> RunRecord:
    plain = {"run_id": "r", "workflow_id": "w", "workflow": "daily", "version": "1", "started": NOW, "input": None}
    return RunRecord(**{**plain, **facts})


def written(record: RunRecord, steps: dict[str, StepRecord], markers: list[dict[str, Any]]) -> tuple[RunRecord, str]:
    body = write_run(record, steps, markers)
    return codec.read(RunRecord, body, "run"), body.decode()


def test_a_record_reads_back_as_it_was_written():
    retry = RetryRecord(activity="fetch", attempt=1, error="no\nline", at=NOW)
    steps = {
        "a": StepRecord(state="completed", reasons=("new data",), forced=True, started=NOW, finished=NOW, plays=2),
        "b": StepRecord(state="failed", within="a", dependents=("c",), retries=1, retried=(retry,), error='"\n}'),
        "c": StepRecord(state="skipped", run=False, asked=True, plays=0),
    }
    record = head(
        asked=(AskedRecord(names=("c",), skip=True),), children={"k": ChildRecord(workflow="kid")}, counts={"failed": 1}
    )

    read, _ = written(record, steps, [MARKER])

    assert read.steps["a"] == StepRecord(
        state="completed", reasons=("new data",), forced=True, started=NOW, finished=NOW, seconds=0.0, plays=2
    )
    assert read.steps["b"] == StepRecord(
        state="failed", within="a", dependents=("c",), retries=1, retried=(retry,), error='"\n}'
    )
    assert read.steps["c"] == StepRecord(state="skipped", run=False, asked=True, plays=0)
    assert (read.asked, read.children, read.counts) == (record.asked, record.children, record.counts)
    assert codec.document(read.markers[0]) == MARKER


@pytest.mark.parametrize("count", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE])
def test_it_is_written_as_every_other_object_is(count: int):
    steps = {f"s{number}": StepRecord(state="running", run=number % 2 == 0) for number in range(count)}

    read, text = written(head(), steps, [MARKER] * count)

    assert list(read.steps) == list(steps)
    assert len(read.markers) == count
    assert text == codec.dumps(codec.loads(text.encode(), "run")).decode()


def test_the_head_of_a_record_tells_all_that_it_can_tell():
    _, text = written(head(), {}, [])

    assert text == WRITTEN
