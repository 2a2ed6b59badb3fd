"""The bytes of a marker, for the floors to write."""

from __future__ import annotations

from functools import cache

from benchmarks.job import WORKFLOW_ID, play
from simpleflow_steps.storage import MemoryStorage


@cache
def marker_body() -> bytes:
    """Give what the job's first marker holds."""
    storage = MemoryStorage()
    play(storage, 1)
    return bytes(storage.get(f"{WORKFLOW_ID}/steps/s.000000"))
