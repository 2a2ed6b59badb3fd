"""Independent steps in a group on S3, beside bare conditional PUTs with the same number in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.bare import IN_FLIGHT, create_side_by_side
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
    number, rounds = setting.pick(1_000, 50), setting.pick(7, 3)
    timed = beside_puts(setting, client, "group", create_side_by_side, number=number, rounds=rounds, warm=number)
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
