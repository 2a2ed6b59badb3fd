from __future__ import annotations

import ast
import filecmp
import re
import textwrap
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from simpleflow_steps.storage import open_storage
from tests.examples.console import ROOT, assert_plays, run

SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
DOCUMENTED = [script for script in SCRIPTS if script.stem != "weather_demo"]
WORKFLOWS = {
    "basic": "basic:Daily 2026-11-20",
    "chain_and_group": "chain_and_group:Library",
    "child_workflows": "child_workflows:CloseDay",
    "customized_steps": "customized_steps:Backup",
    "failing_and_retrying": "failing_and_retrying:Shop",
    "signals": "signals:Publish",
    "weather": "weather:Weather",
}


def docstring(script: Path) -> str:
    return ast.get_docstring(ast.parse(script.read_text())) or ""


def session_in(text: str) -> str:
    """Give the indented lines, without their indent."""
    return "\n".join(textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n)+", text, flags=re.MULTILINE))


@pytest.mark.parametrize("script", DOCUMENTED, ids=lambda script: script.stem)
def test_an_example_prints_what_its_docstring_says(script: Path, place: Path, tools: Path) -> None:
    session = session_in(docstring(script))

    assert f"$ python {script.name}" in session
    assert_plays(session, place, tools)


@pytest.mark.parametrize("script", DOCUMENTED, ids=lambda script: script.stem)
def test_an_example_is_run_by_the_command_line(script: Path, place: Path, tools: Path) -> None:
    ended = run(f"sfs run {WORKFLOWS[script.stem]} --workflow-id example", place, tools)

    assert ended.returncode == 0, ended.stderr


def test_the_weather_report_has_a_line_for_each_year(place: Path, tools: Path) -> None:
    run("python weather.py", place, tools)

    report = (place / "weather-report/report.md").read_text()
    assert re.findall(r"^\| (\d{4}) \| (\d+ mm)", report, flags=re.MULTILINE) == [
        ("2012", "1226 mm"),
        ("2013", "828 mm"),
        ("2014", "1233 mm"),
        ("2015", "1139 mm"),
    ]


def test_the_chart_has_a_bar_for_each_month_and_is_the_one_in_the_docs(place: Path, tools: Path) -> None:
    run("python weather.py", place, tools)

    chart = place / "weather-report/chart.svg"
    bars = ET.parse(chart).findall(".//{*}rect/{*}title")
    assert len(bars) == 48
    assert filecmp.cmp(chart, ROOT / "docs/weather.svg", shallow=False)


def test_one_changed_string_puts_it_all_in_a_bucket(place: Path, tools: Path, bucket_url: str) -> None:
    run(f"python weather.py --storage '{bucket_url}'", place, tools)

    done = [found.key.rpartition("/")[2] for found in open_storage(bucket_url).list("seattle-weather/steps/")]
    years = ["stats.2012", "stats.2013", "stats.2014", "stats.2015"]
    assert done == ["chart", "clean", "load", "report", *years]
    assert not (place / ".simpleflow").exists()


def test_forcing_one_year_runs_that_year_and_the_report(place: Path, tools: Path) -> None:
    run("python weather.py", place, tools)
    before = markers(place)
    run("python weather.py --force stats.2014", place, tools)

    after = markers(place)
    assert [name for name in after if after[name] != before[name]] == ["report", "stats.2014"]


def test_the_demo_does_the_same_each_time(place: Path, tools: Path) -> None:
    first = run("python weather_demo.py", place, tools)
    second = run("python weather_demo.py", place, tools)

    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout


def test_the_demo_fails_if_a_step_runs_that_should_not(place: Path, tools: Path) -> None:
    ended = run("SIMPLEFLOW_FORCE=chart python weather_demo.py", place, tools)

    assert ended.returncode == 1
    assert "The demo failed: ['chart'] ran, and [] should have." in ended.stderr


def markers(place: Path) -> dict[str, str]:
    steps = place / ".simpleflow/seattle-weather/steps"
    return {marker.name: marker.read_text() for marker in sorted(steps.iterdir())}
