"""How much a read may ask for, and get, the same for every storage."""

from __future__ import annotations

from simpleflow_steps.exceptions import InvalidInput, ObjectTooLarge


def check_first(first: int | None) -> None:
    """Refuse a number of bytes that cannot be.

    :raises InvalidInput: if it is less than zero
    """
    if first is not None and first < 0:
        raise InvalidInput(f"first={first}: use 0 or more bytes, or None for all")


def check_size(total: int, first: int | None, max_size: int | None, *, place: str) -> int:
    """Give how many of an object's bytes are to be read.

    :param total: the size of the whole object
    :param place: the storage and the key, for the message
    :raises ObjectTooLarge: if they are more than `max_size`
    """
    size = total if first is None else min(first, total)
    if max_size is not None and size > max_size:
        raise ObjectTooLarge(f"{place} has {size} bytes, more than {max_size}")
    return size
