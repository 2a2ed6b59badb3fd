"""Markers where you want them, and steps forced by the workflow's own input.

    $ python customized_steps.py
    copying customers in eu-west-3
    copying invoices in eu-west-3
    $ python customized_steps.py
    $ python customized_steps.py copy.invoices
    copying invoices in eu-west-3
    $ ls markers/backups/eu-west-3/done
    copy.customers
    copy.invoices

Two executions with the same region find the same markers, whatever their ids.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from simpleflow_steps import Group, LocalExecutor, Workflow, WorkflowStepMixin, activity, futures

TABLES = ("customers", "invoices")


@activity.with_attributes()
def copy(table: str, region: str) -> None:
    print("copying", table, "in", region)


class Backup(Workflow, WorkflowStepMixin):
    name = "backup"
    region = ""

    def run(self, region: str = "eu-west-3", force: list[str] | None = None) -> None:
        self.region = region
        self.add_forced_steps(force or [], "Asked for in the workflow's input")
        # One at a time, so that the lines above come in this order.
        copies = [self.step(f"copy.{table}", (copy, table, region)) for table in TABLES]
        futures.wait(self.submit(Group(*copies, max_parallel=1)))

    def get_step_bucket(self) -> str:
        """Keep the markers apart: any storage URL, or the plain name of a bucket."""
        return Path("markers").absolute().as_uri()

    def get_step_path_prefix(self) -> str:
        """Share the markers between all executions for a region: whatever their ids, a table is copied once."""
        return f"backups/{self.region}/done"

    def get_step_activity_params(self) -> dict[str, Any]:
        """Have markers listed and written by workers of your own, on the executors where activities do that."""
        return {"task_list": "markers", "start_to_close_timeout": 30}


if __name__ == "__main__":
    LocalExecutor(Backup, workflow_id="backup").run(force=sys.argv[1:])
