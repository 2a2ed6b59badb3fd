"""Sequential one-activity steps on S3, beside bare conditional PUTs with the same client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.bare import BARE, create_in_a_row
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
    number, rounds = setting.pick(1_000, 30), setting.pick(7, 3)
    bare, storage, body = BARE[client](setting), open_storage(setting.url(client)), marker_body()

    def steps(count: int = number) -> float:
        workflow_id = setting.prefix()
        return seconds_of(lambda: play(storage, count, workflow_id=workflow_id))

    def puts(count: int = number) -> float:
        prefix = setting.prefix()
        keys = [f"{prefix}/steps/s.{each:06}" for each in range(count)]
        return seconds_of(create_in_a_row, bare, keys, body)

    steps(10), puts(10)
    timed = compare(steps, puts, rounds)
    return Row(
        f"sequential steps on S3, {client}",
        rate(number, timed.ours),
        f"bare PUTs {rate(number, timed.theirs)}",
        timed.faster,
        at_least(0.85),
        timed.noise,
        f"{number} steps, {len(body)} bytes each, {rounds} rounds",
        timed,
    )
