# No `from __future__ import annotations` here: annotations are values in this file, and text where they are quoted.
import asyncio
import dataclasses
import enum
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field
from typing_extensions import TypedDict

from simpleflow_steps.codec import (
    Encoded,
    NotReadable,
    NotStorable,
    UnknownTarget,
    decode_result,
    difference,
    dumps,
    encode_list,
    encode_result,
    loads,
    reference,
)

if TYPE_CHECKING:
    pass

UID = UUID(int=7)
NOW = datetime(2026, 11, 20, 10, 30, 0, 123456, tzinfo=UTC)


class Colour(str, enum.Enum):  # noqa: UP042  the older kind
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 1


@dataclasses.dataclass
class Row:
    day: date
    ratio: float = 0.0
    raw: bytes = b""
    inner: "Row | None" = None


@dataclasses.dataclass
class WideRow(Row):
    wide: bool = True


class Model(BaseModel):
    when: datetime
    ratio: float = 0.0
    colours: set[Colour] = set()


class Aliased(BaseModel):
    day: date = Field(alias="theDay")


class OnlyWritten(BaseModel):
    day: date = Field(serialization_alias="theDay")


class Forgetful(BaseModel):
    day: date
    secret: int = Field(default=0, exclude=True)


class Point(NamedTuple):
    x: int
    at: date


class Movie(TypedDict):
    title: str
    seen: date


class Array:
    """Compares element by element, as numpy's arrays do."""

    def __eq__(self, other):
        return [True]

    __hash__ = None


class Bomb:
    def __init__(self, value):
        raise RuntimeError("boom")


@dataclasses.dataclass(eq=False)
class Activity:
    callable: Any
    name: str = "work"


def returns(hint):
    """Declare an activity at module level, under a name of its own, that returns `hint`."""

    def work():
        raise NotImplementedError

    work.__annotations__["return"] = hint
    work.__qualname__ = f"work_{len(globals())}"
    return globals().setdefault(work.__qualname__, Activity(work))


def there_and_back(value, target):
    encoded = encode_result(value, target)
    stored = loads(dumps({"value": encoded.value, "shape": encoded.shape}), "it")
    return decode_result(stored["value"], stored["shape"])


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (date, date(2026, 11, 20)),
        (datetime, NOW),
        (time, time(10, 30)),
        (timedelta, timedelta(days=2, microseconds=3)),
        (Decimal, Decimal("1.10")),
        (UUID, UID),
        (Path, Path("/a/b")),
        (Colour, Colour.RED),
        (Level, Level.HIGH),
        (Literal[Colour.RED], Colour.RED),
        (bytes, b"\xff\x00\xfb\xef"),
        (set[int], {1, 2}),
        (frozenset[date], frozenset({date(2026, 1, 1)})),
        (tuple[int, str], (1, "a")),
        (tuple[date, ...], (date(2026, 1, 1), date(2026, 1, 2))),
        (dict[int, date], {1: date(2026, 1, 1)}),
        (dict[date, list[UUID]], {date(2026, 1, 1): [UID]}),
        (date | None, date(2026, 1, 1)),
        (date | int, date(2026, 1, 1)),
        (Row | Model, Model(when=NOW)),
        (Row, Row(date(2026, 1, 1), math.inf, b"\xff", Row(date(2026, 1, 2)))),
        (Model, Model(when=NOW, ratio=math.nan, colours={Colour.RED})),
        (list[Model], [Model(when=NOW)]),
        (Aliased, Aliased(theDay=date(2026, 1, 1))),
        (OnlyWritten, OnlyWritten(day=date(2026, 1, 1))),
        (Forgetful, Forgetful(day=date(2026, 1, 1))),
        (Point, Point(1, date(2026, 1, 1))),
        (Movie, {"title": "a", "seen": date(2026, 1, 1)}),
        (list[Movie], [{"title": "a", "seen": date(2026, 1, 1)}]),
        (Annotated[date, AfterValidator(lambda day: day)], date(2026, 1, 1)),
        (float, -math.inf),
        (list[float], [math.nan, 1.5]),
        ("Row", Row(date(2026, 1, 1))),
        ("list[Point] | None", [Point(1, date(2026, 1, 1))]),
    ],
)
def test_an_annotated_result_comes_back_as_it_was(hint, value):
    back = there_and_back(value, returns(hint))

    assert difference(back, value) is None


