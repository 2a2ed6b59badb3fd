"""Whether a value came back from storage as it went in."""

from __future__ import annotations

import dataclasses
from collections import deque
from typing import TYPE_CHECKING, Any

from simpleflow_steps.codec.json import member, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAN = object()


def same(a: object, b: object) -> bool:
    """Tell whether two values are equal, in exactly the same types all the way down; NaN equals NaN."""
    return _difference(a, b) is None


def difference(a: object, b: object) -> str | None:
    """Say where two values first differ, such as `$[3].when: datetime reads back as str`."""
    found = _difference(a, b)
    return None if found is None else f"${found}"


def _difference(a: Any, b: Any) -> str | None:
    if type(a) is not type(b):
        return f": {type_name(a)} reads back as {type_name(b)}"
    left, right = _parts(a), _parts(b)
    if left is None or right is None:
        return None if _equal(a, b) else f": {type_name(a)} reads back otherwise"
    if left.keys() != right.keys():
        return f": {type_name(a)} reads back with other members"
    for place, part in left.items():
        if (found := _difference(part, right[place])) is not None:
            return f"{_written(place)}{found}"
    return None


def _equal(a: Any, b: Any) -> bool:
    return (a == b) is True or (isinstance(a, float) and a != a and b != b)  # noqa: PLR0124  only NaN differs from itself


def _parts(value: Any) -> dict[Any, Any] | None:
    """Take a compound apart: its parts under keys that tell the place and, in dicts and sets, the exact key."""
    match value:
        case list() | tuple() | deque():
            return {("item", index): item for index, item in enumerate(value)}
        case dict():
            return {part: inner for key, item in value.items() for part, inner in _keyed(key, item)}
        case set() | frozenset():
            return {part: inner for item in value for part, inner in _keyed(item, None)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {("field", each.name): getattr(value, each.name, None) for each in dataclasses.fields(value)}
    if fields := getattr(type(value), "model_fields", None):
        return _model_parts(value, fields)
    return None


def _keyed(key: Any, item: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the item under its key, and the key as a part of its own, since 1, 1.0 and True are one key."""
    key_of = _NAN if isinstance(key, float) and key != key else key  # noqa: PLR0124  only NaN differs from itself
    yield ("key", key_of), key
    yield ("member", key_of), item


def _model_parts(model: Any, fields: Any) -> dict[Any, Any]:
    parts = {("field", name): getattr(model, name, None) for name in fields}
    return parts | {("field", "extra"): model.__pydantic_extra__, ("field", "private"): model.__pydantic_private__}


def _written(place: tuple[str, Any]) -> str:
    kind, key = place
    return f"[{key}]" if kind == "item" else "" if kind == "key" else member(key)
