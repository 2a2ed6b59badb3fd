"""Independent steps in a group on S3, beside bare conditional PUTs with the same number in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.bare import BARE, IN_FLIGHT, create_side_by_side
from benchmarks.comparison import compare, seconds_of
from benchmarks.job import play
from benchmarks.measures.body import marker_body
from benchmarks.row import Row, at_least, rate
from simpleflow_steps.storage import open_storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.setting import Setting


def measure(setting: Setting) -> Iterator[Row]:
    """Time fresh runs, each with its lease and its record, with a client that is warm."""
    for client in setting.clients():
        yield _with(client, setting)


def _with(client: str, setting: Setting) -> Row:
    number, rounds = setting.pick(1_000, 50), setting.pick(7, 3)
    bare, storage, body = BARE[client](setting), open_storage(setting.url(client)), marker_body()

    def steps() -> float:
        workflow_id = setting.prefix()
        return seconds_of(lambda: play(storage, number, "group", workflow_id=workflow_id))

    def puts() -> float:
        prefix = setting.prefix()
        keys = [f"{prefix}/steps/s.{each:06}" for each in range(number)]
        return seconds_of(create_side_by_side, bare, keys, body)

    steps(), puts()
    timed = compare(steps, puts, rounds)
    return Row(
        f"{number:,} steps in a group on S3, {client}",
        rate(number, timed.ours),
        f"bare PUTs {rate(number, timed.theirs)}",
        timed.faster,
        at_least(0.8),
        timed.noise,
        f"{IN_FLIGHT} in flight, {rounds} rounds",
        timed,
    )
