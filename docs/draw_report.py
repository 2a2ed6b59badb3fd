"""Make docs/report.png: `python docs/draw_report.py`. It needs chromium, chromium-driver and the dev dependencies.

The weather example runs three times: whole; with one year forced; with everything after the loading forced, while a
directory is in the way of the chart. Its activities take no time, so that each waits a little, for the timeline's sake.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACE = Path("/tmp/weather")  # noqa: S108  it can be read in the picture
WORKFLOW_ID = "seattle-weather"
PAUSES = {"load": 0.5, "clean": 0.9, "stats": 1.1, "report": 0.6, "chart": 1.4}
WIDTH, HEIGHT = 1160, 1444

sys.path[:0] = [str(ROOT), str(ROOT / "examples")]
os.environ["TZ"] = "UTC"
time.tzset()

import weather  # noqa: E402

from simpleflow_steps import LocalExecutor, activity  # noqa: E402
from simpleflow_steps.cli import main as sfs  # noqa: E402
from simpleflow_steps.exceptions import TaskFailed  # noqa: E402
from tests.browser import browser, emulate, open_page  # noqa: E402


def linger(running: activity.ActivityContext) -> None:
    """Wait as long as the activity would take on a larger file; the first try at 2014 finds nobody there."""
    step = running.step or ""
    time.sleep(PAUSES[step.partition(".")[0]] * (1 + sum(map(ord, step)) % 5 / 8))
    if step == "stats.2014" and running.attempt == 1:
        raise ConnectionError("the archive of 2014 does not answer")


def main() -> None:
    """Run the example, write the report, and take its picture."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir()
    os.chdir(PLACE)
    weather.describe.retry = 1
    play()
    play("stats.2014")
    Path("weather-report/chart.svg").unlink()
    Path("weather-report/chart.svg").mkdir()
    with suppress(TaskFailed):
        play("clean")
    with suppress(SystemExit):
        sfs(["report", WORKFLOW_ID, "--output", "report.html"])
    with browser() as driver:
        emulate(driver, width=WIDTH, height=HEIGHT)
        open_page(driver, Path("report.html"))
        time.sleep(0.5)
        driver.save_screenshot(str(ROOT / "docs" / "report.png"))


def play(*force: str) -> None:
    """Run the example."""
    LocalExecutor(
        weather.Weather, workflow_id=WORKFLOW_ID, force=dict.fromkeys(force, "new data"), middlewares={"pre": [linger]}
    ).run(weather.OBSERVATIONS, weather.OUT)


if __name__ == "__main__":
    main()
