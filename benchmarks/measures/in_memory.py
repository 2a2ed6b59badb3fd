"""No-op steps on in-memory storage: what the library itself takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from benchmarks.comparison import Comparison, Spread, compare, seconds_of
from benchmarks.job import play, work
from benchmarks.row import Row, at_least, at_most, rate
from simpleflow_steps.storage import MemoryStorage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.setting import Setting


def measure(setting: Setting) -> Iterator[Row]:
    """Time fresh runs, beside threads that only call the activity, and large runs beside small ones."""
    number, rounds = setting.pick(2_000, 50), setting.pick(9, 3)
    few, many = 100, setting.pick(10_000, 200)
    for shape in ("row", "group"):
        _steps(50, shape)
        calls = compare(lambda: _steps(number, shape), lambda: _calls(number), rounds)  # noqa: B023
        yield _speed(shape, number, calls)
        growth = compare(lambda: _steps(many, shape) / many, lambda: _several(few, shape), setting.pick(5, 2))  # noqa: B023
        yield Row(
            f"in memory, {shape}: a step of {many:,} beside one of {few}",
            f"{1e6 * Spread.of(growth.ours).middle:.0f} µs",
            f"{1e6 * Spread.of(growth.theirs).middle:.0f} µs",
            growth.slower,
            at_most(1.05, "at most 1 (5 % for noise)"),
            growth.noise,
            comparison=growth,
        )


def _speed(shape: str, number: int, timed: Comparison) -> Row:
    return Row(
        f"in memory, {shape}: no-op steps",
        rate(number, timed.ours),
        f"a thread pool's calls {rate(number, timed.theirs)}",
        Spread.of(tuple(number / each for each in timed.ours)),
        at_least(5_000, "at least 5,000/s"),
        timed.noise,
        f"{number:,} steps; {timed.faster.middle:.2f} times the pool's rate",
        timed,
    )


def _steps(number: int, shape: str) -> float:
    storage = MemoryStorage()
    return seconds_of(lambda: play(storage, number, shape))


def _several(number: int, shape: str, runs: int = 10) -> float:
    return sum(_steps(number, shape) for _ in range(runs)) / number / runs


def _calls(number: int) -> float:
    with ThreadPoolExecutor(1) as threads:
        return seconds_of(lambda: [threads.submit(work, each).result() for each in range(number)])
