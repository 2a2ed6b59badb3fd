from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from simpleflow_steps.cli.table import time_text


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (None, ""),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), "1-01-01 00:00:00"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-14))), "9999-12-31 23:59:59"),
    ],
)
def test_a_time_that_this_place_does_not_have_is_told_as_it_is(at: datetime | None, said: str) -> None:
    assert time_text(at).lstrip("0") == said
