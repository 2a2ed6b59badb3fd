import collections
import enum
import json
import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps.codec import Encoded, NotJSON, dumps, flaw, loads, written

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=12,
)


class Colour(str, enum.Enum):  # noqa: UP042  the older kind
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 1


class Text(str):
    __slots__ = ()


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@given(PLAIN)
def test_a_plain_document_reads_back_as_written(document):
    assert flaw(document) is None
    assert repr(loads(dumps(document), "it")) == repr(document)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([0, 1, 2, {"when": date(2026, 1, 1)}], "$[3].when: date"),
        ({"a b": {"c": (1, 2)}}, "$['a b'].c: tuple"),
        (Colour.RED, "$: Colour"),
        ([Level.HIGH], "$[0]: Level"),
        (Text("a"), "$: Text"),
        ({1: "a"}, "$: dict with the int key 1"),
        ({Text("a"): 1}, "$: dict with the Text key 'a'"),
        (collections.OrderedDict(), "$: OrderedDict"),
        ({"x": math.nan}, "$.x: the float nan"),
        ([-math.inf], "$[0]: the float -inf"),
        (["a\ud800"], "$[0]: str with a lone surrogate"),
        ({"\udc00": 1}, "$['\\udc00']: str with a lone surrogate"),
        pytest.param(10**5000, "$: int of too many digits", id="huge"),
        ({1, 2}, "$: set"),
        (b"a", "$: bytes"),
        (object(), "$: object"),
    ],
)
def test_what_is_not_plain_is_found_and_refused(value, said):
    assert flaw(value) == said
    with pytest.raises(NotJSON) as caught:
        dumps(value)
    assert str(caught.value) == f"not plain JSON: {said}"


def test_a_record_with_a_text_that_cannot_be_written_is_refused_as_other_documents_are():
    with pytest.raises(NotJSON, match="the str 'me\\\\udcff' with a lone surrogate"):
        written(Encoded("me\udcff"))


def test_nesting_is_bounded():
    assert flaw(nested(200)) is None
    assert loads(dumps(nested(200)), "it") == nested(200)
    assert flaw(nested(201)) == "$" + "[0]" * 200 + ": nested too deeply, or in itself"
    assert flaw(nested(3), max_depth=2) is not None


def test_a_value_in_itself_is_found():
    value = []
    value.extend([value, value])

    assert "nested too deeply, or in itself" in flaw(value)


def test_a_document_is_written_for_people():
    assert dumps({"née": [1]}) == '{\n  "née": [\n    1\n  ]\n}'.encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is not JSON: Expecting value"),
        (b'{"a": }', "is not JSON: Expecting value"),
        (b"[1] 2", "is not JSON: Extra data"),
        (b"NaN", "NaN is no JSON number"),
        (b"[-Infinity]", "-Infinity is no JSON number"),
        (b"[1e999]", "is not plain JSON: $[0]: the float inf"),
        (b'{"a": 1, "a": 2}', "the key 'a' is there twice"),
        (b'"\xff"', "can't decode byte 0xff"),
        (b"\xef\xbb\xbf1", "BOM"),
        ('"a"'.encode("utf-16"), "can't decode"),
        (b'"\\ud800"', "is not plain JSON: $: str with a lone surrogate"),
        (b"[" * 100_000, "nested deeper than 200 levels"),
        (json.dumps(nested(250)).encode(), "nested too deeply"),
        (b"1" * 5000, "is not JSON"),
    ],
)
def test_what_is_not_strict_json_is_refused_in_one_line(body, said):
    with pytest.raises(NotJSON) as caught:
        loads(body, "marker load.clean")

    assert str(caught.value).startswith("marker load.clean is n")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
