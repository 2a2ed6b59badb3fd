"""Ask a storage for several things side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

READERS = 32

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def side_by_side(ask: Callable[[Item], Answer], items: Collection[Item]) -> list[Answer]:
    """Give the answers in the order of the items; after the first failure nothing more is asked."""
    if not items:
        return []
    with ThreadPoolExecutor(min(READERS, len(items))) as pool:
        jobs = [pool.submit(ask, item) for item in items]
        try:
            return [job.result() for job in jobs]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
