from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from simpleflow_steps import testing


def test_the_table_of_contents_is_sorted_and_true() -> None:
    assert all(hasattr(testing, name) for name in testing.__all__)
    assert sorted(testing.__all__, key=lambda name: (not name.isupper(), name)) == testing.__all__


def test_needs_no_pytest_and_no_boto3() -> None:
    script = "import sys, simpleflow_steps.testing; print({'pytest', 'boto3'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )

    assert done.stdout.strip() == "set()"
