"""A resume with everything done on S3, beside the bare client's listing of the same markers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.bare import BARE, create_side_by_side, quickest
from benchmarks.comparison import compare, seconds_of
from benchmarks.job import play
from benchmarks.measures.body import marker_body
from benchmarks.row import Row, at_most, duration
from simpleflow_steps.storage import open_storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.setting import Setting

PER_STEP = 30e-6  # seconds that a step may take beside the listing
SIZES = ((1_000, 9), (10_000, 5), (100_000, 3))  # steps and rounds
SMALL_SIZES = ((50, 3), (2_500, 3))


def measure(setting: Setting) -> Iterator[Row]:
    """Time whole resumes with a client that is warm: lease, record, listing, and each step skipped."""
    for number, rounds in SMALL_SIZES if setting.quick else SIZES:
        workflow_id = setting.prefix()
        keys = [f"{workflow_id}/steps/s.{each:06}" for each in range(number)]
        create_side_by_side(quickest(setting), keys, marker_body())
        for client in setting.clients():
            yield _with(client, setting, workflow_id, number, rounds)


def _with(client: str, setting: Setting, workflow_id: str, number: int, rounds: int) -> Row:
    bare, storage = BARE[client](setting), open_storage(setting.url(client))

    def steps() -> float:
        return seconds_of(lambda: play(storage, number, workflow_id=workflow_id))

    def listing() -> float:
        took = seconds_of(lambda: found.append(bare.list(f"{workflow_id}/steps/")))
        assert found.pop() == number
        return took

    found: list[int] = []
    if number < 100_000:
        steps(), listing()
    timed = compare(steps, listing, rounds)
    return Row(
        f"resume of {number:,} done steps on S3, {client}",
        duration(timed.ours),
        f"bare LIST {duration(timed.theirs)}",
        timed.against(lambda seconds: 1.25 * seconds + PER_STEP * number),
        at_most(1, "at most 1: of 1.25 LIST + 30 µs a step"),
        timed.noise,
        f"{timed.slower.middle:.2f} times the LIST, {rounds} rounds",
        timed,
    )
