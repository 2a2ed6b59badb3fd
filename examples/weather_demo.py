"""What `make demo` shows: the weather workflow three times, and which steps ran each time.

It starts from nothing each time it is called, and fails if a step did what it should not.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from weather import OBSERVATIONS, OUT, YEARS, Weather

from simpleflow_steps import LocalExecutor
from simpleflow_steps.events import Event, StepCompleted, StepSkipped
from simpleflow_steps.storage import default_storage

if TYPE_CHECKING:
    from collections.abc import Sequence

WORKFLOW_ID = "weather-demo"
Ended = StepCompleted | StepSkipped
YEARLY = [f"stats.{year}" for year in YEARS]
EVERY = ["load", "clean", *YEARLY, "report", "chart"]


def main() -> None:
    """Run it three times."""
    forget()
    play("1. A first run. Every step runs, the four years side by side.", expected=EVERY)
    play("2. The same again. Every step has its marker, so all are skipped.", expected=[])
    play(
        "3. With force=['stats']. The four years run, and the report that depends on them. Nothing else does.",
        expected=[*YEARLY, "report"],
        force=["stats"],
    )
    print(f"Look at {OUT}/report.md and {OUT}/chart.svg.")
    print(f"The markers are in {default_storage().url}/{WORKFLOW_ID}/steps; each is JSON that you can read.")
    print(f"More: .venv/bin/sfs steps ls {WORKFLOW_ID}, and .venv/bin/sfs steps show {WORKFLOW_ID} stats.2014")


def forget() -> None:
    """Remove what an earlier demo left."""
    storage = default_storage()
    for found in storage.list(f"{WORKFLOW_ID}/"):
        storage.delete(found.key)


def play(title: str, *, expected: list[str], force: Sequence[str] = ()) -> None:
    """Run the workflow, show what became of each step, and compare the steps that ran with those expected."""
    steps: dict[str, Ended] = {}

    def follow(event: Event) -> None:
        if isinstance(event, Ended):
            steps[event.step] = event

    LocalExecutor(Weather, workflow_id=WORKFLOW_ID, force=force, on_event=follow).run(OBSERVATIONS, OUT)
    print(f"{title}\n\n   {'STEP':<12}{'WHAT':<10}WHY")
    for name in EVERY:
        print(line(steps[name]))
    print()
    ran = [name for name in EVERY if isinstance(steps[name], StepCompleted)]
    if ran != expected:
        sys.exit(f"The demo failed: {ran} ran, and {expected} should have.")


def line(event: Ended) -> str:
    """Say what became of a step, and why."""
    what = "ran" if isinstance(event, StepCompleted) else "skipped"
    return f"   {event.step:<12}{what:<10}{', '.join(event.reasons)}".rstrip()


if __name__ == "__main__":
    main()
