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
