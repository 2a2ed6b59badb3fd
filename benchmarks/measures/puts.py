"""Fresh runs on S3 beside bare conditional PUTs of the same bytes with the same client, both warm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.bare import BARE
from benchmarks.comparison import Comparison, compare, seconds_of
from benchmarks.job import play
from benchmarks.measures.body import marker_body
from simpleflow_steps.storage import open_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.bare import Bare
    from benchmarks.setting import Setting

    Create = Callable[[Bare, Iterable[str], bytes], None]


def beside_puts(
    setting: Setting, client: str, shape: str, create: Create, *, number: int, rounds: int, warm: int
) -> Comparison:
    """Time runs of so many steps, each with its lease and its record, beside as many PUTs.

    :param create: writes the objects
    :param warm: how many of each go before
    """
    bare, storage, body = BARE[client](setting), open_storage(setting.url(client)), marker_body()

    def steps(count: int = number) -> float:
        workflow_id = setting.prefix()
        return seconds_of(lambda: play(storage, count, shape, workflow_id=workflow_id))

    def puts(count: int = number) -> float:
        prefix = setting.prefix()
        keys = [f"{prefix}/steps/s.{each:06}" for each in range(count)]
        return seconds_of(create, bare, keys, body)

    steps(warm), puts(warm)
    return compare(steps, puts, rounds)
