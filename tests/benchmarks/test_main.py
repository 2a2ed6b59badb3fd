"""The benchmarks run; what they measure is for a machine that does nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import EVERYTHING
from tests.servers.environment import variable_of

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("s3_server", ["seaweedfs"], indirect=True)
def test_a_quick_run_measures_and_saves(s3_server: Any, tmp_path: Path):
    asked = ["sequential", "requests", "directory", "--quick", "--json", str(tmp_path / "results.json")]

    done = run(*asked, **{variable_of("seaweedfs"): s3_server.endpoint_url})

    assert done.returncode == 0, done.stderr
    measures = json.loads((tmp_path / "results.json").read_text())["measures"]
    assert list(measures) == ["sequential", "requests", "directory"]
    assert {row["verdict"] for row in measures["requests"]["rows"]} == {"met"}
    assert (tmp_path / "results.md").exists()


def test_a_wrong_name_is_told_with_the_right_ones():
    done = run("sequentail")

    assert done.returncode == 2
    assert "nothing is called sequentail; there are sequential, group" in done.stderr


def test_every_peer_of_the_comparison_has_its_race():
    assert {"simpleflow", "luigi", "dbos-sqlite", "dbos-postgres", "temporal", "prefect", "redun"} <= EVERYTHING.keys()
