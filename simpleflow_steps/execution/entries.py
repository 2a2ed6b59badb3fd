"""A run's record, written piece by piece.

A run of 100,000 steps holds an entry for each; its record is never held as anything but its own bytes.
"""

from __future__ import annotations

from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from simpleflow_steps import codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from simpleflow_steps.execution.record import RunRecord, StepRecord

    Items = Iterable[tuple[str, Any]]

AT_ONCE = 200  # steps that are written together


def write_run(head: RunRecord, steps: Mapping[str, StepRecord], markers: Iterable[dict[str, Any]]) -> bytes:
    """Write a run's record as JSON; of steps, children and asked names only what is not as usual.

    :param head: the record without its steps and log markers
    """
    written = BytesIO()
    written.write(codec.written(head).removesuffix(b"\n}"))
    _write_object(written, "steps", ((name, _timed(step)) for name, step in steps.items()))
    _write_list(written, "markers", markers)
    written.write(b"\n}")
    return written.getvalue()


def _write_object(written: BytesIO, name: str, items: Items) -> None:
    _write_part(written, name, b"{}", (codec.written(dict(part))[1:-2] for part in _parts(items)))


def _write_list(written: BytesIO, name: str, items: Iterable[Any]) -> None:
    _write_part(written, name, b"[]", (codec.written(part)[1:-2] for part in _parts(items)))


def _write_part(written: BytesIO, name: str, brackets: bytes, parts: Iterator[bytes]) -> None:
    """Write a member of the outermost object; its parts are indented one level less than they must be."""
    opening, closing = brackets[:1], brackets[1:]
    written.write(b",\n  " + codec.written(name) + b": " + opening)
    empty = True
    for part in parts:
        written.write((b"" if empty else b",") + part.replace(b"\n", b"\n  "))
        empty = False
    written.write(closing if empty else b"\n  " + closing)


def _parts(items: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(items)
    while part := list(islice(left, AT_ONCE)):
        yield part


def _timed(step: StepRecord) -> StepRecord:
    """Say how long a step took, which it does not keep."""
    if step.started is None or step.finished is None:
        return step
    return replace(step, seconds=(step.finished - step.started).total_seconds())
