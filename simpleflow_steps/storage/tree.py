"""Find, make, walk and prune the directories and files that stand for keys; call with the lock held.

A symbolic link below the root is neither a directory nor an object: it is not listed, read or followed. A write to the
key that has a link's name replaces the link.
"""

# ruff: noqa: PTH102, PTH104, PTH106, PTH120
# paths are bytes here, whatever encoding the locale has; pathlib holds text only

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from simpleflow_steps.storage.names import ALTERNATE, CONTINUED, directories_of, part_of, path_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def find_directory(root: bytes, names: Sequence[bytes]) -> bytes | None:
    """Give the path of the directory that stands for these names, if there is one."""
    path = root
    for name in names:
        child = _child(path, name)
        if child is None:
            return None
        path = child
    return path


def find_place(root: bytes, key: str) -> tuple[bytes, bytes, os.stat_result | None] | None:
    """Give the directory and the path that a key's file has, and the state of what is there; None without directory."""
    names, file = path_of(key)
    directory = find_directory(root, names)
    if directory is None:
        return None
    path = directory + b"/" + file
    return directory, path, _state(path)


def find_file(root: bytes, key: str) -> tuple[bytes, os.stat_result] | None:
    """Give the path and the state of the file that holds a key, if there is one."""
    _, path, state = find_place(root, key) or (b"", b"", None)
    return (path, state) if state and stat.S_ISREG(state.st_mode) else None


def make_place(root: bytes, key: str) -> tuple[bytes, list[bytes]]:
    """Make the directories for a key, and move one that has its file's name out of the way.

    :return: the path of the file to be, and the directories that have changed
    """
    names, file = path_of(key)
    directory, changed = root, []
    for name in names:
        child = _child(directory, name)
        if child is None:
            child = _new_directory(directory, name)
            changed.append(directory)
        directory = child
    path = directory + b"/" + file
    if _is_directory(path):
        os.rename(path, path + ALTERNATE)
    return path, [*changed, directory]


def prune(root: bytes, directory: bytes) -> bytes:
    """Remove a directory and those around it as long as they are empty, and give the first that stays."""
    while directory != root:
        try:
            os.rmdir(directory)
        except OSError:
            break
        directory = os.path.dirname(directory)
    return directory


def walk(root: bytes, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    """Give each key that starts with `prefix`, in no order, with the state of its file."""
    *complete, _ = prefix.split("/")
    top = find_directory(root, directories_of(complete))
    pending: list[tuple[bytes, str, tuple[bytes, ...]]] = []
    if top is not None:
        pending.append((top, "".join(f"{part}/" for part in complete), ()))
    while pending:
        path, text, around = pending.pop()
        directories = []
        for entry in _entries(path):
            if entry.is_dir(follow_symlinks=False):
                directories.append(entry.name)
            elif entry.is_file(follow_symlinks=False):
                part = part_of((*around, entry.name))
                key = "" if part is None else text + part
                if key and key.startswith(prefix) and (state := _state(entry.path)):
                    yield key, state
        pending.extend((path + b"/" + name, *below) for name, below in _lower(directories, text, around, prefix))


def folders(root: bytes, prefix: str) -> Iterator[str]:
    """Give each folder under `prefix`, in no order: one directory is read, and those in it up to their first object."""
    *complete, start = prefix.split("/")
    top = find_directory(root, directories_of(complete))
    text = "".join(f"{part}/" for part in complete)
    pending: list[tuple[bytes, tuple[bytes, ...]]] = [] if top is None else [(top, ())]
    while pending:
        path, around = pending.pop()
        directories = [entry.name for entry in _entries(path) if entry.is_dir(follow_symlinks=False)]
        for name, (part, names) in _lower(directories, "", around, start):
            if names:
                pending.append((path + b"/" + name, names))
            elif next(walk(root, text + part), None):
                yield part.removesuffix("/")


def _entries(path: bytes) -> Iterator[os.DirEntry[bytes]]:
    """Read a directory no further than is asked for."""
    try:
        found = os.scandir(path)
    except FileNotFoundError:
        return
    with found:
        yield from found


def _lower(
    directories: Sequence[bytes], text: str, around: tuple[bytes, ...], prefix: str
) -> Iterator[tuple[bytes, tuple[str, tuple[bytes, ...]]]]:
    """Give what the directories stand for that may hold what starts with `prefix`; an alternate beside one is void."""
    void = {name + ALTERNATE for name in directories}
    for name in directories:
        below = None if name in void else _below(text, around, name)
        if below and _may_hold(*below, prefix):
            yield name, below


def _below(text: str, around: tuple[bytes, ...], name: bytes) -> tuple[str, tuple[bytes, ...]] | None:
    """Give what a directory stands for: the text of the complete parts, and the names of the part that it continues."""
    if name.endswith(CONTINUED):
        return text, (*around, name)
    part = part_of((*around, name.removesuffix(ALTERNATE)))
    return None if part is None else (f"{text}{part}/", ())


def _may_hold(text: str, around: tuple[bytes, ...], prefix: str) -> bool:
    beginning = text_of(around) if around else ""
    if beginning is None:
        return False
    text += beginning
    return text.startswith(prefix) or prefix.startswith(text)


def _child(directory: bytes, name: bytes) -> bytes | None:
    path = directory + b"/" + name
    if _is_directory(path):
        return path
    alternate = path + ALTERNATE
    return alternate if not name.endswith(CONTINUED) and _is_directory(alternate) else None


def _new_directory(directory: bytes, name: bytes) -> bytes:
    path = directory + b"/" + name
    if _state(path) and not name.endswith(CONTINUED):
        path += ALTERNATE
    os.mkdir(path)
    return path


def _is_directory(path: bytes) -> bool:
    state = _state(path)
    return state is not None and stat.S_ISDIR(state.st_mode)


def _state(path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
