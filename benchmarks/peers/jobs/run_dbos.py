"""N steps of one DBOS workflow; side by side they are coroutines. The fresh run is killed after its last step."""

import asyncio
import json
import logging
import os
import sys
import threading
import time

from dbos import DBOS, SetWorkflowID

ASKED = json.loads(sys.argv[1])
FRESH = ASKED["phase"] == "fresh"
URL = f"{ASKED['server']}/{ASKED['name']}" if "server" in ASKED else f"sqlite:///{ASKED['folder']}/dbos.sqlite"
logging.disable(logging.CRITICAL)
over = threading.Event()
times = []

DBOS(
    config={
        "name": "steps",
        "system_database_url": URL,
        "application_version": "1",
        "executor_id": "first" if FRESH else "second",
        "log_level": "CRITICAL",
    }
)


@DBOS.step()
def work(number):
    return number


@DBOS.step()
async def work_async(number):
    return number


@DBOS.workflow()
def in_a_row(number):
    times.append(time.perf_counter())
    result = sum(work(each) for each in range(number))
    end(result)
    return result


@DBOS.workflow()
async def side_by_side(number):
    times.append(time.perf_counter())
    result = sum(await asyncio.gather(*(work_async(each) for each in range(number))))
    end(result)
    return result


def end(result):
    assert result == sum(range(ASKED["number"]))
    times.append(time.perf_counter())
    if FRESH:
        print(json.dumps({"seconds": times[-1] - began}), flush=True)
        os._exit(0)
    over.set()


def run():
    DBOS.start_workflow(in_a_row, ASKED["number"])
    over.wait()


async def run_async():
    await DBOS.start_workflow_async(side_by_side, ASKED["number"])
    await asyncio.to_thread(over.wait)


DBOS.launch()
began = time.perf_counter()
if FRESH:
    with SetWorkflowID(ASKED["name"]):
        run() if ASKED["shape"] == "row" else asyncio.run(run_async())
DBOS._recover_pending_workflows(["first"])
assert over.wait(120)
print(json.dumps({"seconds": times[-1] - began, "replay": times[-1] - times[0]}), flush=True)
os._exit(0)
