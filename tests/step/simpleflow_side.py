"""A workflow of simpleflow itself, run in a process of its own, as `simpleflow_side.py BUCKET PREFIX FORCE NAME...`.

`FORCE` is a step name, or `-` for none. It prints the steps whose activities ran, and the steps done afterwards.

simpleflow accepts no host but Amazon's; it asks for the region of a bucket that is only named, and then leaves the
endpoint to boto3, which reads AWS_ENDPOINT_URL_S3. So nothing of it needs to be patched.
"""

import json
import sys

from simpleflow import Workflow, activity
from simpleflow.canvas import Group
from simpleflow.local.executor import Executor
from simpleflow.step.workflow import WorkflowStepMixin

BUCKET, PREFIX, FORCE, *NAMES = sys.argv[1:]
CALLS = []


@activity.with_attributes()
def note(name):
    CALLS.append(name)
    return name


class Staged(Workflow, WorkflowStepMixin):
    name = "staged"
    version = "1"
    task_list = "staged"

    def get_step_bucket(self):
        return BUCKET

    def get_step_path_prefix(self):
        return PREFIX

    def run(self):
        self.add_forced_steps([] if FORCE == "-" else [FORCE], "asked for")
        for name in NAMES:
            self.submit(self.step(name, Group((note, name))))
        return sorted(self.get_steps_done())


done = Executor(Staged).run()
sys.stdout.write(json.dumps({"ran": CALLS, "done": done}))
