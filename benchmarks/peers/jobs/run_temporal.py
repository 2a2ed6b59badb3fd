"""N activities of one Temporal workflow, which then waits for a signal; a second process replays what it did.

A worker would do the same, but this server hands the task to the worker that has gone, and waits for it.
"""

import asyncio
import json
import sys
import threading
import time
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, Worker

ASKED = json.loads(sys.argv[1])
QUEUE = "steps"
over = threading.Event()


@activity.defn
async def work(number: int) -> int:
    return number


@workflow.defn(sandboxed=False)
class Steps:
    def __init__(self) -> None:
        self.may_end = False

    @workflow.signal
    def end(self) -> None:
        self.may_end = True

    @workflow.run
    async def run(self, number: int, shape: str) -> int:
        if shape == "row":
            result = sum([await self.call(each) for each in range(number)])
        else:
            result = sum(await asyncio.gather(*(self.call(each) for each in range(number))))
        assert result == sum(range(number))
        over.set()
        await workflow.wait_condition(lambda: self.may_end)
        return result

    async def call(self, number: int) -> int:
        return await workflow.execute_activity(work, number, start_to_close_timeout=timedelta(minutes=5))


async def main() -> None:
    client = await Client.connect(ASKED["target"])
    if ASKED["phase"] == "resumed":
        await replay(client)
        return
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue=QUEUE, workflows=[Steps], activities=[work], workflow_runner=runner):
        began = time.perf_counter()
        arguments = [ASKED["number"], ASKED["shape"]]
        await client.start_workflow(Steps.run, args=arguments, id=ASKED["name"], task_queue=QUEUE)
        await asyncio.to_thread(over.wait)
        print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)


async def replay(client: Client) -> None:
    began = time.perf_counter()
    history = await client.get_workflow_handle(ASKED["name"]).fetch_history()
    await Replayer(workflows=[Steps], workflow_runner=UnsandboxedWorkflowRunner()).replay_workflow(history)
    assert over.is_set()
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)


asyncio.run(main())
