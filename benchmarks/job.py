"""The job that everything is measured on: N steps, each one trivial activity with a small result.

As a script it is one run in a process of its own: `python -m benchmarks.job JSON`, which prints its seconds.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from typing import Any

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.canvas import Group

WORKFLOW_ID = "job"


@activity.with_attributes()
def work(number: int) -> int:
    """Do next to nothing."""
    return number


class Steps(Workflow, WorkflowStepMixin):
    """N steps."""

    name = "steps"

    def steps(self, number: int) -> list[Any]:
        """Make them."""
        return [self.step(f"s.{each:06}", (work, each)) for each in range(number)]


class Row(Steps):
    """One step after another, each waited for, no result read."""

    def run(self, number: int) -> None:
        """Run them."""
        for each in range(number):
            assert self.submit(self.step(f"s.{each:06}", (work, each))).exception is None


class ReadRow(Steps):
    """One step after another, each result read."""

    def run(self, number: int) -> int:
        """Run them."""
        return sum(self.submit(self.step(f"s.{each:06}", (work, each))).result for each in range(number))


class SideBySide(Steps):
    """All steps in a group, no result read."""

    def run(self, number: int) -> None:
        """Run them."""
        assert self.submit(Group(*self.steps(number))).exception is None


class ReadSideBySide(Steps):
    """All steps in a group, all results read."""

    def run(self, number: int) -> int:
        """Run them."""
        return sum(self.submit(Group(*self.steps(number))).result)


JOBS: dict[tuple[str, bool], type[Workflow]] = {
    ("row", False): Row,
    ("row", True): ReadRow,
    ("group", False): SideBySide,
    ("group", True): ReadSideBySide,
}


def play(storage: Any, number: int, shape: str = "row", *, read: bool = False, workflow_id: str = WORKFLOW_ID) -> None:
    """Run the job once, fresh or resumed, whatever the storage says."""
    LocalExecutor(JOBS[shape, read], storage=storage, workflow_id=workflow_id).run(number)


def main(text: str) -> None:
    """Run the job and print how long it took, without the imports."""
    asked = json.loads(text)
    if asked["place"].startswith("s3://"):
        import_module("obstore" if "client=obstore" in asked["place"] else "boto3")  # the peers' jobs do so too
    began = time.perf_counter()
    play(asked["place"], asked["number"], asked["shape"], read=asked["read"])
    print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main(sys.argv[1])
