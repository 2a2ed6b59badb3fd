"""Ask a storage for several things side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator

WORKERS = 32

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def side_by_side(
    ask: Callable[[Item], Answer], items: Collection[Item], told: Callable[[int, int], object] | None = None
) -> list[Answer]:
    """Give the answers in the order of the items; after the first failure nothing more is asked.

    :param told: called with how many answers there are, of how many
    """
    return list(one_by_one(ask, items, told))


def one_by_one(
    ask: Callable[[Item], Answer],
    items: Collection[Item],
    told: Callable[[int, int], object] | None = None,
    *,
    workers: int = WORKERS,
) -> Generator[Answer, None, None]:
    """Do the same, and give each answer as soon as those before it are there.

    Nothing is asked before the first answer is taken; once nobody takes any, what is under way ends and the rest is
    dropped.
    """
    if not items:
        return
    with ThreadPoolExecutor(min(workers, len(items))) as pool:
        jobs = [pool.submit(ask, item) for item in items]
        try:
            for count, job in enumerate(jobs, 1):
                answer = job.result()
                if told is not None:
                    told(count, len(jobs))
                yield answer
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
