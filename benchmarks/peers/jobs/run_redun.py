"""N calls of a task on redun's local executor: one thread in a row, 32 side by side; the database is there already."""

import json
import logging
import sys
import time

from redun import Scheduler, task
from redun.config import Config

ASKED = json.loads(sys.argv[1])
logging.disable(logging.CRITICAL)
redun_namespace = "bench"


@task()
def work(number):
    return number


@task()
def total(numbers):
    return sum(numbers)


@task()
def steps(number):
    return total([work(each) for each in range(number)])


scheduler = Scheduler(
    config=Config(
        {
            "backend": {"db_uri": f"sqlite:///{ASKED['folder']}/redun.db"},
            "executors.default": {"type": "local", "max_workers": "1" if ASKED["shape"] == "row" else "32"},
        }
    )
)
scheduler.load()
began = time.perf_counter()
assert scheduler.run(steps(ASKED["number"])) == sum(range(ASKED["number"]))
print(json.dumps({"seconds": time.perf_counter() - began}))
