"""Records: what the library itself stores, as structs of msgspec, which checks them when they are read."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec

from simpleflow_steps.codec.json import loads

if TYPE_CHECKING:
    from collections.abc import Callable

Record = TypeVar("Record")
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone: one without could not be compared with the others."""


class NotARecord(ValueError):
    """Say what of a document does not fit its record, and where."""


def always(make: Callable[[], Record], name: str | None = None) -> Record:
    """Give a field a default that is written too, in a record that leaves its defaults out.

    :param make: makes the default; msgspec leaves out what is plain, and empty ones of the built-in collections
    :param name: what the field is called in JSON, if not the same
    """
    return msgspec.field(default_factory=partial(make), name=name)


def as_record(kind: type[Record], document: Any) -> Record:
    """Make a record of a document; members that it does not know are ignored.

    :raises NotARecord: if they do not fit
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise NotARecord(str(error)) from None


def read(kind: type[Record], body: bytes, what: str) -> Record:
    """Read a record.

    :param what: what the bytes are, for the error
    :raises NotJSON: as `loads`
    :raises NotARecord: as `as_record`
    """
    return as_record(kind, loads(body, what))


def document(record: Any, *, without_none: bool = False) -> Any:
    """Give a record as plain JSON, with those of its fields too that are left out when it is written.

    :param without_none: leave out its fields that are None
    """
    match record:
        case msgspec.Struct():
            fields = zip(record.__struct_encode_fields__, record.__struct_fields__, strict=True)
            found = ((name, getattr(record, field)) for name, field in fields)
            kept = {name: value for name, value in found if value is not None or not without_none}
            return {name: document(value, without_none=without_none) for name, value in kept.items()}
        case dict():
            return {key: document(value, without_none=without_none) for key, value in record.items()}
        case list() | tuple():
            return [document(value, without_none=without_none) for value in record]
        case _:
            return msgspec.to_builtins(record)
