from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps.cli.tree import fit_rows, make_tree

NAMES = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(".".join), unique=True)


def _rows(names: list[str], *, limit: int | None = None, depth: int | None = None, roots: tuple[str, ...] = ()) -> list:
    rows = fit_rows(make_tree(dict.fromkeys(names, True), roots), limit=limit, depth=depth)
    return [("  " * row.level + row.node.label, row.node.total, row.folded) for row in rows]


def test_each_part_of_a_name_is_a_node() -> None:
    assert _rows(["a", "a.b.c", "d"]) == [("a", 1, False), ("  b", 1, False), ("    c", 0, False), ("d", 0, False)]


def test_what_was_asked_for_stands_at_the_top() -> None:
    assert _rows(["a.b", "a.b.c"], roots=("a.b",)) == [("a.b", 1, False), ("  c", 0, False)]


def test_the_large_subtrees_are_folded_first() -> None:
    names = [*(f"large.{number}" for number in range(9)), "small.1", "small.2"]

    assert _rows(names, limit=5) == [("large", 9, True), ("small", 2, False), ("  1", 0, False), ("  2", 0, False)]


def test_a_depth_folds_what_is_below() -> None:
    assert _rows(["a.b.c"], depth=2) == [("a", 1, False), ("  b", 1, True)]


def test_below_a_lone_top_as_many_are_shown_as_fit() -> None:
    names = [f"a.{number}" for number in range(9)]

    assert _rows(names, limit=3) == [("a", 9, False), ("  0", 0, False), ("  1", 0, False)]


@given(NAMES, st.integers(1, 12))
def test_rows_and_folded_steps_are_all_there_is(names: list[str], limit: int) -> None:
    tops = make_tree(dict.fromkeys(names, True), ())
    rows = fit_rows(tops, limit=limit, depth=None)

    assert len(rows) <= limit
    told = sum(row.node.is_step + (row.node.total if row.folded else 0) for row in rows)
    if len(tops) == 1:
        assert told <= len(names)
    else:
        assert told + sum(top.total + top.is_step for top in tops[limit:]) == len(names)
