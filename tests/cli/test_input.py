from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Sfs, document

EXPECTED = {"day": "2026-01-02", "report": 20, "stats": [4024, 4026]}


@pytest.mark.parametrize(
    "given",
    [
        '{"args": [5], "kwargs": {"day": "2026-01-02"}}',
        '{"kwargs": {"number": 5, "day": "2026-01-02"}}',
        '{"number": 5, "day": "2026-01-02"}',
    ],
)
def test_reads_every_form_of_input_by_type_hints(sfs: Sfs, given: str) -> None:
    result = sfs("run", "flows:Daily", "--input", given)

    assert result.exit_code == 0, result.stderr
    assert document(result) == EXPECTED


def test_reads_a_list_as_arguments(sfs: Sfs) -> None:
    assert document(sfs("run", "flows:Daily", "--input", "[5]"))["report"] == 20


def test_reads_input_from_a_file(sfs: Sfs, tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text('{"number": 5, "day": "2026-01-02"}')

    assert document(sfs("run", "flows:Daily", "--input", "@input.json")) == EXPECTED


def test_reads_input_from_the_standard_input(sfs: Sfs) -> None:
    result = sfs("run", "flows:Daily", "--input", "-", input='{"number": 5, "day": "2026-01-02"}')

    assert document(result) == EXPECTED


def test_reads_words_by_type_hints(sfs: Sfs) -> None:
    assert document(sfs("run", "flows:Daily", "5"))["report"] == 20
    assert document(sfs("run", "flows:Daily", "--", "-5"))["report"] == -20


def test_the_same_input_names_the_same_execution(sfs: Sfs) -> None:
    first = document(sfs("run", "flows:Daily", "5", "--json"))
    second = document(sfs("run", "flows:Daily", "--input", "[5]", "--json"))

    assert first["workflow_id"] == second["workflow_id"]
    assert {step["state"] for step in second["steps"]} == {"skipped"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["five"], "argument number='five'"),
        (["1", "2"], "too many positional arguments; it takes"),
        (["--input", '{"nmuber": 1}'], "nmuber"),
        (["--input", '["x"]'], "argument number='x'"),
        (["--input", "{"], "--input { is not JSON"),
        (["--input", "[1,]"], "is not JSON"),
        (["--input", "[NaN]"], "NaN is no JSON number"),
        (["--input", '{"a": 1, "a": 2}'], "the key 'a' is there twice"),
        (["--input", "5"], "--input holds 5: pass a list of arguments"),
        (["--input", '{"args": 5}'], '"args" must be a list'),
        (["--input", '{"args": [], "kwargs": []}'], '"kwargs" an object'),
        (["--input", "@missing.json"], "--input @missing.json: No such file"),
        (["--input", "[" * 5000], "deeper"),
        (["1", "--input", "[1]"], "pass the one or the other"),
    ],
)
def test_wrong_input_is_one_clear_error(
    sfs: Sfs, objects: Callable[[], dict[str, bytes]], args: list[str], said: str
) -> None:
    result = sfs("run", "flows:Daily", *args)

    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert not objects()


def test_wrong_input_is_a_document_too_if_asked_for(sfs: Sfs) -> None:
    result = sfs("run", "flows:Daily", "--input", "{", "--json")

    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["status"] == "not started"
    assert found["error"]["type"] == "InvalidInput"
