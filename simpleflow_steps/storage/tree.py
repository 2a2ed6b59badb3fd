"""Find, make, walk and prune the directories and files that stand for keys; call with the lock held.

A symbolic link below the root is neither a directory nor an object: it is not listed, read or followed. A write to the
key that has a link's name replaces the link.
"""

# ruff: noqa: PTH102, PTH104, PTH106, PTH118, PTH120
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


def find_file(root: bytes, key: str) -> tuple[bytes, os.stat_result] | None:
    """Give the path and the state of the file that holds a key, if there is one."""
    names, file = path_of(key)
    directory = find_directory(root, names)
    if directory is None:
        return None
    path = os.path.join(directory, file)
    state = _state(path)
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
    path = os.path.join(directory, file)
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
        files, directories = _entries(path)
        for file in files:
            part = part_of((*around, file.name))
            if part is not None and (key := text + part).startswith(prefix) and key and (state := _state(file.path)):
                yield key, state
        for name in directories:
            below = _below(text, around, name)
            if below and _may_hold(*below, prefix):
                pending.append((os.path.join(path, name), *below))


def _entries(path: bytes) -> tuple[list[os.DirEntry[bytes]], set[bytes]]:
    """Read a directory: its files, and its directories without those that have an alternate."""
    try:
        with os.scandir(path) as found:
            entries = list(found)
    except FileNotFoundError:
        return [], set()
    files = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    directories = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
    return files, {name for name in directories if name + ALTERNATE not in directories}


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
    plain = os.path.join(directory, name)
    alternate = plain + ALTERNATE
    if not name.endswith(CONTINUED) and _is_directory(alternate):
        return alternate
    return plain if _is_directory(plain) else None


def _new_directory(directory: bytes, name: bytes) -> bytes:
    path = os.path.join(directory, name)
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
