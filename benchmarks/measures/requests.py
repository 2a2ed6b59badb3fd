"""Requests on the wire, beside those that DESIGN.md allows, and what a million steps cost at list price."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.comparison import Spread
from benchmarks.job import play
from benchmarks.row import Row, at_most
from simpleflow_steps.storage import S3Storage, open_storage
from simpleflow_steps.storage.s3 import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.setting import Setting

DOLLARS = {"PUT": 5e-6, "LIST": 5e-6, "GET": 0.4e-6, "HEAD": 0.4e-6}  # S3 Standard, us-east-1, storage not counted
A_RUN = {"PUT": 4}  # lease and record, at the start and at the end
A_LATER_RUN = {"PUT": 5, "GET": 2}  # the lease of the run before is read, and replaced
PROBE = {"PUT": 3}  # once for each process and prefix: whether the store heeds conditions
PROBE_AGAIN = {"PUT": 2}
MILLION = 1_000_000


def measure(setting: Setting) -> Iterator[Row]:
    """Count what boto3 sends for a fresh run, a resume and a forced run; a LIST gives 1,000 keys."""
    number, url = setting.pick(2_500, 1_100), setting.url("boto3", setting.prefix())
    pages = -(-number // 1000)
    fresh = Counter({"PUT": number, "LIST": 1}) + Counter(A_RUN) + Counter(PROBE)
    resumed = Counter({"LIST": pages}) + Counter(A_LATER_RUN) + Counter(PROBE_AGAIN)
    read = resumed + Counter({"GET": number})
    yield _row("fresh run", number, _count(url, number), fresh)
    yield _row("resume, no result read", number, _count(url, number), resumed)
    yield _row("resume, each result read", number, _count(url, number, read=True), read)


def _count(url: str, number: int, *, read: bool = False) -> Counter[str]:
    probe._probes.clear()  # as a process of its own would find it
    storage = open_storage(url)
    assert isinstance(storage, S3Storage)
    sent: Counter[str] = Counter()

    def count(request: Any, **_: Any) -> None:
        listing = request.method == "GET" and "list-type=2" in urlsplit(request.url).query
        sent["LIST" if listing else request.method] += 1

    storage._connection.client.meta.events.register("before-send.s3", count)
    play(storage, number, read=read)
    return sent


def _row(what: str, number: int, sent: Counter[str], design: Counter[str]) -> Row:
    more = sum((sent - design).values())
    return Row(
        f"requests of a {what}, {number:,} steps",
        f"{_told(sent)}; a million steps: ${_price(sent, number):,.3f}",
        f"DESIGN.md {_told(design)}",
        Spread.of((sent.total() / design.total(),)),
        at_most(1, "exactly these"),
        note=f"{dict(sent - design)} more than the design" if more else "",
    )


def _price(sent: Counter[str], number: int) -> float:
    """Scale the requests that grow with the steps to a million of them."""
    requests = {kind: count // number * MILLION for kind, count in sent.items() if kind != "LIST"}
    requests["LIST"] = 1 if sent["LIST"] == 1 else MILLION // 1000
    return sum(DOLLARS[kind] * count for kind, count in requests.items())


def _told(sent: Counter[str]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(sent.items(), reverse=True))