@given(
    st.lists(
        st.builds(
            Row,
            st.dates(),
            st.floats(allow_nan=False),
            st.binary(),
            st.none() | st.builds(Row, st.dates(), st.floats(allow_nan=False)),
        ),
        min_size=1,
    )
)
def test_any_annotated_dataclasses_come_back_as_they_were(rows):
    assert there_and_back(rows, ROWS) == rows


ROWS = returns(list[Row])


@pytest.mark.parametrize("value", [None, 1, "a", [1, {"a": 1.5}], {}])
@pytest.mark.parametrize("hint", [Row, Any, "Unknown", int])
def test_plain_json_is_stored_as_it_is_whatever_the_annotation(value, hint):
    encoded = encode_result(value, returns(hint))

    assert encoded == Encoded(value, None)
    assert encoded.value is value


@pytest.mark.parametrize("target", [None, "a timer"])
def test_without_a_target_only_plain_json_is_stored(target):
    assert encode_result([1], target) == Encoded([1], None)
    with pytest.raises(NotStorable, match=r"^\$\[0\]: date: only plain JSON can be stored here$"):
        encode_result([date(2026, 1, 1)], target)


@pytest.mark.parametrize(
    ("hint", "value", "said"),
    [
        (dict, {"when": NOW}, "$.when: datetime reads back as str; annotate the return type more closely"),
        (Any, [1, NOW], "$[1]: datetime reads back as str; annotate"),
        (Any, Colour.RED, "$: Colour reads back as str; annotate"),
        (str | datetime, NOW, "$: datetime reads back as str; annotate"),
        (list, (1, 2), "$: tuple reads back as list; annotate"),
        (Sequence[int], (1, 2), "$: tuple reads back as list; annotate"),
        (Row, WideRow(date(2026, 1, 1)), "$: WideRow reads back as Row; annotate"),
        (Forgetful, Forgetful(day=date(2026, 1, 1), secret=3), "$.secret: int reads back otherwise; annotate"),
        (Any, Array(), "$: Array; annotate the return type more closely"),
        (dict[str, Any], {"x": object()}, "$.x: object; annotate the return type more closely"),
        (Array, Array(), "Array has no JSON form that can be read back"),
        (int, math.nan, "$: the float nan; annotate the return type more closely"),
        (Iterator[int], iter([1]), "$: list_iterator; return a list instead"),
        ("Fraction", NOW, "the annotation 'Fraction' cannot be evaluated (name 'Fraction' is not defined): import"),
        (
            Annotated[Any, AfterValidator(Bomb)],
            NOW,
            "$: datetime; annotate the return type more closely",
        ),
    ],
)
def test_what_would_read_back_otherwise_is_not_stored(hint, value, said):
    with pytest.raises(NotStorable) as caught:
        encode_result(value, returns(hint))

    assert said in str(caught.value)
    assert str(caught.value).startswith("the result of activity work cannot be stored: $")


def test_without_an_annotation_the_error_asks_for_one():
    target = returns(Any)
    del target.callable.__annotations__["return"]

    with pytest.raises(NotStorable) as caught:
        encode_result([Colour.RED], target)

    assert str(caught.value) == ("the result of activity work cannot be stored: $[0]: Colour; annotate the return type")


def test_an_iterator_is_refused_without_being_used_up():
    value = iter([1, 2])

    with pytest.raises(NotStorable):
        encode_result(value, returns(Iterator[int]))

    assert list(value) == [1, 2]


def test_a_local_function_cannot_store_a_typed_result():
    def local() -> date:
        raise NotImplementedError

    assert encode_result(1, Activity(local)) == Encoded(1, None)
    with pytest.raises(NotStorable, match="define local at module level"):
        encode_result(date(2026, 1, 1), Activity(local))


