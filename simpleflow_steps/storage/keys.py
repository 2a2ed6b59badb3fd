"""What may be a key, the same for every storage."""

from __future__ import annotations

from simpleflow_steps.exceptions import InvalidInput

MAX_BYTES = 1024


def check_key(key: str) -> None:
    """Refuse a key that some storage could not hold.

    :raises InvalidInput: if it is empty, longer than 1,024 UTF-8 bytes, or no text that UTF-8 can encode
    """
    if not key:
        raise InvalidInput("a key must not be empty")
    check_prefix(key)


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
