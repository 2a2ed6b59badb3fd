"""The worker: it polls activity tasks, carries them out, and tells SWF what came of them."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

from simpleflow_steps import codec, log
from simpleflow_steps.activity import ActivityContext
from simpleflow_steps.exceptions import (
    EngineDenied,
    EngineError,
    ExecutionNotFound,
    InvalidInput,
    StorageError,
    TaskCanceled,
)
from simpleflow_steps.execution.middleware import make_middlewares
from simpleflow_steps.execution.perform import perform, perform_async
from simpleflow_steps.executors.swf import failures
from simpleflow_steps.executors.swf.jobs import Job, activity_of, do_operation, read_job, writes
from simpleflow_steps.executors.swf.payloads import Stores
from simpleflow_steps.executors.swf.pulse import Heart, Pulse
from simpleflow_steps.executors.swf.workload import Workload
from simpleflow_steps.storage.fence import fenced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simpleflow_steps.execution.middleware import Middlewares
    from simpleflow_steps.executors.swf.client import SwfClient
    from simpleflow_steps.executors.swf.payloads import Payloads
    from simpleflow_steps.storage import Storage

PAUSE = 5.0  # seconds before SWF is asked again after it could not be reached


class Worker:
    """Carry out the activities in one task list.

    :param client: the requests to SWF
    :param task_list: whose tasks it polls
    :param concurrency: how many activities it carries out at once, each in a thread
    :param storage: that of executions that name none; what the environment says, if None
    :param middlewares: `{"pre": [...], "post": [...]}`: functions, or their dotted names, to call around each activity
    """

    def __init__(
        self,
        client: SwfClient,
        *,
        task_list: str = "default",
        concurrency: int = 4,
        storage: Storage | None = None,
        middlewares: Mapping[str, Iterable[Any]] | None = None,
    ) -> None:
        if type(concurrency) is not int or concurrency < 1:
            raise InvalidInput(f"concurrency={concurrency!r}: pass a number of 1 or more")
        self.task_list = task_list
        self._client = client
        self._stores = Stores(storage)
        self._middlewares: Middlewares = make_middlewares(middlewares)
        self._concurrency = concurrency
        self._slots = threading.Semaphore(concurrency)
        self._pulse = Pulse(client)
        self._stopping = threading.Event()
        self._refusing = False
        self.workload = Workload()

    def run(self, grace: float | None = None) -> bool:
        """Carry out activities until `stop` is called, and then finish those at hand.

        :param grace: wait no longer than so many seconds for these; for ever, if None
        :return: whether all of them were finished
        :raises EngineDenied: if SWF refuses the credentials
        :raises ExecutionNotFound: if SWF does not know the domain
        """
        while not self._stopping.is_set():
            if not self._slots.acquire(timeout=0.5):
                continue
            try:
                task = self._poll()
            except BaseException:
                self._slots.release()
                raise
            if task is None:
                self._slots.release()
            else:
                self.workload.begin()
                threading.Thread(target=self._occupy_slot, args=(task,), name="sfs-activity", daemon=True).start()
        return self._drain(grace)

    def stop(self) -> None:
        """Have `run` take no more tasks; call it from anywhere, a signal handler too."""
        self._stopping.set()

    def refuse(self) -> None:
        """Begin no activity any more; the steps of those at hand are still marked."""
        self._refusing = True

    def once(self) -> bool:
        """Poll, and carry out one task here if there is any; tell whether there was."""
        task = self._client.poll_activity(self.task_list)
        if not task.get("taskToken"):
            return False
        self._carry_out(task)
        return True

    def _poll(self) -> dict[str, Any] | None:
        try:
            task = self._client.poll_activity(self.task_list)
        except (EngineDenied, ExecutionNotFound):
            raise
        except EngineError as error:
            log.warning(f"the worker goes on in {PAUSE:g} s: {error}", error=str(error))
            self._stopping.wait(PAUSE)
            return None
        return task if task.get("taskToken") else None

    def _occupy_slot(self, task: dict[str, Any]) -> None:
        try:
            self._carry_out(task)
        finally:
            self.workload.end()
            self._slots.release()

    def _drain(self, grace: float | None) -> bool:
        """Wait for every slot, for all of them no longer than the grace."""
        deadline = None if grace is None else time.monotonic() + grace
        finished = all(self._slots.acquire(timeout=_left(deadline)) for _ in range(self._concurrency))
        self._pulse.stop()
        return finished

    def _carry_out(self, task: dict[str, Any]) -> None:
        heart: Heart | None = None
        payloads: Payloads | None = None
        execution = task["workflowExecution"]
        try:
            payloads = self._stores.of(task.get("input"))
            job = read_job(payloads.read(task.get("input"), "the activity's input"))
            if job.storage is not None:
                payloads = self._stores.at(job.storage)
            if self._refusing and job.activity is not None:
                return
            heart = self._pulse.start(task["taskToken"], job.heartbeat, watched=job.watched)
            answer = self._do(task, job, heart)
            text = payloads.write(answer, execution["workflowId"])
        except BaseException as error:  # noqa: BLE001  whatever it is, it is the activity's outcome
            self._respond_badly(task, error, heart, payloads)
        else:
            self._respond(task, "complete", text)
        finally:
            if heart is not None:
                self._pulse.end(heart)

    def _do(self, task: dict[str, Any], job: Job, heart: Heart) -> dict[str, Any]:
        """Give the JSON of what an activity returns."""
        execution = task["workflowExecution"]
        if job.activity is None:
            return self._operate(job, heart, execution["runId"])
        activity = activity_of(job)
        given = job.arguments
        args, kwargs = codec.decode_arguments(activity, given.get("args", []), given.get("kwargs", {}))
        context = ActivityContext(
            workflow_id=execution["workflowId"],
            run_id=execution["runId"],
            activity_id=job.number,
            activity=task["activityType"]["name"],
            attempt=job.attempt,
            step=job.step,
            name=job.workflow,
            version=job.version,
            beat=heart.beat,
        )
        call = (activity, args, kwargs, context, self._middlewares)
        result = asyncio.run(perform_async(call)) if activity.is_async else perform(call)
        encoded = codec.encode_result(result, activity)
        return {"value": encoded.value, "shape": encoded.shape}

    def _operate(self, job: Job, heart: Heart, run_id: str) -> dict[str, Any]:
        """Do an operation on steps; before each attempt at a write, make sure that it is still wanted."""
        if not writes(job):
            return do_operation(job, run_id)
        heart.check()
        with fenced(heart.check):
            return do_operation(job, run_id)

    def _respond_badly(
        self, task: dict[str, Any], error: BaseException, heart: Heart | None, payloads: Payloads | None
    ) -> None:
        if isinstance(error, TaskCanceled) and heart is not None and heart.cancel_requested:
            self._respond(task, "cancel_activity", str(error)[:1000])
            return
        reason = failures.reason_of(error)
        log.warning(f"activity {task['activityType']['name']} failed: {reason}", error=reason)
        told = failures.describe(error)
        try:
            if payloads is None:
                raise InvalidInput("its storage is unknown")
            text = payloads.write(told, task["workflowExecution"]["workflowId"])
        except (StorageError, ValueError):
            text = json.dumps({"type": told["type"], "message": told["message"]})
        self._respond(task, "fail", reason, text)

    def _respond(self, task: dict[str, Any], what: str, *texts: str) -> None:
        try:
            getattr(self._client, what)(task["taskToken"], *texts)
        except ExecutionNotFound as error:
            log.info(f"an activity ended too late: nobody waits for it any more: {error}")
        except EngineError as error:
            log.error(f"SWF does not take what an activity gave; it will time out: {error}", error=str(error))


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())