def plain() -> date:
    raise NotImplementedError


def test_a_target_that_would_not_be_found_again_cannot_store_a_typed_result():
    with pytest.raises(NotStorable, match="bind it at module level as plain"):
        encode_result(date(2026, 1, 1), Activity(plain))


async def _fetch() -> tuple[int, date]:
    await asyncio.sleep(0)
    return 1, date(2026, 1, 1)


class _Load:
    def __init__(self, day: date) -> None:
        self.day = day

    def execute(self) -> set[date]:
        return {self.day}


class Daily:
    name = "daily"

    def run(self) -> Decimal:
        return Decimal("1.5")


_fetch.__qualname__ = "fetch"
_Load.__qualname__ = "Load"
fetch = Activity(_fetch)
Load = Activity(_Load)


@pytest.mark.parametrize(
    ("target", "value"),
    [(fetch, (1, date(2026, 1, 1))), (Load, {date(2026, 1, 1)}), (Daily, Decimal("1.5"))],
)
def test_async_functions_classes_and_workflows_are_typed_too(target, value):
    encoded = encode_result(value, target)

    assert encoded.shape == reference(target)
    assert there_and_back(value, target) == value


def test_a_workflow_is_named_in_its_error():
    with pytest.raises(NotStorable, match="the result of workflow daily cannot be stored"):
        encode_result(object(), Daily)


DATE = returns(date)
NUMBER = returns(int)


def test_lists_keep_the_shape_of_each_item():
    day = encode_result(date(2026, 1, 1), DATE)
    number = encode_result(1, NUMBER)
    name = reference(DATE)

    assert encode_list([]) == Encoded([], None)
    assert encode_list([number, number]) == Encoded([1, 1], None)
    assert encode_list([day, day]) == Encoded(["2026-01-01"] * 2, {"each": name})
    assert encode_list([day, number]) == Encoded(["2026-01-01", 1], [name, None])
    assert encode_list([number, encode_list([day, number]), encode_list([day])]).shape == [
        None,
        [name, None],
        {"each": name},
    ]


TREES = st.recursive(st.integers() | st.dates(), lambda inner: st.lists(inner, max_size=4), max_leaves=10)


def encode_tree(tree):
    if isinstance(tree, list):
        return encode_list([encode_tree(item) for item in tree])
    return encode_result(tree, DATE)


@given(TREES)
def test_any_tree_of_results_comes_back_as_it_was(tree):
    encoded = encode_tree(tree)

    assert decode_result(loads(dumps(encoded.value), "it"), encoded.shape) == tree


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (["2026-01-01"], [None, None]),
        ("2026-01-01", [None]),
        ("2026-01-01", {"each": None}),
        ([1], {"all": None}),
        ([1], 3),
    ],
)
def test_a_value_that_does_not_have_its_shape_is_refused(value, shape):
    with pytest.raises(NotReadable, match="shape"):
        decode_result(value, shape)


def test_a_value_that_no_longer_fits_is_refused_in_one_line():
    with pytest.raises(NotReadable) as caught:
        decode_result([{"title": "a"}], reference(returns(list[Movie])))

    assert str(caught.value) == (
        "the stored result of activity work does not fit its annotation: $[0].seen: Field required"
    )


def test_a_target_that_lost_its_annotation_is_refused():
    target = returns(Any)
    del target.callable.__annotations__["return"]

    with pytest.raises(NotReadable, match="annotate the return type"):
        decode_result("2026-01-01", reference(target))


def test_a_target_that_is_gone_is_refused():
    with pytest.raises(UnknownTarget, match="gone"):
        decode_result("2026-01-01", f"{__name__}:gone")


def test_a_result_leaves_room_for_the_document_around_it():
    value = []
    for _ in range(149):
        value = [value]

    assert dumps({"result": {"value": [encode_result(value).value]}})
    with pytest.raises(NotStorable, match="nested too deeply"):
        encode_result([value])
