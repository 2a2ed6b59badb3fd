import dataclasses
import enum
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from simpleflow_steps.codec import (
    NotStorable,
    check_arguments,
    check_fit,
    decode_arguments,
    digest,
    dumps,
    encode_arguments,
    loads,
    parse_arguments,
)
from simpleflow_steps.exceptions import InvalidInput

if TYPE_CHECKING:
    from fractions import Fraction


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Row:
    day: date
    tags: set[str] = dataclasses.field(default_factory=set)


class Model(BaseModel):
    tags: set[str]


class Daily:
    name = "daily"

    def run(self, day: date, *more: "Row", n: int = 1, bare=None, **options: Decimal): ...


@dataclasses.dataclass(eq=False)
class Activity:
    callable: Any
    name: str = "work"


class Load:
    def __init__(self, day: date, note: object = None) -> None:
        self.day = day

    def execute(self): ...


@dataclasses.dataclass
class LoadRow:
    day: "date"

    def execute(self): ...


def takes(hint):
    def work(value): ...

    work.__annotations__["value"] = hint
    return Activity(work)


def test_arguments_that_fit_are_bound_in_one_normal_form():
    bound = check_arguments(Daily, [], {"day": 1, "n": 2})

    assert (bound.args, bound.kwargs) == ((1,), {"n": 2})


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ([], {}, "missing a required argument: 'day'"),
        ([1, 2, 3], {}, "too many positional arguments"),
        ([1], {"day": 2}, "multiple values for argument 'day'"),
        ([1], {"dya": 2}, "got an unexpected keyword argument 'dya'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_with_the_signature(args, kwargs, said):
    with pytest.raises(InvalidInput) as caught:
        check_arguments(Activity(Load), args, kwargs)

    assert str(caught.value) == (f"activity work: {said}; it takes (day: datetime.date, note: object = None)")


SHAPES = [
    lambda: 0,
    lambda a: 0,
    lambda a, /, b=1: 0,
    lambda a=1, *more: 0,
    lambda a, *, n: 0,
    lambda a, *, n=1: 0,
    lambda **options: 0,
    lambda *more, **options: 0,
    Load,
    LoadRow,
    len,
    [].append,
]


@pytest.mark.parametrize("function", SHAPES)
@pytest.mark.parametrize("kwargs", [{}, {"n": 1}, {"a": 1}])
def test_what_fits_is_what_can_be_bound(function, kwargs):
    def refusal(check, args):
        try:
            check(Activity(function), args, kwargs)
        except InvalidInput as error:
            return str(error)
        return None

    for number in range(4):
        args = [1] * number
        assert refusal(check_fit, args) == refusal(check_arguments, args)


def test_the_workflow_is_named_without_its_self():
    with pytest.raises(InvalidInput, match=r"^workflow daily: missing .*; it takes \(day: "):
        check_arguments(Daily, [], {})


def test_arguments_are_decoded_by_their_annotations():
    args, kwargs = decode_arguments(
        Daily, ["2026-01-02", {"day": "2026-01-03"}], {"n": 3, "bare": "2026-01-04", "rate": "1.50"}
    )

    assert args == (date(2026, 1, 2), Row(date(2026, 1, 3)))
    assert kwargs == {"n": 3, "bare": "2026-01-04", "rate": Decimal("1.50")}
    assert type(kwargs["rate"]) is Decimal


@pytest.mark.parametrize("target", [Activity(Load), Activity(LoadRow)])
def test_a_class_takes_its_arguments_in_its_constructor(target):
    assert decode_arguments(target, [], {"day": "2026-01-02"}) == ((date(2026, 1, 2),), {})


def test_an_argument_that_does_not_decode_is_named_with_its_value():
    with pytest.raises(InvalidInput) as caught:
        decode_arguments(Daily, ["2026-01-01", {"day": "soon"}], {})

    assert "workflow daily: argument more={'day': 'soon'}: $.day: Input should be a valid date" in str(caught.value)


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ("Fraction", "import what it names outside `if TYPE_CHECKING`"),
        (type("Array", (), {}), "Array has no JSON form that can be read back"),
    ],
)
def test_an_unusable_annotation_is_told(hint, said):
    with pytest.raises(InvalidInput, match=said):
        decode_arguments(takes(hint), [1], {})
    with pytest.raises(InvalidInput, match=said):
        parse_arguments(takes(hint), ["1"])


def test_the_annotation_of_an_argument_that_is_not_given_does_not_matter():
    def work(day: date, other: "Fraction | None" = None): ...

    assert decode_arguments(Activity(work), ["2026-01-02"], {}) == ((date(2026, 1, 2),), {})


