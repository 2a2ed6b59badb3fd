from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps import Workflow
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.identity import check_workflow_id, child_workflow_id, new_run_id, workflow_id_of


class Daily(Workflow):
    name = "daily"


class Named(Workflow):
    @classmethod
    def get_workflow_id(cls, day, **options):
        return f"named-{day}"


@pytest.mark.parametrize("workflow_id", ["a", "daily-2026-11-20", "a b", "a.b", "日本", "é" * 127, "..."])
def test_an_ordinary_id_is_given_back(workflow_id):
    assert check_workflow_id(workflow_id) == workflow_id


@pytest.mark.parametrize(
    ("workflow_id", "cure"),
    [
        ("", "a text that is not empty"),
        ("  ", "a text that is not empty"),
        (None, "a text that is not empty"),
        (3, "a text that is not empty"),
        (" a", "no white space at its ends"),
        (".", "not '.' or '..'"),
        ("..", "not '.' or '..'"),
        ("a/b", "no slash"),
        ("a\nb", "no control character"),
        ("a\x00", "no control character"),
        ("a\ud800", "no control character"),
        ("é" * 128, "longer than 255 bytes"),
    ],
)
def test_a_bad_id_is_refused_with_its_value_and_the_cure(workflow_id, cure):
    with pytest.raises(InvalidInput, match="workflow_id=") as caught:
        check_workflow_id(workflow_id)

    assert cure in str(caught.value)
    assert repr(workflow_id)[:20] in str(caught.value)


@given(st.lists(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), min_size=2, unique=True))
def test_run_ids_sort_by_time(times):
    in_order = [new_run_id(at.replace(tzinfo=UTC)) for at in sorted(times)]

    assert in_order == sorted(in_order)


def test_runs_of_the_same_microsecond_have_different_ids():
    now = datetime(2026, 11, 20, tzinfo=UTC)

    assert len({new_run_id(now) for _ in range(100)}) == 100
    assert new_run_id(now) < new_run_id(now + timedelta(microseconds=1))


def test_an_execution_is_named_by_workflow_and_input():
    first = workflow_id_of(Daily, (1,), {"day": "x"})

    assert first.startswith("daily-")
    assert first == workflow_id_of(Daily, (1,), {"day": "x"})
    assert first != workflow_id_of(Daily, (2,), {"day": "x"})


def test_a_workflow_names_its_executions():
    assert workflow_id_of(Named, ("x",), {}) == "named-x"


@pytest.mark.parametrize("name", ["a/b", "", 3])
def test_what_a_workflow_names_itself_is_checked(name):
    wrong = type("Wrong", (Workflow,), {"get_workflow_id": classmethod(lambda cls: name)})

    with pytest.raises(InvalidInput, match="workflow_id="):
        workflow_id_of(wrong, (), {})


def test_input_that_is_no_json_has_no_digest():
    with pytest.raises(InvalidInput, match=r"pass workflow_id=\.\.\."):
        workflow_id_of(Daily, (object(),), {})


def test_a_child_is_named_by_parent_name_input_and_number():
    before = Counter()
    first, second, other = (child_workflow_id("p", Daily, (n,), {}, before) for n in (1, 1, 2))

    assert first.startswith("p.daily-")
    assert second == f"{first}-2"
    assert other not in (first, second)
    assert not other.endswith("-2")
    assert child_workflow_id("p", Daily, (2,), {}, Counter()) == other


def test_a_child_that_names_itself_is_not_numbered():
    before = Counter()

    assert [child_workflow_id("p", Named, ("x",), {}, before) for _ in range(2)] == ["named-x", "named-x"]
