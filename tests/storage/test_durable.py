from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from simpleflow_steps.storage.durable import write_aside


def test_the_time_of_a_file_is_the_clocks_to_the_nanosecond(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_123_456_789)

    path, state = write_aside(bytes(tmp_path), b"body")

    assert state.st_mtime_ns == 1_700_000_000_123_456_789
    assert Path(path.decode()).read_bytes() == b"body"
    assert os.path.samestat(state, Path(path.decode()).stat())


def test_a_file_that_could_not_be_written_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "lost")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(OSError, match="lost"):
        write_aside(bytes(tmp_path), b"body")
    assert list(tmp_path.iterdir()) == []
