"""What may be a key, the same for every storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpleflow_steps.exceptions import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 1024


def check_key(key: str, top: str = "") -> None:
    """Refuse a key that some storage could not hold.

    :param top: what this storage puts before it
    :raises InvalidInput: if it is empty, longer than 1,024 UTF-8 bytes, or no text that UTF-8 can encode
    """
    if not key:
        raise InvalidInput("a key must not be empty")
    check_prefix(top + key)


def check_prefix(prefix: str) -> None:
    """Refuse a text with which no key can begin; the empty one begins every key.

    :raises InvalidInput: if it is longer than 1,024 UTF-8 bytes, or no text that UTF-8 can encode
    """
    try:
        size = len(prefix.encode())
    except UnicodeEncodeError:
        raise InvalidInput(f"key {prefix!r} holds a lone surrogate, which UTF-8 cannot encode") from None
    if size > MAX_BYTES:
        raise InvalidInput(f"key {prefix[:80]!r}... has {size} UTF-8 bytes; at most {MAX_BYTES} are allowed")


def folder_of(key: str, prefix: str) -> str | None:
    """Give the folder below which a key is, seen from a prefix that it starts with; None if it is below none."""
    end = key.find("/", len(prefix))
    return None if end < 0 else key[prefix.rfind("/") + 1 : end]


def in_key_order(folders: Iterable[str]) -> list[str]:
    """Sort folders as the keys in them are: `a-b/` comes before `a/`."""
    return sorted(folders, key=lambda name: f"{name}/")
