"""What the SWF API reference says of decisions and events, as botocore's model of the API holds it."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator


@cache
def _model() -> ServiceModel:
    return botocore.session.Session().get_service_model("swf")


def check(value: Any, shape: str) -> None:
    """Fail unless a value has exactly the shape of this name, lengths included."""
    found = _model().shape_for(shape)
    report = ParamValidator().validate(value, found)
    assert not report.has_errors(), f"{shape}: {report.generate_report()}"
    _check_lengths(value, found, shape)


def _check_lengths(value: Any, shape: Shape, where: str) -> None:
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            _check_lengths(member, shape.members[name], f"{where}.{name}")
    elif isinstance(shape, ListShape):
        longest = shape.metadata.get("max")
        assert longest is None or len(value) <= longest, f"{where}: more than {longest}"
        for member in value:
            _check_lengths(member, shape.member, where)
    elif isinstance(value, str):
        longest = shape.metadata.get("max")
        assert longest is None or len(value) <= longest, f"{where}: {len(value)} characters, more than {longest}"
