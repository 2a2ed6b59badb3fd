"""Objects as files in a directory, safe between threads and between processes on one machine."""

# ruff: noqa: PTH100, PTH105, PTH108, PTH118, PTH120, PTH123
# paths are bytes here, whatever encoding the locale has; pathlib holds text only

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from simpleflow_steps.exceptions import ObjectNotFound, StorageDenied, StorageError
from simpleflow_steps.storage.conditions import check_conditions, demand
from simpleflow_steps.storage.durable import make_directories, remove_stale, sync_directories, write_aside
from simpleflow_steps.storage.keys import check_key, check_prefix, in_key_order
from simpleflow_steps.storage.locking import exclusive, shared
from simpleflow_steps.storage.protocol import Body, ListedObject
from simpleflow_steps.storage.reads import check_first, check_size
from simpleflow_steps.storage.tree import find_file, find_place, folders, make_place, prune, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_KINDS = {errno.EACCES: StorageDenied, errno.EPERM: StorageDenied, errno.EROFS: StorageDenied}


class DirectoryStorage:
    """Keep each object in a file: the key `a/b` in `root/a/b`; `storage/names.py` says how odd keys are named.

    The directory is made at the first write. A write locks the file `%lock` in it for as long as a rename takes.
    Nothing outside the root is ever touched, and symbolic links in it are not followed. On a file system that ignores
    case, keys must differ in more than case.

    :param root: the directory; a relative one is resolved now
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = os.fsencode(os.path.abspath(root))
        self._lock = os.path.join(self._root, b"%lock")
        self._temporary = os.path.join(self._root, b"%tmp")
        self._swept = False
        self._url = self.root.as_uri()

    def __repr__(self) -> str:
        return f"DirectoryStorage({str(self.root)!r})"

    @property
    def root(self) -> Path:
        """Give the directory."""
        return Path(os.fsdecode(self._root))

    @property
    def url(self) -> str:
        """Name this storage so that `open_storage(url)` gives the same objects."""
        return self._url

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        """Give the objects under a prefix as they are now, in the order of their keys."""
        check_prefix(prefix)
        with _Faults(self._url, f"objects under {prefix!r}"), shared(self._lock):
            found = list(walk(self._root, prefix))
        # text without lone surrogates sorts like its UTF-8 bytes
        found.sort(key=lambda item: item[0])
        return (_listed(key, state) for key, state in found)

    def folders(self, prefix: str = "") -> Iterator[str]:
        """Give the folders under a prefix as they are now; a directory without objects is none."""
        check_prefix(prefix)
        with _Faults(self._url, f"folders under {prefix!r}"), shared(self._lock):
            found = list(folders(self._root, prefix))
        return iter(in_key_order(found))

    def get(self, key: str, *, max_size: int | None = None, first: int | None = None) -> Body:
        """Read an object, or its beginning."""
        check_key(key)
        check_first(first)
        with _Faults(self._url, f"key {key!r}"):
            descriptor = self._open(key)
            with open(descriptor, "rb") as file:
                state = os.fstat(descriptor)
                size = check_size(state.st_size, first, max_size, place=self._place(key))
                return Body(file.read(size), _etag(state), max(0.0, time.time() - state.st_mtime), state.st_size)

    def put(self, key: str, body: bytes, *, if_none_match: str | None = None, if_match: str | None = None) -> str:
        """Write an object if the condition holds, and give its new etag."""
        check_key(key)
        check_conditions(if_none_match, if_match)
        with _Faults(self._url, f"key {key!r}"):
            temporary, state = self._write_aside(body)
            try:
                with exclusive(self._lock):
                    path, changed = self._make_room(key, if_none_match, if_match)
                    os.replace(temporary, path)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(temporary)
                raise
            sync_directories(changed)
        return _etag(state)

    def delete(self, key: str) -> None:
        """Remove an object if it is there, and the directories that are empty without it."""
        check_key(key)
        if not os.path.lexists(self._root):
            return
        with _Faults(self._url, f"key {key!r}"):
            with exclusive(self._lock):
                found = find_file(self._root, key)
                if found is None:
                    return
                os.unlink(found[0])
                changed = prune(self._root, os.path.dirname(found[0]))
            sync_directories([changed])

    def _open(self, key: str) -> int:
        with shared(self._lock):
            found = find_file(self._root, key)
            if found is None:
                raise ObjectNotFound(f"{self._place(key)} does not exist")
            return os.open(found[0], os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def _write_aside(self, body: bytes) -> tuple[bytes, os.stat_result]:
        if not self._swept:
            self._swept = True
            remove_stale(self._temporary)
        try:
            return write_aside(self._temporary, body)
        except FileNotFoundError:
            make_directories(self._temporary)
            return write_aside(self._temporary, body)

    def _make_room(self, key: str, if_none_match: str | None, if_match: str | None) -> tuple[bytes, Sequence[bytes]]:
        """Give the path for a new file if the conditions hold, and the directories to make safe once it is there."""
        directory, path, old = find_place(self._root, key) or (None, b"", None)
        found = _etag(old) if old and stat.S_ISREG(old.st_mode) else None
        demand(found, if_none_match, if_match, place=self._place(key))
        if directory is None or (old and stat.S_ISDIR(old.st_mode)):
            return make_place(self._root, key)
        return path, [directory]

    def _place(self, key: str) -> str:
        return f"{self._url} key {key!r}"


class _Faults:
    """Tell the system's errors as ours: of which storage, and of what in it."""

    def __init__(self, url: str, what: str) -> None:
        self._url = url
        self._what = what

    def __enter__(self) -> None:
        """Wait for one."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Tell it, unless it is ours already."""
        if isinstance(error, OSError) and not isinstance(error, StorageError):
            kind = _KINDS.get(error.errno or 0, StorageError)
            where = f" ({os.fsdecode(error.filename)})" if error.filename else ""
            raise kind(f"{self._url} {self._what}: {error.strerror or error}{where}") from error


def _etag(state: os.stat_result) -> str:
    return f"{state.st_mtime_ns:x}-{state.st_size:x}-{state.st_ino:x}"


def _listed(key: str, state: os.stat_result) -> ListedObject:
    return ListedObject(key, _etag(state), state.st_size, datetime.fromtimestamp(state.st_mtime, UTC))
