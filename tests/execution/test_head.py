from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from simpleflow_steps import codec
from simpleflow_steps.clock import SystemClock
from simpleflow_steps.exceptions import ObjectNotFound, RecordCorrupt
from simpleflow_steps.execution.head import read_first_steps, read_head
from simpleflow_steps.execution.record import AskedRecord, ErrorRecord, RunRecord, StepRecord, read_run
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.testing import CountingStorage

KEY = "w/runs/r1.json"


def _run(steps: int = 0, **given: Any) -> RunRecord:
    facts = {"run_id": "r1", "workflow_id": "w", "workflow": "w", "version": "1", "started": SystemClock().now()}
    counts = {"completed": steps} if steps else {}
    made = {f"part.{number:05}": StepRecord(state="completed") for number in range(steps)}
    return RunRecord(**{**facts, "counts": counts, "input": {"args": ["ü" * 10]}, "steps": made, **given})


def _stored(run: RunRecord) -> CountingStorage:
    storage = MemoryStorage()
    storage.put(KEY, codec.dumps(codec.document(run)))
    return CountingStorage(storage)


def test_the_head_of_a_large_run_costs_its_first_bytes() -> None:
    run = _run(5000, status="completed", force={"a": "why"}, from_={"b": ""})
    storage = _stored(run)

    head = read_head(storage, "w", "r1")

    assert codec.document(head).items() <= codec.document(run).items()
    assert [(each.kind, each.first) for each in storage.operations.of("get", "list")] == [("get", 64 * 1024)]


def test_a_small_run_is_given_whole() -> None:
    run = _run(2)

    assert read_head(_stored(run), "w", "r1") == run


def test_a_head_that_does_not_fit_is_read_with_all_the_rest() -> None:
    run = _run(2000, error=ErrorRecord(type="E", message="m", traceback="x" * 100_000))
    storage = _stored(run)

    assert read_head(storage, "w", "r1") == run
    assert len(storage.operations) == 2


@pytest.mark.parametrize("first", range(800, 1900, 9))
def test_wherever_the_cut_is_the_steps_before_it_are_told_as_they_are(first: int) -> None:
    run = _run(5, children={}, asked=(AskedRecord(names=("ü",), skip=True, after=2),))
    storage = _stored(run)

    told = read_first_steps(storage, "w", "r1", first=first)

    assert told.steps.items() <= run.steps.items()


@pytest.mark.parametrize("body", [b"", b"\x1b", b"[1]", b'{"run_id": 1}', b"[" * 100_000, b'{"a":' * 100_000])
def test_garbage_is_told_as_such(body: bytes) -> None:
    storage = MemoryStorage()
    storage.put(KEY, body)

    for read in (read_head, lambda *args: read_first_steps(*args, first=1000)):
        with pytest.raises(RecordCorrupt, match=r"run w/runs/r1\.json cannot be read"):
            read(storage, "w", "r1")


def test_garbage_behind_a_good_head_does_no_harm() -> None:
    storage = MemoryStorage()
    whole = json.dumps(codec.document(_run(3000)))
    storage.put(KEY, whole[:-1000].encode() + b"\xff")

    assert read_head(storage, "w", "r1").run_id == "r1"


def test_a_missing_run_is_not_found() -> None:
    with pytest.raises(ObjectNotFound):
        read_head(MemoryStorage(), "w", "r1")


def test_a_record_that_lies_under_the_key_of_another_run_is_refused() -> None:
    storage = _stored(_run(2000, run_id="r2" * 1000))

    for read in (read_head, read_run, partial(read_first_steps, first=4000)):
        with pytest.raises(RecordCorrupt, match="its record is of run 'r2r2") as refused:
            read(storage, "w", "r1")
        assert len(str(refused.value)) < 200
