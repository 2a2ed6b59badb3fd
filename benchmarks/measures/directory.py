"""Sequential steps in a directory, beside bare write, fsync and rename of the same bytes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.bare import write_files
from benchmarks.comparison import compare, seconds_of
from benchmarks.job import play
from benchmarks.measures.body import marker_body
from benchmarks.row import Row, at_least, rate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.setting import Setting


def measure(setting: Setting) -> Iterator[Row]:
    """Time fresh runs beside bare writes: as the goal has them, and with the folder made safe too, as ours is."""
    number, rounds, body = setting.pick(1_000, 30), setting.pick(9, 3), marker_body()
    names = [f"s.{each:06}" for each in range(number)]
    for sync_folder in (False, True):
        write = partial(write_files, names=names, body=body, sync_folder=sync_folder)
        timed = compare(
            lambda: seconds_of(play, setting.place(), number),
            lambda: seconds_of(write, setting.place()),  # noqa: B023
            rounds,
        )
        yield Row(
            f"sequential steps in a directory{', beside fsync of the folder too' if sync_folder else ''}",
            rate(number, timed.ours),
            f"bare write + fsync + rename{' + fsync' if sync_folder else ''} {rate(number, timed.theirs)}",
            timed.faster,
            None if sync_folder else at_least(0.7),
            timed.noise,
            f"{number} steps, {rounds} rounds",
            timed,
        )
