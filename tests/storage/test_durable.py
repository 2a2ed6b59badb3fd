from __future__ import annotations

import time
from pathlib import Path

import pytest

from simpleflow_steps.storage.durable import temporary_file


def test_the_time_of_a_file_is_the_clocks_to_the_nanosecond(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_123_456_789)

    with temporary_file(bytes(tmp_path), b"body") as path:
        assert Path(path.decode()).stat().st_mtime_ns == 1_700_000_000_123_456_789


def test_a_file_that_was_not_moved_away_is_removed(tmp_path: Path) -> None:
    with temporary_file(bytes(tmp_path), b"body") as path:
        assert Path(path.decode()).read_bytes() == b"body"
    assert list(tmp_path.iterdir()) == []
