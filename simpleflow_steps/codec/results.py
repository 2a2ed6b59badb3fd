"""Results: how what an activity or a workflow returned is stored, and read back in the same types."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from simpleflow_steps.codec.adapters import json_adapter, reason
from simpleflow_steps.codec.equality import difference
from simpleflow_steps.codec.json import dumps, finite, flaw
from simpleflow_steps.codec.targets import (
    NO_HINT,
    UnknownTarget,
    UnusableHint,
    describe,
    is_target,
    reference,
    resolve,
    return_hint,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Shape: TypeAlias = "str | list[Shape] | dict[str, Shape] | None"
"""How to read a stored value: None as it is; a reference by that target's return annotation; a list each item by its
own shape; `{"each": shape}` all items by the same."""

# Leaves room for what a result is wrapped in, within the depth that a document may have.
MAX_DEPTH = 150


class NotStorable(ValueError):
    """Say why a value cannot be stored: the place, the type, and what to annotate."""


class NotReadable(ValueError):
    """Say why a stored value no longer fits the annotation or the shape that it was stored with."""


class Encoded(Struct, frozen=True):
    """Hold a value as plain JSON, and how to read it back."""

    value: Any
    shape: Shape = None


def encode_result(value: Any, target: Any = None) -> Encoded:
    """Encode what a target returned, such that it certainly reads back the same.

    :param target: the activity or the workflow class; without it only plain JSON can be stored
    :raises NotStorable: if it would not read back the same
    """
    if (found := flaw(value, MAX_DEPTH)) is None:
        return Encoded(value)
    if target is None or not is_target(target):
        raise NotStorable(f"{found}: only plain JSON can be stored here")
    if isinstance(value, Iterator):
        raise _refusal(target, found, "return a list instead")
    name = reference(target)
    return Encoded(_stored(value, target, name, found), name)


def encode_list(items: list[Encoded]) -> Encoded:
    """Put several results together to one list.

    :raises NotStorable: if they are nested too deeply
    """
    values, shapes = [item.value for item in items], [item.shape for item in items]
    if found := flaw(values):
        raise NotStorable(f"not plain JSON: {found}")
    return Encoded(values, _list_shape(shapes))


def decode_result(value: Any, shape: Shape) -> Any:
    """Read a stored value back into the types that it had.

    :raises UnknownTarget: if the shape names what is no longer there
    :raises NotReadable: if the value no longer fits
    """
    match shape:
        case None:
            return value
        case str():
            return _decode_by_hint(value, shape)
        case {"each": inner}:
            return [decode_result(item, inner) for item in _items(value, shape)]
        case list() if len(shape) == len(_items(value, shape)):
            return [decode_result(item, inner) for item, inner in zip(value, shape, strict=True)]
        case _:
            raise NotReadable(f"the stored value does not have the shape {shape!r}")


def _stored(value: Any, target: Any, name: str, found: str) -> Any:
    """Find JSON that reads back the same, with the aliases that the types ask for, or else without."""
    adapter, cause = _adapter_for_storing(target, name, found), None
    for by_alias in (True, False):
        try:
            stored = finite(adapter.dump_python([value], mode="json", by_alias=by_alias, warnings=False))
            back = adapter.validate_json(dumps(stored))[0]
            differing = difference(value, back) or flaw(stored[0], MAX_DEPTH)
        except Exception as error:  # noqa: BLE001  the user's validators and comparisons can raise anything
            cause = error
            continue
        if differing is None:
            return stored[0]
        found = differing
    raise _refusal(target, found, "annotate the return type more closely") from cause


def _adapter_for_storing(target: Any, name: str, found: str) -> TypeAdapter[list[Any]]:
    if "<locals>" in name:
        raise _refusal(target, found, f"define {name.rpartition('.')[2]} at module level, so that it is found again")
    try:
        return _adapter(resolve(name))
    except UnusableHint as error:
        raise _refusal(target, found, str(error)) from error
    except UnknownTarget as error:
        cure = f"bind it at module level as {name.rpartition(':')[2]}, so that it is found again"
        raise _refusal(target, found, cure) from error


def _refusal(target: Any, found: str, cure: str) -> NotStorable:
    return NotStorable(f"the result of {describe(target)} cannot be stored: {found}; {cure}")


def _decode_by_hint(value: Any, name: str) -> Any:
    target = resolve(name)
    try:
        return _adapter(target).validate_json(dumps([value]))[0]
    except (UnusableHint, ValueError) as error:
        where = f"the stored result of {describe(target)}"
        raise NotReadable(f"{where} does not fit its annotation: {reason(error)}") from error


@functools.lru_cache(maxsize=1024)
def _adapter(target: Any) -> TypeAdapter[list[Any]]:
    hint = return_hint(target)
    if hint is NO_HINT:
        raise UnusableHint("annotate the return type")
    return json_adapter(hint)


def _list_shape(shapes: list[Shape]) -> Shape:
    if all(shape is None for shape in shapes):
        return None
    if all(shape == shapes[0] for shape in shapes):
        return {"each": shapes[0]}
    return shapes


def _items(value: Any, shape: Shape) -> list[Any]:
    if not isinstance(value, list):
        raise NotReadable(f"the stored value is no list, as its shape {shape!r} says")
    return value
