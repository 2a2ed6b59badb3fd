"""Write files so that a crash of the machine leaves the old one or the new one, whole."""

# ruff: noqa: PTH102, PTH108, PTH112, PTH120
# paths are bytes here, whatever encoding the locale has; pathlib holds text only

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_STALE = 24 * 60 * 60.0


def write_aside(directory: bytes, body: bytes) -> tuple[bytes, os.stat_result]:
    """Write a body to a new file, safe on the disk, and give its path and its state; the caller moves it away.

    Its time of modification is the clock's, to the nanosecond, because the kernel's own ticks are milliseconds long.
    """
    path = b"%b/%b" % (directory, os.urandom(16).hex().encode())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        return path, _write(descriptor, body)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def make_directories(path: bytes) -> None:
    """Make a directory and those around it, safe on the disk."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    make_directories(parent)
    with suppress(FileExistsError):
        os.mkdir(path)
    sync_directories([parent])


def sync_directories(paths: Iterable[bytes]) -> None:
    """Make the names in these directories safe on the disk; one that has gone since has nothing to keep."""
    for path in dict.fromkeys(paths):
        _sync_directory(path)


def remove_stale(directory: bytes) -> None:
    """Remove files that were left behind, a day ago or earlier, by a process that was killed."""
    oldest = time.time() - _STALE
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.stat(follow_symlinks=False).st_mtime < oldest:
                os.unlink(entry.path)


def _write(descriptor: int, body: bytes) -> os.stat_result:
    rest = memoryview(body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    now = time.time_ns()
    os.utime(descriptor, ns=(now, now))
    os.fsync(descriptor)
    return os.fstat(descriptor)


def _sync_directory(path: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        # some file systems cannot sync a directory, and say so in this way
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)
