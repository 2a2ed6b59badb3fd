from __future__ import annotations

import faulthandler
from collections.abc import Iterator

import pytest

HANGS = 120


@pytest.fixture(autouse=True)
def _ends() -> Iterator[None]:
    """Say where a test hangs, instead of hanging."""
    faulthandler.dump_traceback_later(HANGS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
