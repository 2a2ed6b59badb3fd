"""N tasks with an S3Target each: one worker process in a row, eight side by side. No task requires another."""

import json
import logging
import os
import sys
import time
from functools import cache

import boto3  # noqa: F401  Luigi loads it when it first needs it; ours is loaded before the clock starts, too
import luigi
from luigi.contrib.s3 import S3Client, S3Target

ASKED = json.loads(sys.argv[1])
logging.disable(logging.CRITICAL)


@cache
def client(process):
    """Make a client for each process: a connection that two processes share loses answers."""
    return S3Client(endpoint_url=ASKED["endpoint_url"])


class Work(luigi.Task):
    number = luigi.IntParameter()

    def output(self):
        return S3Target(f"s3://{ASKED['bucket']}/{ASKED['name']}/{self.number:06}", client=client(os.getpid()))

    def run(self):
        with self.output().open("w") as file:
            file.write(json.dumps(self.number))


class Steps(luigi.WrapperTask):
    def requires(self):
        return [Work(number) for number in range(ASKED["number"])]


began = time.perf_counter()
workers = 1 if ASKED["shape"] == "row" else 8
assert luigi.build([Steps()], local_scheduler=True, workers=workers, log_level="CRITICAL")
print(json.dumps({"seconds": time.perf_counter() - began}))
