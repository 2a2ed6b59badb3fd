from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from simpleflow_steps.execution.garbage import (
    SETTLED,
    Naming,
    Rules,
    judge_results,
    judge_runs,
    oldest_needed,
    step_of,
)
from simpleflow_steps.execution.record import RunRecord
from simpleflow_steps.storage import ListedObject

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NONCE = "0123456789abcdef" * 2


def _id(day: int) -> str:
    return f"202611{day:02}T081500.000000Z-00000a"


def _run(day: int, status: str = "completed", generation: int = 0, step: str = "completed") -> RunRecord:
    return RunRecord(
        run_id=_id(day),
        workflow_id="w",
        workflow="daily",
        version="1",
        generation=generation,
        input=None,
        status=status,
        started=NOW,
        counts={step: 1},
    )


def _needed(*newest_first: RunRecord | None) -> str:
    return oldest_needed((record.run_id if record else _id(5), record) for record in newest_first)


class TestNeededRuns:
    def test_a_run_that_completed_all_by_itself_is_enough(self) -> None:
        assert _needed(_run(9), _run(8)) == _id(9)

    def test_goes_back_to_the_newest_that_completed(self) -> None:
        assert _needed(_run(9, "failed"), _run(8, "running"), _run(7), _run(6)) == _id(7)

    def test_goes_back_to_one_that_skipped_nothing(self) -> None:
        assert _needed(_run(9, step="skipped"), _run(8, "failed"), _run(7), _run(6)) == _id(7)

    def test_goes_back_to_the_beginning_of_a_chain(self) -> None:
        chain = [_run(9, generation=2), _run(8, "continued", 1), _run(7, "continued", 0)]

        assert _needed(*chain, _run(6), _run(5)) == _id(6)

    def test_goes_back_to_success_and_to_the_beginning_however_far(self) -> None:
        failed = [_run(day, "failed") for day in range(29, 4, -1)]
        chain = [_run(day, "continued", day - 2) for day in range(28, 1, -1)]

        assert _needed(*failed, _run(4), _run(3)) == _id(4)
        assert _needed(_run(29, generation=27), *chain, _run(1)) == _id(2)

    def test_without_success_stops_where_a_plan_does(self) -> None:
        failed = [_run(day, "failed") for day in range(29, 0, -1)]

        assert _needed(*failed) == _id(10)

    def test_without_success_still_goes_back_to_the_beginning_of_the_last_chain(self) -> None:
        chain = [_run(day, "failed" if day == 29 else "continued", day - 3) for day in range(29, 2, -1)]

        assert _needed(*chain, _run(2, "failed"), _run(1, "failed")) == _id(3)

    def test_if_nothing_is_enough_all_are_needed(self) -> None:
        assert _needed(_run(9, "failed"), _run(8, "failed")) == _id(8)
        assert _needed(_run(9, generation=4), _run(8, "continued", 3)) == _id(8)

    def test_one_that_cannot_be_read_tells_nothing(self) -> None:
        assert _needed(None, _run(4), _run(3)) == _id(4)

    def test_reads_no_further_than_necessary(self) -> None:
        def records() -> Iterator[tuple[str, RunRecord]]:
            yield _id(9), _run(9)
            pytest.fail("another run was read")

        assert oldest_needed(records()) == _id(9)


def _going(days: list[int], rules: Rules, needed_from: int = 28, named: int = 28) -> list[int]:
    runs = {_id(day): ListedObject(f"w/runs/{_id(day)}.json", "e", 1, NOW) for day in days}
    verdicts = judge_runs(runs, rules, NOW, needed_from=_id(needed_from), named=_id(named), doubtful=())
    return [int(each.found.key[13:15]) for each in verdicts if each.goes]


class TestRuns:
    def test_the_newest_stay(self) -> None:
        assert _going([10, 11, 12, 13], Rules(keep_runs=3)) == [10]
        assert _going([10, 11, 12, 13], Rules(keep_runs=0)) == [10, 11, 12, 13]

    def test_the_young_stay_by_the_time_in_their_id(self) -> None:
        assert _going([10, 11, 12, 13], Rules(1, timedelta(days=9))) == [10, 11]

    def test_what_a_plan_reads_and_what_the_lease_names_stays(self) -> None:
        assert _going([9, 10, 11, 12, 13], Rules(0), needed_from=12, named=10) == [9, 11]

    def test_an_id_without_a_time_is_as_old_as_its_object(self) -> None:
        found = [ListedObject("w/runs/a.json", "e", 1, NOW - timedelta(days=2)), ListedObject("w/runs/b.json", "e", 1)]
        runs = dict(zip("ab", found, strict=True))

        def why(rules: Rules) -> list[str]:
            return [each.why for each in judge_runs(runs, rules, NOW, needed_from="c", named=None, doubtful=())]

        assert why(Rules(0)) == ["older than the newest 0", "nobody knows how old it is"]
        assert why(Rules(0, timedelta(days=3)))[0] == "younger than --older-than"

    def test_what_cannot_be_read_stays_in_doubt(self) -> None:
        runs = {"a": ListedObject("w/runs/a.json", "e", 1, NOW - timedelta(days=2))}

        (verdict,) = judge_runs(runs, Rules(0), NOW, needed_from="c", named=None, doubtful={"a"})

        assert (verdict.goes, verdict.doubt) == (False, True)


def _result(key: str, age: timedelta | None = timedelta(days=1)) -> ListedObject:
    return ListedObject(f"w/results/{key}", "e", 70_000, None if age is None else NOW - age)


class TestResults:
    @pytest.mark.parametrize(
        ("key", "step"),
        [
            (f"stats.2012/{NONCE}.json", "stats.2012"),
            (f"stats.2012/{NONCE}", None),
            (f"stats/deep/{NONCE}.json", None),
            (f"{NONCE}.json", None),
            ("load/copy.json", None),
            (f"load/{NONCE}.json\n", None),
        ],
    )
    def test_a_key_tells_the_step(self, key: str, step: str | None) -> None:
        assert step_of(f"w/results/{key}", "w/results") == step

    def test_what_no_marker_names_goes(self) -> None:
        named, orphan = _result(f"load/{NONCE}.json"), _result(f"load/{NONCE[::-1]}.json")

        verdicts = judge_results([named, orphan], "w/results", {"load": Naming(key=named.key)}, NOW, SETTLED)

        assert [(each.goes, each.why) for each in verdicts] == [
            (False, "its marker names it"),
            (True, "no marker names it"),
        ]

    def test_what_the_marker_of_another_step_names_stays(self) -> None:
        found = _result(f"load/{NONCE}.json")

        names = {"load": Naming(), "renamed": Naming(key=found.key)}

        assert not any(each.goes for each in judge_results([found], "w/results", names, NOW, SETTLED))

    @pytest.mark.parametrize("age", [timedelta(minutes=9), timedelta(0), -timedelta(days=1), None])
    def test_the_young_ones_stay(self, age: timedelta | None) -> None:
        (verdict,) = judge_results([_result(f"load/{NONCE}.json", age)], "w/results", {"load": Naming()}, NOW, SETTLED)

        assert not verdict.goes

    def test_what_is_in_doubt_stays(self) -> None:
        found = [_result("notes.txt"), _result(f"load/{NONCE}.json")]

        verdicts = list(judge_results(found, "w/results", {"load": Naming(doubt="odd marker")}, NOW, SETTLED))

        assert [(each.goes, each.doubt) for each in verdicts] == [(False, True)] * 2
        assert verdicts[1].why == "odd marker"
