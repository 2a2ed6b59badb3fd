from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from simpleflow_steps.drawing import svg
from simpleflow_steps.drawing.composing import compose
from simpleflow_steps.drawing.dot import to_dot
from simpleflow_steps.drawing.mermaid import quoted, to_mermaid
from simpleflow_steps.drawing.states import DONE, FAILED
from simpleflow_steps.drawing.subject import DrawnStep, Subject
from simpleflow_steps.drawing.svg import to_svg
from simpleflow_steps.exceptions import InvalidInput
from tests.servers.environment import in_ci

HOSTILE = [
    "<script>alert(1)</script>",
    '"]; click b1 href "javascript:alert(1)" [',
    '%%{init: {"securityLevel": "loose"}}%%',
    "a`b`\\N \\",
    "#quot; &lt;b&gt; &amp;",
    "end",
    "--> x",
    "$$x$$",
    "fa:fa-car",
    "turned \u202e round",
    "two\nlines\u2028",
    "half \ud800 a character",
    "\x1b[31mred\x00",
    "x" * 5_000,
]


@pytest.fixture
def hostile() -> Subject:
    steps = {name: DrawnStep(name, DONE, dependents=(*HOSTILE[:3], "lost <b>")) for name in HOSTILE}
    return Subject(HOSTILE[2], steps, notes=tuple(HOSTILE))


@pytest.fixture
def dot() -> str:
    if found := shutil.which("dot"):
        return found
    return pytest.fail("no dot") if in_ci() else pytest.skip("no dot here: install graphviz")


def test_mermaid_is_told_nothing_by_a_name(hostile: Subject) -> None:
    text = to_mermaid(compose(hostile))

    strings = re.findall(r'"([^"\n]*)"', text)
    assert [each for each in strings if not re.fullmatch(r"(?:[^\W]|[ ,./_○✓✗?…]|<br/>|#\d+;)*", each)] == []
    assert re.search("script>|%%|`|javascript:|[\x00-\x09\x1b\u202e\u2028\ud800]", text) is None
    assert text.count("\nflowchart") == 0


def test_mermaid_shows_what_a_name_is() -> None:
    assert quoted("stats.2012, été") == "stats.2012, été"
    assert quoted('<b>"') == "#60;b#62;#34;"
    assert quoted("a\u202eb") == "a#92;u202eb"


def test_mermaid_has_a_legend_of_what_occurs() -> None:
    text = to_mermaid(
        compose(Subject("d1", {"a": DrawnStep("a", DONE, dependents=("b",)), "b": DrawnStep("b", FAILED)}))
    )

    assert '"✓ done"' in text
    assert '"✗ failed"' in text
    assert "skipped" not in text
    assert '"forces, if it runs"' in text


def test_dot_is_told_nothing_by_a_name(hostile: Subject, dot: str) -> None:
    text = to_dot(compose(hostile))

    plain = subprocess.run([dot, "-Tplain"], input=text.encode(), capture_output=True, check=True).stdout.decode()
    assert text.count("\\N") == text.count("\\\\N")
    assert len(re.findall(r"^node b\d+ ", plain, flags=re.MULTILINE)) == len(HOSTILE)
    assert re.search("[\x00-\x09\x1b\u202e\u2028\ud800]", text) is None


def test_svg_shows_names_as_text(hostile: Subject, dot: str) -> None:
    drawn = to_svg(compose(hostile))

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in drawn
    assert "<script" not in drawn
    assert "&amp;lt;b&amp;gt;" in drawn


def test_svg_without_graphviz_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(InvalidInput, match=r"needs the program dot .*apt-get install graphviz"):
        to_svg(compose(Subject("d1", {})))


def test_svg_that_takes_too_long_says_what_to_do(monkeypatch: pytest.MonkeyPatch, hostile: Subject, dot: str) -> None:
    monkeypatch.setattr(svg, "PATIENCE", 0.0)

    with pytest.raises(InvalidInput, match="--fold 5"):
        to_svg(compose(hostile))
