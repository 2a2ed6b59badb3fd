"""The steps of a run while it goes on, kept small, and a run's record written piece by piece.

A run of 100,000 steps holds an entry for each; its record is never held as anything but its own bytes.
"""

from __future__ import annotations

from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from simpleflow_steps import codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from simpleflow_steps.execution.record import RetryRecord, RunRecord

    Items = Iterable[tuple[str, Any]]

AT_ONCE = 200  # steps that are written together


class StepEntry(Struct, gc=False):
    """One step, as `StepRecord` describes it."""

    state: str
    run: bool = True
    forced: bool = False
    reasons: tuple[str, ...] = ()
    within: str | None = None
    asked: bool = False
    dependents: tuple[str, ...] = ()
    instead: bool = False
    started: datetime | None = None
    finished: datetime | None = None
    plays: int = 1
    retries: int = 0
    retried: tuple[RetryRecord, ...] = ()
    error: str | None = None
    traceback: str | None = None


_USUAL = dict(zip(StepEntry.__struct_fields__[1:], StepEntry.__struct_defaults__, strict=True))


def write_run(head: RunRecord, steps: Mapping[str, StepEntry], markers: Iterable[dict[str, Any]]) -> bytes:
    """Write a run's record as JSON; of steps, children and asked names only what is not as usual.

    :param head: the record without its steps and log markers
    """
    plain = head.model_dump(mode="json", by_alias=True, exclude={"asked", "children", "steps", "markers"})
    plain |= head.model_dump(mode="json", include={"asked", "children"}, exclude_defaults=True)
    written = BytesIO()
    written.write(codec.written(plain).removesuffix(b"\n}"))
    _write_object(written, "steps", ((name, _unusual(step)) for name, step in steps.items()))
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


def _unusual(step: StepEntry) -> dict[str, Any]:
    found: dict[str, Any] = {"state": step.state}
    found |= {name: value for name, usual in _USUAL.items() if (value := getattr(step, name)) != usual}
    if step.started and step.finished:
        found["seconds"] = (step.finished - step.started).total_seconds()
    if step.retried:
        found["retried"] = [retry.model_dump(mode="json") for retry in step.retried]
    return found
