import json

import pytest

from benchmarks import report
from benchmarks.comparison import Comparison, Spread
from benchmarks.row import Row, at_least, at_most

ONE = Spread(0.9, 1.0, 1.1)


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (at_least(1), "met"),
        (at_most(1), "met"),
        (at_least(1.25), "missed by 20%"),
        (at_most(0.5), "missed by 100%"),
        (None, ""),
    ],
)
def test_a_row_says_whether_its_goal_is_met_or_by_how_much_it_is_missed(goal, verdict):
    assert Row("steps", "1/s", ratio=ONE, goal=goal).verdict == verdict


@pytest.fixture
def kept(tmp_path):
    compared = Comparison((1.0,), (0.5,))
    document = report.read(tmp_path / "results.json")
    rows = [
        Row("fast steps", "2/s", "bare 4/s", ONE, at_least(0.85), 0.1, "", compared),
        Row("slow | steps", "1/s", "bare 2/s", Spread(0.5, 0.5, 0.5), at_least(0.85)),
        Row("a race", "1 s", "9 s", Spread(9, 9, 9), at_least(1), race=("a peer", "100 steps", "row, fresh")),
        Row("a peer", "", note="not installed: no such package"),
    ]
    report.add(document, "steps", rows, (0.1, 0.25))
    report.write(document, tmp_path / "results.json")
    return tmp_path


def test_everything_is_saved_with_the_seconds_of_each_round(kept):
    measured = json.loads((kept / "results.json").read_text())["measures"]["steps"]

    assert measured["load"] == [0.1, 0.2]
    assert measured["rows"][0]["comparison"] == {"ours": [1.0], "theirs": [0.5]}
    assert [row["verdict"] for row in measured["rows"]] == ["met", "missed by 41%", "met", ""]


def test_the_page_names_what_is_missed_and_whoever_could_not_run(kept):
    page = (kept / "results.md").read_text()

    assert "2 of 3 goals are met." in page
    assert "* slow | steps: 0.50, at least 0.85: missed by 41%" in page
    assert "| fast steps | 2/s | bare 4/s | 1.00 | 0.90 to 1.10 | 10% | at least 0.85 | met |  |" in page
    assert "not installed: no such package" in page


def test_what_is_not_measured_again_stays(kept):
    document = report.read(kept / "results.json")

    report.add(document, "others", [Row("other", "3/s")], (0.0, 0.0))

    assert list(document["measures"]) == ["steps", "others"]


def test_the_table_in_the_readme_stands_between_its_marks(kept, monkeypatch):
    readme = kept / "README.md"
    readme.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    monkeypatch.setattr(report, "README", readme)

    report.write_readme(report.read(kept / "results.json"))

    text = readme.read_text()
    assert text.startswith(f"before\n{report.BEGIN}\n|")
    assert text.endswith(f"|\n{report.END}\nafter\n")
    assert "old" not in text
    assert "| fast steps | 2/s | bare 4/s | 1.00 | at least 0.85: met |" in text
    assert "| a peer | 100 steps | **9.00** (1 s, 9 s) |  |  |  |" in text
