"""One lock file for each directory: many readers or one writer, between threads and between processes."""

# ruff: noqa: PTH116
# paths are bytes here, whatever encoding the locale has; pathlib holds text only

from __future__ import annotations

import fcntl
import os


class FileLock:
    """Hold a lock as long as the `with` block lasts.

    :param flags: how its file is opened; one that is not made need not be there
    :param kind: `fcntl.LOCK_EX` or `fcntl.LOCK_SH`
    """

    def __init__(self, path: bytes, flags: int, kind: int) -> None:
        self._path = path
        self._flags = flags
        self._kind = kind
        self._descriptor: int | None = None

    def __enter__(self) -> None:
        """Wait for the lock."""
        try:
            self._descriptor = _locked(self._path, self._flags, self._kind)
        except FileNotFoundError:
            if self._flags & os.O_CREAT:
                raise

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        if self._descriptor is not None:
            os.close(self._descriptor)


def exclusive(path: bytes) -> FileLock:
    """Hold the lock alone; its file is made if need be, in a directory that exists."""
    return FileLock(path, os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX)


def shared(path: bytes) -> FileLock:
    """Hold the lock beside other readers; without its file nobody has written, and there is nothing to hold."""
    return FileLock(path, os.O_RDONLY, fcntl.LOCK_SH)


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
