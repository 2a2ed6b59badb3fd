from contextvars import ContextVar

import pytest

from simpleflow_steps.assigned import Assigned

word = ContextVar("word", default="none")


def test_a_variable_has_the_value_inside_the_block_alone():
    with Assigned(word, "outer"):
        with Assigned(word, "inner"):
            inside = word.get()
        after = word.get()

    assert (inside, after, word.get()) == ("inner", "outer", "none")


def test_it_has_not_after_an_exception_either():
    with pytest.raises(ValueError, match="no"), Assigned(word, "inside"):
        raise ValueError("no")

    assert word.get() == "none"
