from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from simpleflow_steps.codec import NotARecord, NotJSON, always, as_record, document, read, written

NOW = datetime(2026, 11, 20, 8, 15, 2, 413866, tzinfo=UTC)


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    at: datetime
    why: str | None = None


class Whole(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    names: tuple[str, ...] = always(tuple)
    counts: dict[str, int] = always(dict)
    done: bool = always(bool)
    from_: str | None = msgspec.field(name="from", default=None)
    parts: dict[str, Part] = msgspec.field(default_factory=dict)
    anything: Any = None


def test_what_is_always_written_is_written_though_it_is_as_usual():
    assert msgspec.json.decode(written(Whole())) == {"names": [], "counts": {}, "done": False}
    assert Whole().counts is not Whole().counts


def test_a_record_reads_back_as_it_was_written():
    whole = Whole(names=("a",), from_="b", parts={"p": Part(NOW)}, anything=[{"x": None}])

    assert read(Whole, written(whole), "whole") == whole


def test_a_document_has_every_field():
    whole = Whole(parts={"p": Part(NOW)}, anything={"x": None})
    part = {"at": "2026-11-20T08:15:02.413866Z"}

    rest = {"names": [], "counts": {}, "done": False, "anything": {"x": None}}
    assert document(whole) == {**rest, "from": None, "parts": {"p": {**part, "why": None}}}
    assert document(whole, without_none=True) == {**rest, "parts": {"p": part}}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[]", "Expected `object`, got `array`"),
        (b'{"names": "a"}', r"Expected `array`, got `str` - at `\$.names`"),
        (b'{"done": 1}', "Expected `bool`, got `int`"),
        (b'{"parts": {"p": {}}}', "missing required field `at`"),
        (b'{"parts": {"p": {"at": "soon"}}}', "Invalid RFC3339 encoded datetime"),
    ],
)
def test_what_does_not_fit_is_named(body: bytes, why: str):
    with pytest.raises(NotARecord, match=why):
        read(Whole, body, "whole")


def test_what_is_no_json_is_no_record():
    with pytest.raises(NotJSON, match="the key 'done' is there twice"):
        read(Whole, b'{"done": true, "done": false}', "whole")


def test_what_a_record_does_not_know_is_ignored():
    assert as_record(Whole, {"later": 1}) == Whole()
