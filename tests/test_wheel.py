from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from simpleflow_steps.drawing import page

ROOT = Path(__file__).parents[1]


def test_the_wheel_holds_the_parts_of_the_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    (wheel,) = tmp_path.glob("*.whl")
    held = {Path(name).name for name in ZipFile(wheel).namelist() if name.startswith("simpleflow_steps/drawing/page/")}
    assert {"report.html", "report.css", *page.SCRIPTS} <= held
