"""One lock file for each directory: many readers or one writer, between threads and between processes."""

# ruff: noqa: PTH116
# paths are bytes here, whatever encoding the locale has; pathlib holds text only

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def exclusive(path: bytes) -> Iterator[None]:
    """Hold the lock alone; its file is made if need be, in a directory that exists."""
    descriptor = _locked(path, os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def shared(path: bytes) -> Iterator[None]:
    """Hold the lock beside other readers; without its file nobody has written, and there is nothing to hold."""
    try:
        descriptor = _locked(path, os.O_RDONLY, fcntl.LOCK_SH)
    except FileNotFoundError:
        yield
        return
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(path: bytes, flags: int, kind: int) -> int:
    """Open the file anew: a lock belongs to the open file, and threads that share one would not exclude each other."""
    while True:
        descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(descriptor, kind)
            if _is_still(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_still(path: bytes, descriptor: int) -> bool:
    """Tell whether the locked file is the one that others would lock now: somebody may have removed the directory."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
