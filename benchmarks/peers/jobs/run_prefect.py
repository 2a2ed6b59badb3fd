"""N tasks of one Prefect flow, their results kept by their inputs; side by side on 32 threads."""

import json
import sys
import time

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.task_runners import ThreadPoolTaskRunner

ASKED = json.loads(sys.argv[1])


@task(cache_policy=INPUTS, persist_result=True)
def work(number, name):
    return number


@flow(task_runner=ThreadPoolTaskRunner(max_workers=32))
def steps(number, shape, name):
    if shape == "row":
        return sum(work(each, name) for each in range(number))
    return sum(work.map(range(number), name).result())


began = time.perf_counter()
assert steps(ASKED["number"], ASKED["shape"], ASKED["name"]) == sum(range(ASKED["number"]))
print(json.dumps({"seconds": time.perf_counter() - began}))
