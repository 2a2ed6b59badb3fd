"""A whole cold process that resumes 10 done steps on S3, beside a script that imports the client and lists once."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.comparison import compare, seconds_of
from benchmarks.job import play
from benchmarks.row import Row, at_most, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.setting import Setting

STEPS = 10
PROGRAM = """
from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity

@activity.with_attributes()
def work(number):
    return number

class Steps(Workflow, WorkflowStepMixin):
    name = "steps"

    def run(self, number):
        for each in range(number):
            self.submit(self.step(f"s.{each:06}", (work, each)))

LocalExecutor(Steps, storage=URL, workflow_id="job").run(10)
"""
BARE_PROGRAMS = {
    "boto3": """
import boto3

client = boto3.client("s3", endpoint_url=ENDPOINT)
print(len(client.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX)["Contents"]))
""",
    "obstore": """
import os
import obstore
from obstore.store import S3Store

store = S3Store(BUCKET, endpoint=ENDPOINT, region="us-east-1", access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
    secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"], client_options={"allow_http": True})
print(len(obstore.list(store, PREFIX).collect()))
""",
}


def measure(setting: Setting) -> Iterator[Row]:
    """Time processes from their start to their end, with the bytecode of all modules compiled."""
    for client in setting.clients():
        prefix = setting.prefix()
        url, rounds = setting.url(client, prefix), setting.pick(15, 3)
        play(url, STEPS)
        facts = {"ENDPOINT": setting.endpoint_url, "BUCKET": setting.bucket, "PREFIX": f"{prefix}/job/steps/"}
        program, bare = _bind(PROGRAM, URL=url), _bind(BARE_PROGRAMS[client], **facts)
        _run(program)
        _run(bare)
        timed = compare(lambda: seconds_of(_run, program), lambda: seconds_of(_run, bare), rounds)  # noqa: B023
        yield Row(
            f"cold process, {STEPS} done steps on S3, {client}",
            duration(timed.ours),
            f"bare script {duration(timed.theirs)}",
            timed.slower,
            at_most(1.3),
            timed.noise,
            f"{rounds} rounds",
            timed,
        )


def _bind(program: str, **names: str) -> str:
    return "\n".join([*(f"{name} = {value!r}" for name, value in names.items()), program])


def _run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)
