import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps.exceptions import InvalidInput, InvalidStepName
from simpleflow_steps.step.names import (
    ancestors,
    check_selector,
    check_selectors,
    check_step_name,
    covered_by_any,
    covering,
    covers,
    nearest,
)

SEGMENTS = st.text(alphabet="abé-_ 1", min_size=1, max_size=3)
NAMES = st.lists(SEGMENTS, min_size=1, max_size=4).map(".".join).filter(lambda name: name == name.strip())


@given(NAMES)
def test_an_ordinary_name_is_given_back(name):
    assert check_step_name(name) == name


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("", "is empty"),
        ("a..b", "nothing before, between or after its dots"),
        (".a", "nothing before"),
        ("a.", "nothing before"),
        (".", "nothing before"),
        ("a/b", "part names with dots"),
        ("a\nb", "control character"),
        ("a\x7f", "control character"),
        ("a\x85b", "control character"),
        ("a\u2028b", "line separator"),
        ("a\u2029b", "line separator"),
        ("a\ud800", "lone surrogate"),
        (" a", "white space"),
        ("a\u00a0", "white space"),
        ("*", "give the step a name of its own"),
        ("a.*", "write 'a' to cover everything under it"),
        ("*.a", "write 'a' to cover everything under it"),
        ("é" * 128, "takes 256 bytes: use at most 255"),
        (None, "is of type NoneType: pass a str"),
        (b"a", "is of type bytes: pass a str"),
        (3, "is of type int: pass a str"),
    ],
)
def test_a_bad_name_is_refused_with_its_value_and_the_cure(name, cure):
    with pytest.raises(InvalidStepName) as caught:
        check_step_name(name)

    assert cure in str(caught.value)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("name", ["é" * 127 + "a", "a*b", "a b", "load.2026-11-20", "a:b", "日本"])
def test_a_name_at_the_edge_is_accepted(name):
    assert check_step_name(name) == name


def test_the_wildcard_alone_is_a_selector_but_no_step_name():
    assert check_selector("*") == "*"
    with pytest.raises(InvalidStepName):
        check_selector("a.*")
    with pytest.raises(InvalidStepName):
        check_selector("a..b")


def test_selectors_keep_their_order_without_duplicates():
    assert check_selectors(iter(["b", "a", "b", "*"]), "force") == ("b", "a", "*")
    assert check_selectors([], "force") == ()


def test_selectors_of_a_set_are_sorted():
    assert check_selectors({"e", "d", "c", "b", "a"}, "force") == ("a", "b", "c", "d", "e")


@pytest.mark.parametrize("lone", ["a", b"a"])
def test_a_lone_text_is_no_list_of_selectors(lone):
    with pytest.raises(InvalidInput) as caught:
        check_selectors(lone, "force")

    assert str(caught.value) == f"force={lone!r}: pass a list of step names, such as [{lone!r}]"


@pytest.mark.parametrize("value", [None, 3, True])
def test_what_cannot_be_iterated_is_no_list_of_selectors(value):
    with pytest.raises(InvalidInput, match=f"skip={value}: pass a list of step names"):
        check_selectors(value, "skip")


def test_a_bad_selector_in_a_list_is_named():
    with pytest.raises(InvalidStepName, match="'b/c'"):
        check_selectors(["a", "b/c"], "force")


@pytest.mark.parametrize(
    ("selector", "name", "expected"),
    [
        ("a", "a", True),
        ("a", "a.b.c", True),
        ("a.b", "a.b.c", True),
        ("*", "a.b", True),
        ("a", "ab", False),
        ("a.b", "a", False),
        ("a.b", "a.bc", False),
        ("b", "a.b", False),
    ],
)
def test_a_name_covers_itself_and_what_is_under_it(selector, name, expected):
    assert covers(selector, name) is expected


def test_ancestors_go_from_the_name_up_to_the_wildcard():
    assert list(ancestors("a.b.c")) == ["a.b.c", "a.b", "a", "*"]


@given(NAMES, st.sets(NAMES | st.just("*"), max_size=6))
def test_the_walk_over_ancestors_finds_just_what_covers(name, selectors):
    expected = {selector for selector in selectors if covers(selector, name)}

    assert set(covering(name, selectors)) == expected
    assert covered_by_any(name, selectors) is bool(expected)


def test_covering_selectors_come_nearest_first():
    assert covering("a.b.c", {"*", "a", "a.b.c", "x"}) == ["a.b.c", "a", "*"]


def test_the_cost_of_a_question_grows_with_the_names_depth_not_with_the_selectors():
    asked = []

    class Selectors:
        def __contains__(self, selector):
            asked.append(selector)
            return False

    assert not covered_by_any("a.b", Selectors())
    assert covering("a.b", Selectors()) == []
    assert asked == ["a.b", "a", "*"] * 2


def test_the_nearest_names_are_found_whatever_their_case():
    known = ["load.clean", "load.fetch", "report"]

    assert nearest("repotr", known) == ["report"]
    assert nearest("REPORT", known) == ["report"]
    assert nearest("load.claen", known)[0] == "load.clean"
    assert nearest("zzz", known) == []


def test_the_nearest_names_include_those_above_the_known_steps():
    assert nearest("exract", ["extract.daily.europe"])[0] == "extract"


def test_no_more_names_are_found_than_asked_for():
    assert len(nearest("step1", [f"step{number}" for number in range(9)], count=2)) == 2
