from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps import codec
from simpleflow_steps.exceptions import LeaseLost, SimpleflowStepsError
from simpleflow_steps.execution.garbage import RESULT, RUN, Rules
from simpleflow_steps.execution.past import LOOKED_BACK, read_past
from simpleflow_steps.execution.record import RunRecord, StepRecord, read_run, run_ids
from simpleflow_steps.execution.sweep import Place, Survey, remove, survey
from simpleflow_steps.storage import MemoryStorage, Storage
from simpleflow_steps.testing import CountingStorage

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
LATER = timedelta(days=2)
_nonces = count(1)


def _put_run(storage: Storage, number: int, status: str = "completed", generation: int = 0, step: str = "") -> str:
    started = START + timedelta(minutes=number)
    record = RunRecord(
        run_id=f"{started:%Y%m%dT%H%M%S.%fZ}-00000a",
        workflow_id="w",
        workflow="daily",
        version="1",
        generation=generation,
        input={"args": [number]},
        status=status,
        started=started,
        counts={step: 1} if step else {},
        steps={f"{step}.{number}": StepRecord(state=step)} if step else {},
    )
    storage.put(f"w/runs/{record.run_id}.json", codec.written(record))
    return record.run_id


def _put_result(storage: Storage, step: str, prefix: str = "w") -> str:
    key = f"{prefix}/results/{step}/{next(_nonces):032x}.json"
    storage.put(key, json.dumps(f"result of {step} in {key}").encode())
    return key


def _put_marker(storage: Storage, step: str, key: str | None = None, prefix: str = "w", owner: str = "w") -> None:
    facts: dict[str, Any] = {"step": step, "workflow_id": owner, "run_id": "r", "name": "daily", "version": "1"}
    times = {"started": START.isoformat(), "finished": START.isoformat()}
    result = {"result": 1} if key is None else {"result_key": key}
    storage.put(f"{prefix}/steps/{step}", json.dumps({**facts, **times, "nonce": "n", **result}).encode())


def _survey(storage: Storage, rules: Rules | None = None, prefix: str = "w/steps", after: timedelta = LATER) -> Survey:
    return survey(Place(storage, "w", prefix), rules or Rules(), datetime.now(UTC) + after, None, lambda *_: None)


def _sweep(storage: Storage, rules: Rules | None = None, **given: Any) -> list[str]:
    going = _survey(storage, rules, **given).going
    remove(storage, going, lambda: None, lambda *_: None)
    return [each.found.key for each in going]


def _why(storage: Storage, **given: Any) -> dict[str, str]:
    return {each.found.key: each.why for each in _survey(storage, **given).verdicts if each.kind == RESULT}


def _bodies(storage: Storage) -> dict[str, bytes]:
    return {found.key: bytes(storage.get(found.key)) for found in storage.list()}


