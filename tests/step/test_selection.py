from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.step.selection import ALREADY_DONE, FORCED_BY_ITSELF, Decision, Selection, decide
from simpleflow_steps.step.utils import step_will_run

NAMES = st.sampled_from(["a", "a.b", "a.b.c", "ab", "b"])
SELECTORS = st.lists(NAMES | st.just("*"), max_size=4)


def select(*names, reason=None):
    selection = Selection()
    selection.add(names, reason)
    return selection


@pytest.mark.parametrize(("skipped", "done"), list(product([False, True], repeat=2)))
def test_a_forced_step_runs_whatever_else_is_said(skipped, done):
    decision = decide(
        "a.b",
        forced=select("a", reason="asked"),
        skipped=select("*", reason="slow") if skipped else select(),
        done=done,
    )

    assert decision == Decision(run=True, forced=True, reasons=("asked",))


@pytest.mark.parametrize("done", [False, True])
def test_a_skipped_step_is_skipped_done_or_not(done):
    decision = decide("a.b", forced=select("ab"), skipped=select("a", reason="slow"), done=done)

    assert decision == Decision(run=False, forced=True, reasons=("slow",))


def test_a_done_step_is_skipped_because_it_was_played():
    assert ALREADY_DONE == "Step was already played"
    assert decide("a", forced=select(), skipped=select(), done=True) == Decision(
        run=False, forced=False, reasons=(ALREADY_DONE,)
    )


def test_a_step_that_is_not_done_runs_without_a_reason():
    assert decide("a", forced=select("b"), skipped=select("c"), done=False) == Decision(run=True, forced=False)


def test_a_step_that_forces_itself_says_so_when_no_list_does():
    alone = decide("a", forced=select(), skipped=select("a"), done=True, force=True)
    listed = decide("a", forced=select("a", reason="asked"), skipped=select(), done=True, force=True)

    assert alone == Decision(run=True, forced=True, reasons=(FORCED_BY_ITSELF,))
    assert listed.reasons == ("asked",)


@given(NAMES, SELECTORS, SELECTORS, st.booleans(), st.booleans())
def test_the_decision_agrees_with_simpleflows_rule(name, forced, skipped, done, force):
    decision = decide(name, forced=select(*forced), skipped=select(*skipped), done=done, force=force)

    assert decision.run is step_will_run(name, forced, skipped, [name] if done else [], force)


def test_a_decision_cannot_be_changed():
    with pytest.raises(AttributeError):
        Decision(run=True, forced=False).run = False


def test_names_keep_their_order_each_once():
    selection = select("b", "a")
    selection.add(["c", "b"])

    assert selection.names == ("b", "a", "c")


def test_a_lone_text_is_refused_under_the_callers_word_for_it():
    with pytest.raises(InvalidInput, match=r"^force_steps_if_executed='a': pass a list"):
        Selection().add("a", argument="force_steps_if_executed")


def test_a_refused_list_adds_nothing():
    selection = Selection()

    with pytest.raises(InvalidInput):
        selection.add(["a", "b/c"])

    assert selection.names == ()


def test_reasons_come_from_every_covering_name_in_the_order_of_addition_each_once():
    selection = Selection()
    selection.add(["*"], "first")
    selection.add(["a.b"], "second")
    selection.add(["ab"], "of another step")
    selection.add(["a"], "third")
    selection.add(["a.b"], "first")
    selection.add(["a.b.c"])

    assert selection.reasons("a.b") == ("first", "second", "third")


def test_a_name_added_without_a_reason_covers_all_the_same():
    selection = select("a")

    assert selection.covers("a.b")
    assert selection.reasons("a.b") == ()


def test_names_that_cover_no_step_met_are_unmatched():
    selection = select("a", "b", "c.d", "*")

    assert selection.unmatched([]) == ("a", "b", "c.d", "*")
    assert selection.unmatched(["a.x", "c"]) == ("b", "c.d")
