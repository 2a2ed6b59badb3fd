"""N steps of simpleflow itself, one after another: its local executor does nothing side by side."""

import json
import logging
import sys
import time

from simpleflow import Workflow, activity
from simpleflow.canvas import Group
from simpleflow.local.executor import Executor
from simpleflow.step.workflow import WorkflowStepMixin

ASKED = json.loads(sys.argv[1])
logging.disable(logging.CRITICAL)


@activity.with_attributes()
def work(number):
    return number


class Steps(Workflow, WorkflowStepMixin):
    name = "steps"
    version = "1"
    task_list = "steps"

    def get_step_bucket(self):
        return ASKED["bucket"]

    def get_step_path_prefix(self):
        return f"{ASKED['name']}/steps/"

    def run(self):
        for number in range(ASKED["number"]):
            self.submit(self.step(f"s.{number:06}", Group((work, number))))


began = time.perf_counter()
Executor(Steps).run()
print(json.dumps({"seconds": time.perf_counter() - began}))
