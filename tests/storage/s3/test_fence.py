from __future__ import annotations

import pytest

from simpleflow_steps.exceptions import LeaseLost
from simpleflow_steps.storage import S3Storage
from simpleflow_steps.storage.fence import fenced
from tests.storage.s3.faulty import OK, Answer, FaultyServer


def test_who_lost_the_right_to_write_while_the_store_was_busy_writes_no_more(
    probed: S3Storage, faulty: FaultyServer
) -> None:
    faulty.answers = [Answer(503, "SlowDown"), OK]
    attempts: list[int] = []

    def check() -> None:
        attempts.append(1)
        if len(attempts) == 2:
            raise LeaseLost("too late")

    with pytest.raises(LeaseLost), fenced(check):
        probed.put("key", b"body", if_match='"old"')

    assert faulty.conditions == ['"old"']


def test_outside_the_fence_nothing_is_checked(probed: S3Storage, faulty: FaultyServer) -> None:
    with fenced(lambda: None):
        pass
    faulty.answers = [Answer(503, "SlowDown"), OK]

    assert probed.put("key", b"body") == '"new"'
