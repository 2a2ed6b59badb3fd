"""A workflow of many steps, whose activities write down that they ran, and whether they should not have."""

import json
import os
import time
from pathlib import Path

from simpleflow_steps import Workflow, WorkflowStepMixin, activity
from simpleflow_steps.canvas import Group

ROWS, WIDTH = 10, 20


def write_down(path: str, **facts: object) -> None:
    """Append a line at once, whatever kills this process a moment later."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    os.write(descriptor, (json.dumps({"pid": os.getpid(), **facts}) + "\n").encode())
    os.close(descriptor)


@activity.with_attributes(retry=30)
def work(folder: str, step: str) -> str:
    marker = Path(folder, "store", "killed", "steps", step)
    write_down(f"{folder}/effects", step=step, marked=marker.exists() and marker.stat().st_size > 0)
    time.sleep(0.05)
    return step


class Killed(Workflow, WorkflowStepMixin):
    name = "killed"

    def run(self, folder: str) -> int:
        done = 0
        for row in range(ROWS):
            names = [f"row{row}.s{column}" for column in range(WIDTH)]
            members = [self.step(name, (work, folder, name)) for name in names]
            done += len(self.submit(Group(*members)).result)
        return done
