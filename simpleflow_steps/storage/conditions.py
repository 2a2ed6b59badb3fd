"""The conditions of a write, the same for every storage."""

from __future__ import annotations

from simpleflow_steps.exceptions import InvalidInput, PreconditionFailed


def check_conditions(if_none_match: str | None, if_match: str | None) -> None:
    """Refuse conditions that no storage knows.

    :raises InvalidInput: if `if_none_match` is anything but `"*"`, or if both are given
    """
    if if_none_match not in {None, "*"}:
        raise InvalidInput(f'if_none_match={if_none_match!r}: only "*" is possible')
    if if_none_match is not None and if_match is not None:
        raise InvalidInput("if_none_match and if_match exclude each other: pass one of them")


def demand(found: str | None, if_none_match: str | None, if_match: str | None, *, place: str) -> None:
    """Compare an object's etag, `None` if there is no object, with what a write asks for.

    :param place: the storage and the key, for the message
    :raises PreconditionFailed: if the write must not happen
    """
    if if_none_match is not None and found is not None:
        raise PreconditionFailed(f"{place} exists already, with etag {found}")
    if if_match is not None and found != if_match:
        state = "does not exist" if found is None else f"has etag {found}"
        raise PreconditionFailed(f"{place} {state}, expected etag {if_match}")
