"""Workflows that deciders and workers in other processes import."""

from __future__ import annotations

import os
import time
from pathlib import Path

from simpleflow_steps import Group, Workflow, WorkflowStepMixin, activity

JOURNAL = "journal"


def note(folder: str, line: str) -> None:
    """Add a line to the journal, whole whoever else writes."""
    journal = os.open(Path(folder) / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(journal, f"{line}\n".encode())
    finally:
        os.close(journal)


@activity.with_attributes()
def work(folder: str, name: str) -> str:
    context = activity.context()
    marker = Path(folder) / "store" / context.workflow_id / "steps" / name
    note(folder, f"{'again' if marker.exists() else 'first'} {name}")
    time.sleep(0.02)
    return name


class Many(Workflow, WorkflowStepMixin):
    name = "many"

    def run(self, folder: str, steps: int) -> int:
        names = [f"part{n % 10}.s{n}" for n in range(steps)]
        done = self.submit(Group(*(self.step(name, (work, folder, name)) for name in names), max_parallel=12))
        return len(set(done.result))


@activity.with_attributes(retry=2)
def third_time(folder: str) -> int:
    note(folder, "tried")
    attempt = activity.context().attempt
    if attempt < 3:
        raise ConnectionError(f"attempt {attempt}")
    return attempt


@activity.with_attributes()
def long_text(size: int) -> str:
    return "é" * size


@activity.with_attributes()
def nap(folder: str) -> str:
    note(folder, "asleep")
    time.sleep(1.5)
    note(folder, "awake")
    return "rested"


class Journey(Workflow, WorkflowStepMixin):
    """A bit of everything that moto and LocalStack know."""

    name = "journey"

    def run(self, folder: str) -> dict[str, int | str]:
        tried = self.submit(self.step("try", (third_time, folder)))
        text = self.submit(self.step("text", (long_text, 30_000), force_steps_if_executed=["later"]))
        self.submit(self.start_timer("a moment", 0.5)).wait()
        word = self.submit(self.wait_signal("word")).result
        self.submit(self.record_marker("heard", {"word": word}))
        return {"tried": tried.result, "text": len(text.result), "word": word}


class Napping(Workflow):
    name = "napping"

    def run(self, folder: str) -> str:
        return self.submit(nap, folder).result
