"""What a report tells, before anybody draws it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from simpleflow_steps.drawing import report as module
from simpleflow_steps.drawing.page import to_html, to_json
from simpleflow_steps.drawing.report import Report, Scissors, read_report
from simpleflow_steps.drawing.results import read_results
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.step.tasks import open_register
from simpleflow_steps.storage import Storage, open_storage
from tests.drawing.conftest import SHOP, report_of


def data_of(text: str) -> dict[str, object]:
    """Read the data of a page."""
    parts = re.findall(r'<script type="application/json" id="([\w-]+)">(.*?)</script>', text)
    return {name: json.loads(body) for name, body in parts}


@pytest.mark.parametrize("evil", ["</script>", "<!--<script>", "]]>", "\u2028", "&lt;", "\ud800", "</SCRIPT\n>"])
def test_no_text_leaves_the_data_of_a_page(evil: str) -> None:
    text = to_json({evil: [evil]})

    assert json.loads(text) == {evil: [evil]}
    assert re.search(r"[<>&\u2028\ud800]", text) is None
    assert text.isascii()


def test_a_page_holds_the_data_and_allows_nothing_else(shop: Storage) -> None:
    report = report_of(shop)

    text = to_html(report, "v1")

    data = data_of(text)
    assert data.keys() == {"report", "now", "results", "run-0", "run-1", "run-2"}
    assert data["now"] == report.now
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert re.fullmatch(
        r"default-src 'none'; script-src 'sha256-\S+'; style-src 'sha256-\S+'; img-src data:; "
        r"base-uri 'none'; form-action 'none'",
        policy,
    )
    assert {link[:5] for link in re.findall(r'(?:src|href)="([^"]*)"', text)} == {"#tree", "data:"}


def test_a_title_is_only_text(shop: Storage) -> None:
    report = report_of(shop)
    head = {**report.head, "id": "</title><script>alert(1)</script>\u202e{{data}}"}

    text = to_html(Report(head, report.now, report.runs), "v1")

    assert "<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u202e{{data}}: failed</title>" in text


def test_only_the_last_runs_are_told(shop: Storage) -> None:
    report = report_of(shop, last=1)

    assert len(report.runs) == len(report.head["runs"]) == 1
    assert report.head["runs_text"] == "3, of which the last 1"
    assert report.head["counts"] == {"done": 7, "failed": 1}


def test_an_execution_of_which_nothing_is_known_is_an_error(tmp_path: object) -> None:
    storage = open_storage(str(tmp_path))

    with pytest.raises(InvalidInput, match="nothing is known of execution 'nosuch'"):
        read_report(storage, "nosuch", open_register(storage, "nosuch/steps"), 5)


def test_what_is_marked_after_it_failed_has_no_error(rewritten: Callable[..., Storage]) -> None:
    storage = rewritten()
    storage.put(f"{SHOP}/steps/pay", b"by hand")

    step = next(step for step in report_of(storage).now["steps"] if step["name"] == "pay")
    assert step["state"] == "done"
    assert "error" not in step


def test_long_texts_are_cut_and_say_so(rewritten: Callable[..., Storage]) -> None:
    steps = {
        "long": {
            "state": "failed",
            "reasons": ["r" * 9_000] * 50,
            "error": "e" * 9_000,
            "traceback": "t" * 50_000 + "end",
        }
    }

    (step,) = report_of(rewritten(steps=steps, input={"args": ["i" * 9_000]})).runs[0]["steps"]

    assert step["error"].endswith("(cut: 9000 characters)")
    assert len(step["reasons"]) == 10
    assert step["traceback"].startswith("(the beginning is cut)")
    assert step["traceback"].endswith("tend")
    assert len(json.dumps(step)) < 25_000


def test_tracebacks_do_not_make_a_page_too_large() -> None:
    scissors = Scissors(left=15_000)

    kept = [scissors.traceback("t" * 10_000) for _ in range(3)]

    assert [len(each) > 1_000 for each in kept] == [True, False, False]
    assert "left out" in kept[1]


def test_a_run_of_far_too_many_steps_says_what_is_left_out(
    rewritten: Callable[..., Storage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_STEPS", 10)

    report = report_of(rewritten(steps={f"s{number}": {"state": "completed"} for number in range(25)}))

    assert report.runs[0]["left_out"] == "15 steps: the report has 10 of a run"
    assert len(report.now["steps"]) == 10


def test_a_record_that_cannot_be_read_hides_no_other(rewritten: Callable[..., Storage]) -> None:
    report = report_of(rewritten(steps="nonsense"))

    assert len(report.runs) == 2
    assert any("1 of the last runs cannot be read" in note for note in report.head["notes"])


class TestResults:
    def test_a_large_one_is_read_no_further_than_shown(self, shop: Storage, rewritten: Callable[..., Storage]) -> None:
        storage = rewritten()
        register = open_register(storage, f"{SHOP}/steps")
        marker = json.loads(storage.get(f"{SHOP}/steps/load"))
        key = f"{SHOP}/results/load/abc.json"
        storage.put(key, b'"' + b"y" * 500_000 + b'"')
        storage.put(f"{SHOP}/steps/load", json.dumps({**marker, "result_key": key}).encode())

        told = read_results(register, ["load"])["load"]

        assert told["title"] == f"Result (its beginning; it has 500002 bytes, in {key})"
        assert len(told["result"]) == 2_000

    @pytest.mark.parametrize("key", ["other/secret", f"{SHOP}/results/../../secret", f"{SHOP}/results"])
    def test_a_marker_points_nowhere_else(self, rewritten: Callable[..., Storage], key: str) -> None:
        storage = rewritten()
        marker = json.loads(storage.get(f"{SHOP}/steps/load"))
        storage.put(f"{SHOP}/steps/load", json.dumps({**marker, "result_key": key}).encode())

        told = read_results(open_register(storage, f"{SHOP}/steps"), ["load"])["load"]

        assert told["result"] == f"(the marker points outside {SHOP}/results/)"

    @pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"nonce": 1}', b"\xff"])
    def test_a_marker_that_is_none_says_so(self, rewritten: Callable[..., Storage], body: bytes) -> None:
        storage = rewritten()
        storage.put(f"{SHOP}/steps/load", body)

        assert read_results(open_register(storage, f"{SHOP}/steps"), ["load"])["load"]["marker"]


def test_steps_that_a_page_has_no_room_for_are_counted(shop: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    everything = report_of(shop)
    monkeypatch.setattr(module, "MOST_STEPS", 2)

    report = report_of(shop)

    there = len(everything.now["steps"])
    assert len(report.now["steps"]) == 2
    assert report.head["counts"] == everything.head["counts"]
    assert f"{there - 2} steps are left out: a page has 2." in report.head["notes"]
