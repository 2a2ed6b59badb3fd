import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps.step import utils as ours

theirs = pytest.importorskip("simpleflow.step.utils")

TEXTS = st.text(alphabet="ab.*", max_size=6)
LISTS = st.lists(TEXTS, max_size=4) | st.sets(TEXTS, max_size=4) | TEXTS | st.lists(TEXTS, max_size=3).map(tuple)
FORCE = st.sampled_from([True, False, None, 0, 1])
REASONS = st.dictionaries(TEXTS, st.lists(TEXTS, max_size=3) | st.sets(TEXTS, max_size=3) | TEXTS, max_size=4)


@pytest.mark.parametrize("question", ["should_force_step", "should_skip_step", "step_is_skipped_by_force"])
@given(name=TEXTS, names=LISTS)
def test_a_question_about_one_list_has_simpleflows_answer(question, name, names):
    assert getattr(ours, question)(name, names) is getattr(theirs, question)(name, names)


@given(TEXTS, LISTS, LISTS, LISTS, FORCE)
def test_a_step_runs_when_simpleflow_runs_it(name, forced, skipped, done, force):
    assert ours.step_will_run(name, forced, skipped, done, force) is theirs.step_will_run(
        name, forced, skipped, done, force
    )
    assert ours.step_will_run(name, forced, skipped, done) is theirs.step_will_run(name, forced, skipped, done)


@given(TEXTS, LISTS, FORCE)
def test_a_step_is_forced_when_simpleflow_forces_it(name, forced, force):
    assert ours.step_is_forced(name, forced, force) is theirs.step_is_forced(name, forced, force)


@pytest.mark.parametrize("question", ["get_step_force_reasons", "get_step_skip_reasons"])
@given(name=TEXTS, reasons=REASONS)
def test_reasons_are_simpleflows_in_its_order(question, name, reasons):
    assert getattr(ours, question)(name, reasons) == getattr(theirs, question)(name, reasons)


def test_arguments_may_be_named_as_in_simpleflow():
    assert ours.step_will_run(step_name="a", force_steps=[], skipped_steps=[], steps_done=["a"], force=False) is False
    assert ours.step_is_forced(step_name="a", force_steps=["a"], force=False) is True
    assert ours.get_step_force_reasons(step_name="a", step_force_reasons={"*": ["x"], "a": {"x"}}) == ["x", "x"]
    assert ours.get_step_skip_reasons(step_name="a", step_skip_reasons={"b": ["x"]}) == []
