from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps.cli.text import as_json, cut, one_line, padded, plural, shown, shown_lines, size, width

HOSTILE = set("\x1b\x07\x08\x7f\x9b\u202e\u2066\u2028\ufeff\r\x00")


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    for made in (shown(text), one_line(text), shown_lines(text).replace("\n", ""), as_json(text)):
        assert not HOSTILE & set(made)
        assert "\n" not in made


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_json_reads_back_the_same(text: str) -> None:
    assert json.loads(as_json({"text": text})) == {"text": text}


def test_ordinary_text_stays_as_it_is() -> None:
    assert shown("größe 日本 [red] 👩") == "größe 日本 [red] 👩"


def test_a_lone_surrogate_is_escaped() -> None:
    assert shown("a\ud800") == r"a\ud800"
    assert json.loads(as_json("a\ud800")) == "a\ud800"


def test_lines_are_folded_and_cut() -> None:
    assert one_line("a\n  b\r\n\n c") == "a b c"
    assert one_line("x" * 5000) == "x" * 2000 + "..."
    assert cut("a  b\n") == "a  b\\n"
    assert cut("x" * 5000) == "x" * 2000 + "..."


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_999, "1.0 MB"),
        (5 * 10**12, "5000.0 GB"),
        (10**400, "1000000000.0 GB"),
    ],
)
def test_sizes_are_short(count: int, text: str) -> None:
    assert size(count) == text


def test_widths_count_columns() -> None:
    assert (width("ab"), width("日本"), width("e\u0301")) == (2, 4, 1)
    assert padded("日", 4) == "日  "
    assert (plural(1, "step"), plural(2, "step")) == ("1 step", "2 steps")