class TestResults:
    def test_only_what_no_marker_names_goes(self, storage: MemoryStorage) -> None:
        _put_run(storage, 1)
        orphans = [_put_result(storage, step) for step in ("load", "load", "cleared", "crashed")]
        named = _put_result(storage, "load")
        _put_marker(storage, "load", named)
        storage.put("w/steps/cleared", b"")
        before = _bodies(storage)

        assert sorted(_sweep(storage)) == sorted(orphans)

        assert _bodies(storage) == {key: body for key, body in before.items() if key not in orphans}

    @pytest.mark.parametrize("body", [b'{"run_id": "r"}', b"no json", b'{"nonce": 3}', b"x" * 2_000_000])
    def test_a_marker_that_is_not_ours_or_cannot_be_read_keeps_all_of_its_results(
        self, storage: MemoryStorage, body: bytes
    ) -> None:
        _put_run(storage, 1)
        key = _put_result(storage, "load")
        storage.put("w/steps/load", body)

        (verdict,) = [each for each in _survey(storage).verdicts if each.kind == RESULT]

        assert (verdict.found.key, verdict.goes, verdict.doubt) == (key, False, True)
        assert "the marker of its step" in verdict.why

    def test_without_any_marker_all_stay(self, storage: MemoryStorage) -> None:
        _put_run(storage, 1)
        key = _put_result(storage, "load")

        assert _why(storage) == {key: "no marker lies under w/steps/: if they are elsewhere, pass --prefix"}

    def test_without_any_run_all_stay_as_the_lease_may_be_elsewhere(self, storage: MemoryStorage) -> None:
        key = _put_result(storage, "load")
        _put_marker(storage, "load")

        assert _why(storage) == {key: "no run of it is known here, and its lease may be elsewhere"}

    def test_where_others_have_markers_all_stay(self, storage: MemoryStorage) -> None:
        _put_run(storage, 1)
        mine, theirs = (_put_result(storage, step, prefix="shared") for step in ("mine", "theirs"))
        _put_marker(storage, "mine", prefix="shared")
        _put_marker(storage, "theirs", prefix="shared", owner="another")

        whys = _why(storage, prefix="shared/steps")

        assert whys == dict.fromkeys([mine, theirs], "other executions have their markers here too")

    def test_outside_of_the_execution_they_stay_for_a_day(self, storage: MemoryStorage) -> None:
        _put_run(storage, 1)
        key = _put_result(storage, "load", prefix="shared")
        _put_marker(storage, "load", prefix="shared")

        assert not _sweep(storage, prefix="shared/steps", after=timedelta(hours=23))
        assert _sweep(storage, prefix="shared/steps", after=timedelta(hours=25)) == [key]

    def test_only_the_markers_of_steps_with_results_are_read(self) -> None:
        storage = CountingStorage(MemoryStorage())
        _put_run(storage, 1)
        for step in range(50):
            _put_marker(storage, f"small.{step}")
        _put_marker(storage, "large", _put_result(storage, "large"))
        storage.operations.clear()

        _survey(storage)

        assert storage.operations.keys() == ["w/runs/", "w/results/", "w/steps/large"]


class TestRuns:
    def test_old_ones_go(self, storage: MemoryStorage) -> None:
        ids = [_put_run(storage, number) for number in range(15)]

        assert _sweep(storage) == [f"w/runs/{run_id}.json" for run_id in ids[:5]]
        assert list(run_ids(storage, "w")) == ids[5:]

    def test_what_is_no_run_stays(self, storage: MemoryStorage) -> None:
        ids = [_put_run(storage, number) for number in range(3)]
        odd = ["w/runs/backup.json", "w/runs/notes.txt", f"w/runs/old/{ids[0]}.json"]
        for key in odd:
            storage.put(key, storage.get(f"w/runs/{ids[0]}.json"))

        _sweep(storage, Rules(keep_runs=0))

        assert {found.key for found in storage.list("w/runs/")} == {*odd, f"w/runs/{ids[2]}.json"}

    def test_an_unreadable_one_that_a_resume_would_meet_stays(self, storage: MemoryStorage) -> None:
        ids = [_put_run(storage, number) for number in range(3)]
        storage.put(f"w/runs/{ids[2]}.json", b"{")

        assert _sweep(storage, Rules(keep_runs=0)) == [f"w/runs/{ids[0]}.json"]


class TestRemoving:
    def test_stops_when_the_lease_is_lost(self, storage: MemoryStorage) -> None:
        for number in range(100):
            _put_run(storage, number)
        going = _survey(storage).going
        checks = count(1)

        def check() -> None:
            if next(checks) > 30:
                raise LeaseLost("lost")

        with pytest.raises(LeaseLost):
            remove(storage, going, check, lambda *_: None)

        assert len(list(run_ids(storage, "w"))) == 70

    def test_tells_how_far_it_is(self, storage: MemoryStorage) -> None:
        for number in range(13):
            _put_run(storage, number)
        told: list[tuple[int, int]] = []

        remove(storage, _survey(storage).going, lambda: None, lambda *how_far: told.append(how_far))

        assert told == [(1, 3), (2, 3), (3, 3)]