@pytest.mark.parametrize(
    ("hint", "text", "value"),
    [
        (str, "3", "3"),
        (str, '"a"', '"a"'),
        (str | None, "null", "null"),
        (int, "3", 3),
        (int | None, "null", None),
        (float, "nan", "nan"),
        (bool, "true", True),
        (bool, "no", False),
        (date, "2026-01-02", date(2026, 1, 2)),
        (datetime, "2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
        (Path, "a/b", Path("a/b")),
        (bytes, "abc", b"abc"),
        (Colour, "red", Colour.RED),
        (Literal["a", 1], "1", 1),
        (list[int], "[1, 2]", [1, 2]),
        (Sequence[str], '["a"]', ["a"]),
        (dict, '{"a": 1}', {"a": 1}),
        (Row, '{"day": "2026-01-02"}', Row(date(2026, 1, 2))),
        ("date", "2026-01-02", date(2026, 1, 2)),
        (Any, "[1]", [1]),
        (Any, "[1", "[1"),
        (Any, "2026-01-02", "2026-01-02"),
        (object, "3", 3),
    ],
)
def test_a_typed_text_is_read_by_its_annotation(hint, text, value):
    (parsed,) = parse_arguments(takes(hint), [text])

    assert type(parsed) is type(value) or hint is float
    assert repr(parsed) == repr(value) or str(parsed) == value


@given(st.text())
def test_text_for_a_str_is_never_changed(text):
    assert parse_arguments(takes(str), [text]) == (text,)


def test_text_without_an_annotation_is_json_if_it_parses():
    def work(first, *rest): ...

    assert parse_arguments(Activity(work), ["3", '{"a": null}', "NaN", "a b"]) == (3, {"a": None}, "NaN", "a b")


@pytest.mark.parametrize(
    ("hint", "text", "said"),
    [
        (int, "many", "argument value='many': Input should be a valid integer"),
        (list[int], "a", "argument value='a': Input should be a valid array"),
        (list[int], '["a"]', "Input should be a valid integer"),
    ],
)
def test_a_text_that_does_not_parse_is_named_with_the_signature(hint, text, said):
    with pytest.raises(InvalidInput) as caught:
        parse_arguments(takes(hint), [text])

    assert said in str(caught.value)
    assert "it takes (value: " in str(caught.value)


@pytest.mark.parametrize("texts", [[], ["1", "2"]])
def test_too_few_or_too_many_texts_are_refused_with_the_signature(texts):
    with pytest.raises(InvalidInput, match=r"it takes \(value: int\)"):
        parse_arguments(takes(int), texts)


def test_arguments_are_written_as_plain_json():
    encoded = encode_arguments(
        [date(2026, 1, 2), Row(date(2026, 1, 3), {"b", "a"}), (1, b"\xff", float("inf"))],
        {"model": Model(tags={"z", "y"}), "by_day": {date(2026, 1, 2): Colour.RED, 3: Path("a")}},
    )

    assert encoded == {
        "args": ["2026-01-02", {"day": "2026-01-03", "tags": ["a", "b"]}, [1, "_w==", "Infinity"]],
        "kwargs": {"model": {"tags": ["y", "z"]}, "by_day": {"2026-01-02": "red", "3": "a"}},
    }
    assert loads(dumps(encoded), "it") == encoded


def test_written_arguments_decode_to_what_they_were():
    args, kwargs = (date(2026, 1, 2), Row(date(2026, 1, 3), {"a"})), {"n": 2, "rate": Decimal("1.5")}
    encoded = encode_arguments(args, kwargs)

    assert decode_arguments(Daily, encoded["args"], encoded["kwargs"]) == (args, kwargs)


def circle():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ([1, object()], {}, "argument 2: object has no JSON form"),
        ([], {"day": {"a": [object()]}}, "argument day: object has no JSON form"),
        ([iter([1])], {}, "argument 1: list_iterator would be used up"),
        (["\ud800"], {}, "argument 1: $: str with a lone surrogate has no JSON form"),
        ([circle()], {}, "argument 1 is nested too deeply, or in itself"),
        ([print], {}, "argument 1: builtin_function_or_method has no JSON form"),
    ],
)
def test_arguments_without_a_json_form_are_named(args, kwargs, said):
    with pytest.raises(NotStorable) as caught:
        encode_arguments(args, kwargs)
    assert said in str(caught.value)

    with pytest.raises(InvalidInput) as refused:
        digest(args, kwargs)
    assert str(refused.value).endswith("; pass workflow_id=...")
    assert said in str(refused.value)


def test_a_digest_is_twelve_digits_that_stay_the_same_for_ever():
    assert digest(["2026-11-20"], {"n": 1}) == "245344fc5d96"


def test_a_digest_follows_the_values_and_not_the_order_of_names():
    assert digest([], {"a": 1, "b": 2}) == digest([], {"b": 2, "a": 1})
    assert len({digest([1], {}), digest(["1"], {}), digest([[1]], {}), digest([], {"a": 1}), digest([], {})}) == 5


def test_a_digest_of_sets_is_the_same_in_every_process(python):
    code = "from simpleflow_steps.codec import digest; print(digest([{'a', 'b', 'c', 'd', 'e'}], {}))"

    printed = {python("-c", code, PYTHONHASHSEED=seed) for seed in "123"}

    assert printed == {digest([{"e", "d", "c", "b", "a"}], {}) + "\n"}
