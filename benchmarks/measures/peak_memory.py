"""The peak memory of 100,000 steps, in a process of its own, above that of 10."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.comparison import Spread
from benchmarks.row import Row, at_most

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.setting import Setting

FLOOR_STEPS = 10
RAM = Path("/dev/shm")  # a folder whose files are no part of any process, and which no fsync slows down
PROGRAM = r"""
import re, sys
from pathlib import Path
from benchmarks.job import play

play(sys.argv[1], int(sys.argv[2]), sys.argv[3])
# ru_maxrss would be the peak of whoever started this process, if that was more
print(int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024)
"""


def measure(setting: Setting) -> Iterator[Row]:
    """Take the peak of a fresh run and of a resume; the markers are files, and not counted."""
    number = setting.pick(100_000, 1_000)
    for shape in ("row", "group"):
        with TemporaryDirectory(dir=RAM if RAM.is_dir() else setting.folder) as folder:
            places = Path(folder, "few"), Path(folder, "many")
            for what in ("fresh", "resumed"):
                yield _row(f"peak memory of {number:,} steps, {shape}, {what}", places, number, shape)


def _row(what: str, places: tuple[Path, Path], number: int, shape: str) -> Row:
    try:
        floor, peak = _peak(places[0], FLOOR_STEPS, shape), _peak(places[1], number, shape)
    except subprocess.CalledProcessError as error:
        return Row(what, "failed", note=error.stderr.strip().splitlines()[-1])
    return Row(
        what,
        f"{peak / 2**20:.0f} MiB",
        f"{FLOOR_STEPS} steps {floor / 2**20:.0f} MiB",
        Spread.of(((peak - floor) / number / 1000,)),
        at_most(1.5, "at most 1.5 kB a step"),
    )


def _peak(place: Path, number: int, shape: str) -> int:
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(place), str(number), shape], check=True, capture_output=True, text=True
    )
    return int(told.stdout)
