"""Readers and writers of values by their type, from pydantic, which is imported when the first one is made."""

from __future__ import annotations

from inspect import formatannotation
from typing import TYPE_CHECKING, Any

from simpleflow_steps.codec.json import member
from simpleflow_steps.codec.targets import UnusableHint

if TYPE_CHECKING:
    from pydantic import ConfigDict, TypeAdapter


def json_adapter(hint: Any) -> TypeAdapter[list[Any]]:
    """Make what reads and writes a list of one value: a bare model would refuse configuration from outside.

    :raises UnusableHint: if the type has no JSON form
    """
    config: ConfigDict = {"ser_json_inf_nan": "constants", "ser_json_bytes": "base64", "val_json_bytes": "base64"}
    return _adapter(list[hint], hint, config)


def text_adapter(hint: Any) -> TypeAdapter[Any]:
    """Make what reads one value that a person typed.

    :raises UnusableHint: if the type has no JSON form
    """
    return _adapter(hint, hint, None)


def reason(error: Exception) -> str:
    """Say in one line what is wrong with a value: the first of pydantic's findings, and its place inside the value."""
    from pydantic import ValidationError  # noqa: PLC0415  slow to import

    if not isinstance(error, ValidationError):
        return " ".join(str(error).split())
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = "".join(member(key) if isinstance(key, str) else f"[{key}]" for key in first["loc"][1:])
    return f"{'$' + place + ': ' if place else ''}{first['msg']}"


def _adapter(of: Any, hint: Any, config: ConfigDict | None) -> TypeAdapter[Any]:
    from pydantic import PydanticUserError, TypeAdapter  # noqa: PLC0415  slow to import

    try:
        return TypeAdapter(of, config=config)
    except (PydanticUserError, TypeError, NameError) as error:
        why = str(error).partition("\n")[0]
        raise UnusableHint(f"{formatannotation(hint)} has no JSON form that can be read back: {why}") from error
