"""The races with the peers: each runs the same job in an environment of its own, beside ours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.peers import dbos, luigi, prefect, race, redun, simpleflow, temporal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.row import Row
    from benchmarks.setting import Setting

PEERS = (
    luigi.LUIGI,
    dbos.ON_SQLITE,
    dbos.ON_POSTGRES,
    redun.REDUN,
    prefect.PREFECT,
    temporal.TEMPORAL,
    simpleflow.SIMPLEFLOW,
)

RACES: dict[str, Callable[[Setting], Iterator[Row]]] = {peer.name: partial(race.race, peer) for peer in PEERS}
