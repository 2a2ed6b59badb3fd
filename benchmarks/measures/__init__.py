"""The measures against the limit: each module has `measure(setting)`, which gives rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measures import (
    cold_process,
    directory,
    group,
    in_memory,
    peak_memory,
    requests,
    resume,
    sequential,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.row import Row
    from benchmarks.setting import Setting

MEASURES: dict[str, Callable[[Setting], Iterator[Row]]] = {
    "sequential": sequential.measure,
    "group": group.measure,
    "resume": resume.measure,
    "cold": cold_process.measure,
    "requests": requests.measure,
    "in-memory": in_memory.measure,
    "directory": directory.measure,
    "peak-memory": peak_memory.measure,
}
