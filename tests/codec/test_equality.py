import collections
import dataclasses
import enum
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, PrivateAttr

from simpleflow_steps.codec import difference, same

HASHABLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.sets(HASHABLE)
        | st.frozensets(HASHABLE)
        | st.dictionaries(HASHABLE, inner)
    ),
    max_leaves=12,
)


@dataclasses.dataclass
class Row:
    day: Any
    note: Any = dataclasses.field(default=None, compare=False)


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")
    day: Any
    _secret: Any = PrivateAttr(default=None)

    def hide(self, secret):
        self._secret = secret
        return self


class Level(enum.IntEnum):
    HIGH = 1


class Vague:
    def __eq__(self, other):
        return [True]

    __hash__ = None


def rebuilt(value):
    """Copy a value so that no part but atoms is the same object, and every NaN is another."""
    match value:
        case float():
            return float(repr(value))
        case list() | tuple() | set() | frozenset():
            return type(value)(rebuilt(item) for item in value)
        case dict():
            return {rebuilt(key): rebuilt(item) for key, item in value.items()}
        case _:
            return value


@given(VALUES)
def test_a_value_is_the_same_as_its_copy(value):
    assert same(value, rebuilt(value))


LOOKALIKES = st.recursive(
    st.sampled_from([0, 0.0, False, "0", b"0", None]),
    lambda inner: st.lists(inner, max_size=2) | st.lists(inner, max_size=2).map(tuple),
    max_leaves=3,
)


@given(LOOKALIKES, LOOKALIKES)
def test_two_values_are_the_same_just_when_they_are_written_the_same(a, b):
    assert same(a, b) is (repr(a) == repr(b))


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (1, 1.0, "$: int reads back as float"),
        (1, True, "$: int reads back as bool"),
        (1, Level.HIGH, "$: int reads back as Level"),
        ((1,), [1], "$: tuple reads back as list"),
        ({1}, frozenset({1}), "$: set reads back as frozenset"),
        ({1}, {True}, "$: int reads back as bool"),
        ({1: "a"}, {1.0: "a"}, "$: int reads back as float"),
        ({"a": [0, {"b": 1}]}, {"a": [0, {"b": 2}]}, "$.a[1].b: int reads back otherwise"),
        ([1, 2], [1], "$: list reads back with other members"),
        ({"a": 1}, {"b": 1}, "$: dict reads back with other members"),
        (math.nan, 1.0, "$: float reads back otherwise"),
        (collections.deque([1]), collections.deque([2]), "$[0]: int reads back otherwise"),
        (Row(1, note=1), Row(1, note=2), "$.note: int reads back otherwise"),
        (Row((1,)), Row([1]), "$.day: tuple reads back as list"),
        (Model(day=1), Model(day=True), "$.day: int reads back as bool"),
        (Model(day=1, more=1), Model(day=1, more=2), "$.extra.more: int reads back otherwise"),
        (Model(day=1).hide(1), Model(day=1).hide(2), "$.private._secret: int reads back otherwise"),
        (object(), object(), "$: object reads back otherwise"),
        (Vague(), Vague(), "$: Vague reads back otherwise"),
    ],
)
def test_the_first_difference_is_named(a, b, said):
    assert difference(a, b) == said
    assert not same(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (math.nan, float("nan")),
        ([{"x": (math.nan,)}], [{"x": (float("nan"),)}]),
        ({math.nan}, {float("nan")}),
        (Row(math.nan), Row(float("nan"))),
        (Model(day={1}), Model(day={1})),
        (collections.deque([1]), collections.deque([1])),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_what_is_equal_in_types_and_values_is_the_same(a, b):
    assert difference(a, b) is None
    assert same(a, b)
