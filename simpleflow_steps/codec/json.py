"""Plain JSON: what it is, and the one way it is written and read."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_DEPTH = 200

# Python refuses to turn longer integers into text and back (sys.set_int_max_str_digits).
_LARGEST_INT = 1 << 14_000


class NotJSON(ValueError):
    """Say what cannot be written as JSON, or which text is not JSON, and where."""


def flaw(value: object, max_depth: int = MAX_DEPTH) -> str | None:
    """Say where a value is not plain JSON, such as `$[3].when: datetime`, or nothing if it is.

    Plain are exactly None, bool, int, finite float, str, list, and dict with str keys: no subclass of them, no tuple.
    """
    found = _flaw(value, max_depth)
    return None if found is None else f"${found}"


def is_text(value: object) -> bool:
    """Tell whether a value is a text that UTF-8 can encode: without a lone surrogate, the half of a character."""
    return isinstance(value, str) and _scalar_flaw(value) is None


def dumps(document: object) -> bytes:
    """Write a document the way every object in the bucket is written: UTF-8, indented for people.

    :raises NotJSON: as `check`
    """
    check(document)
    return written(document)


def check(document: object) -> None:
    """Refuse a document that is not plain JSON.

    :raises NotJSON: naming the place
    """
    if (found := _flaw(document, MAX_DEPTH)) is not None:
        raise NotJSON(f"not plain JSON: ${found}")


def written(document: object) -> bytes:
    """Write a document that is known to be plain JSON, or a record.

    :raises NotJSON: if a text in a record cannot be written
    """
    try:
        return msgspec.json.format(msgspec.json.encode(document), indent=2)
    except UnicodeEncodeError as error:
        raise NotJSON(f"not plain JSON: the str {error.object[:100]!r} with a lone surrogate") from None


def loads(body: bytes, what: str) -> Any:
    """Read a document: strict UTF-8, no NaN or infinity, no key twice, no bottomless nesting.

    :param what: what the bytes are, for the error
    :raises NotJSON: in one line
    """
    try:
        text = body.decode()
        document = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except RecursionError:
        raise NotJSON(f"{what} is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise NotJSON(f"{what} is not JSON: {error}") from None
    if found := flaw(document):
        raise NotJSON(f"{what} is not plain JSON: {found}")
    return document


def finite(value: Any) -> Any:
    """Write the floats that JSON does not have as text, which pydantic reads back as floats."""
    match value:
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case list():
            return [finite(item) for item in value]
        case dict():
            return {key: finite(item) for key, item in value.items()}
        case _:
            return value


def member(key: object) -> str:
    """Write a key of a dict as a part of a place: `.name`, or `['any text']`."""
    return f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r}]"


def type_name(value: object) -> str:
    """Name a value's type for people."""
    return type(value).__qualname__


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise ValueError(f"the key {key!r} is there twice")
        members[key] = value
    return members


def _flaw(value: object, room: int) -> str | None:
    kind = type(value)
    if (
        (kind is str and value.isascii())  # type: ignore[attr-defined]
        or (kind is int and -_LARGEST_INT < value < _LARGEST_INT)  # type: ignore[operator]
        or (kind is float and math.isfinite(value))  # type: ignore[arg-type]
        or kind is bool
        or value is None
    ):
        return None
    if kind is str or kind is int or kind is float:
        return _scalar_flaw(value)
    if kind is not list and kind is not dict:
        return f": {type_name(value)}"
    if not room:
        return ": nested too deeply, or in itself"
    return _list_flaw(value, room) if kind is list else _dict_flaw(value, room)  # type: ignore[arg-type]


def _list_flaw(items: list[object], room: int) -> str | None:
    for index, item in enumerate(items):
        if (found := _flaw(item, room - 1)) is not None:
            return f"[{index}]{found}"
    return None


def _dict_flaw(members: dict[object, object], room: int) -> str | None:
    for key, value in members.items():
        if type(key) is not str:
            return f": dict with the {type_name(key)} key {key!r}"
        if (found := _flaw(key, 0) or _flaw(value, room - 1)) is not None:
            return f"{member(key)}{found}"
    return None


def _scalar_flaw(value: object) -> str | None:
    if isinstance(value, float):
        return f": the float {value}"
    if isinstance(value, int):
        return ": int of too many digits"
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return ": str with a lone surrogate"
    return None
