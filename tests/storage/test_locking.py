from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event, Thread

import pytest

from simpleflow_steps.storage.locking import exclusive, shared


@pytest.fixture
def path(tmp_path: Path) -> bytes:
    return bytes(tmp_path / "lock")


def test_a_writer_keeps_everybody_out(path: bytes) -> None:
    for lock in (exclusive, shared):
        entered = Event()
        with exclusive(path):
            thread = Thread(target=_enter, args=(lock, path, entered))
            thread.start()
            assert not entered.wait(0.05)
        assert entered.wait(5)
        thread.join()


def test_readers_do_not_wait_for_each_other(path: bytes) -> None:
    Path(path.decode()).touch()
    with shared(path), shared(path):
        pass


def test_a_reader_makes_no_file(path: bytes) -> None:
    with shared(path):
        assert not Path(path.decode()).exists()


def test_who_waited_for_a_file_that_is_gone_locks_the_one_that_others_lock(path: bytes) -> None:
    entered = Event()
    with exclusive(path):
        thread = Thread(target=_enter, args=(exclusive, path, entered))
        thread.start()
        assert not entered.wait(0.05)
        Path(path.decode()).unlink()
        newcomer = exclusive(path)
        newcomer.__enter__()
    assert not entered.wait(0.05)
    newcomer.__exit__(None, None, None)
    assert entered.wait(5)
    thread.join()


def _enter(lock: Callable[[bytes], AbstractContextManager[None]], path: bytes, entered: Event) -> None:
    with lock(path):
        entered.set()