def _attempt(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except SimpleflowStepsError as error:
        return type(error), str(error)


def _needs(storage: Storage) -> list[Any]:
    """Give all that a later run may read: markers, results, what a resume and what a plan reads."""
    from simpleflow_steps.cli.resuming import _beginning

    register = Place(storage, "w", "w/steps").register
    newest_first = sorted(run_ids(storage, "w"), reverse=True)
    runs = [_attempt(lambda run_id=run_id: read_run(storage, "w", run_id)) for run_id in newest_first]
    completed = [getattr(run, "status", "") == "completed" for run in runs]
    return [
        register.list(),
        {name: _attempt(lambda name=name: register.read_result(name)) for name in register.list()},
        _attempt(lambda: _beginning(storage, "w")),
        runs[:LOOKED_BACK] if True not in completed else runs[: completed.index(True) + 1],
        read_past(storage, "w"),
        [bytes(storage.get(found.key)) for part in ("signals", "waits") for found in storage.list(f"w/{part}/")],
    ]


STATUSES = st.sampled_from(["completed", "failed", "running", "continued", "superseded", "unreadable"])
KINDS = st.tuples(STATUSES, st.integers(0, 2), st.sampled_from(["completed", "skipped"]))
RUNS = st.lists(st.tuples(KINDS, st.sampled_from([1, 2, 5, 21])), max_size=5).map(
    lambda rows: [kind for kind, length in rows for _ in range(length)]
)
STEPS = st.dictionaries(
    st.sampled_from(["load", "stats.2012", "stats.2013", "report", "odd"]),
    st.tuples(st.sampled_from(["none", "empty", "inline", "large", "gone", "foreign", "broken"]), st.integers(0, 3)),
)
RULES = st.builds(
    Rules, st.integers(0, 30), st.none() | st.integers(0, 60 * 24 * 4).map(lambda minutes: timedelta(minutes=minutes))
)


def _put_step(storage: Storage, step: str, state: str, orphans: int) -> None:
    for _ in range(orphans):
        _put_result(storage, step)
    match state:
        case "empty":
            storage.put(f"w/steps/{step}", b"")
        case "inline":
            _put_marker(storage, step)
        case "large":
            _put_marker(storage, step, _put_result(storage, step))
        case "gone":
            _put_marker(storage, step, f"w/results/{step}/{'0' * 32}.json")
        case "foreign":
            storage.put(f"w/steps/{step}", b'{"run_id": "r"}')
        case "broken":
            storage.put(f"w/steps/{step}", b"{")


@given(runs=RUNS, steps=STEPS, rules=RULES, interrupted_after=st.none() | st.integers(0, 20))
def test_whatever_goes_no_run_misses_it(
    runs: list[tuple[str, int, str]],
    steps: dict[str, tuple[str, int]],
    rules: Rules,
    interrupted_after: int | None,
) -> None:
    storage = MemoryStorage()
    for number, (status, generation, step) in enumerate(runs):
        run_id = _put_run(storage, number, status, generation, step)
        if status == "unreadable":
            storage.put(f"w/runs/{run_id}.json", b"{")
    for name, (state, orphans) in steps.items():
        _put_step(storage, name, state, orphans)
    storage.put("w/signals/go/1.json", b"{}")
    storage.put("w/waits/0/*/signal/go/1/1", b"{}")
    needs, before = _needs(storage), _bodies(storage)

    found = _survey(storage, rules)
    remove(storage, found.going[:interrupted_after], lambda: None, lambda *_: None)
    assert _needs(storage) == needs
    _sweep(storage, rules)

    assert _needs(storage) == needs
    assert _survey(storage, rules).going == []
    assert before.keys() - _bodies(storage).keys() == {each.found.key for each in found.going}
    kept = {each.found.key for each in found.verdicts if each.kind == RUN and not each.goes}
    assert len(kept) >= min(rules.keep_runs, len(runs))
