"""The workflows of `examples/`, unchanged, on SWF."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from simpleflow_steps.executors.swf import SwfExecutor
from simpleflow_steps.storage import DirectoryStorage
from tests.executors.swf.simulated import SimulatedSwf

EXAMPLES = Path(__file__).parents[3] / "examples"


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("example", "workflow", "args", "result"),
    [
        ("basic", "Daily", ("2026-11-20",), 61.5),
        ("chain_and_group", "Library", (), ["box 1", "box 2", "box 3"]),
        ("child_workflows", "CloseDay", (), {"paris": 3, "lyon": 5}),
        ("customized_steps", "Backup", (), None),
        ("failing_and_retrying", "Shop", (), ["ask", "nap"]),
        ("signals", "Publish", (), "published: Buckets are enough"),
    ],
)
def test_an_example_gives_the_same_again(example, workflow, args, result, monkeypatch, tmp_path):
    found = getattr(load(example, monkeypatch), workflow)
    monkeypatch.chdir(tmp_path)

    assert [play(found, args, tmp_path / "store") for _ in range(2)] == [result] * 2


def test_the_weather_is_reported(monkeypatch, tmp_path):
    weather = load("weather", monkeypatch)
    monkeypatch.chdir(tmp_path)
    files = play(weather.Weather, (), tmp_path / "store", workflow_id="weather")

    assert files.report.exists()
    assert files.chart.exists()
    markers = {found.key.rpartition("/")[2] for found in DirectoryStorage(tmp_path / "store").list("weather/steps/")}
    assert {"load", "clean", "report", "chart", "stats.2012"} <= markers


def play(workflow: Any, args: tuple[Any, ...], storage: Path, **options: Any) -> Any:
    executor = SwfExecutor(workflow, client=SimulatedSwf(), storage=storage, **options).alone()
    with executor.serving():
        return executor.result(executor.start(*args), timeout=60)
