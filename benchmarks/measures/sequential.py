"""Sequential one-activity steps on S3, beside bare conditional PUTs with the same client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.bare import create_in_a_row
from benchmarks.measures.body import marker_body
from benchmarks.measures.puts import beside_puts
from benchmarks.row import Row, at_least, rate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.setting import Setting


def measure(setting: Setting) -> Iterator[Row]:
    """Time fresh runs, each with its lease and its record, with a client that is warm."""
    for client in setting.clients():
        yield _with(client, setting)


def _with(client: str, setting: Setting) -> Row:
    number, rounds = setting.pick(1_000, 30), setting.pick(7, 3)
    timed = beside_puts(setting, client, "row", create_in_a_row, number=number, rounds=rounds, warm=10)
    return Row(
        f"sequential steps on S3, {client}",
        rate(number, timed.ours),
        f"bare PUTs {rate(number, timed.theirs)}",
        timed.faster,
        at_least(0.85),
        timed.noise,
        f"{number} steps, {len(marker_body())} bytes each, {rounds} rounds",
        timed,
    )
