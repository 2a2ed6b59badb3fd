"""Start executions on SWF, talk to them, and wait for their results; for trials, carry them out right here."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, repeat
from threading import Event as Flag
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from simpleflow_steps import codec, log
from simpleflow_steps.clock import SystemClock
from simpleflow_steps.codec import NotStorable, check_arguments
from simpleflow_steps.events import RunFinished
from simpleflow_steps.exceptions import (
    EngineError,
    EngineUnavailable,
    ExecutionNotFound,
    InvalidInput,
    SimpleflowStepsError,
    TaskCanceled,
    WorkflowFailed,
)
from simpleflow_steps.execution.asked import Asked
from simpleflow_steps.execution.playing import status_after, tell, told_of
from simpleflow_steps.executors.swf import failures
from simpleflow_steps.executors.swf.client import SwfClient
from simpleflow_steps.executors.swf.decider import Decider
from simpleflow_steps.executors.swf.payloads import Payloads, check_swf_name
from simpleflow_steps.executors.swf.registration import Registrar, types_of
from simpleflow_steps.executors.swf.servers import Servers
from simpleflow_steps.executors.swf.submission import (
    DECISION_TIMEOUT,
    WORKER_TIMEOUT,
    YEAR,
    Submission,
    settings_of,
    write_input,
)
from simpleflow_steps.executors.swf.worker import Worker
from simpleflow_steps.identity import check_workflow_id, workflow_id_of
from simpleflow_steps.settings import load_settings
from simpleflow_steps.storage import default_storage, open_storage
from simpleflow_steps.task import check_task_name
from simpleflow_steps.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from simpleflow_steps.events import Event
    from simpleflow_steps.storage import Storage

LOOKS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)  # seconds between looks at whether an execution is closed; the last repeats
TERMINATIONS = 5  # tries to terminate an execution that goes on as new meanwhile
DECIDED = {"WorkflowExecutionCompleted", "WorkflowExecutionFailed", "WorkflowExecutionCanceled"}
CLOSED = DECIDED | {"WorkflowExecutionTerminated", "WorkflowExecutionTimedOut"}


@dataclass(frozen=True, slots=True)
class Started:
    """A run that was started."""

    workflow_id: str
    run_id: str


class SwfExecutor:
    """Run a workflow on SWF.

    :param workflow_class: the workflow
    :param domain: the SWF domain; what `SWF_DOMAIN` says if None
    :param storage: where markers and long payloads are: a URL, a path or a storage, which deciders and workers reach by
        its URL; if None, what the environment says
    :param workflow_id: the name of the execution; if None, as the local executor finds it
    :param force: names of steps to run although they are done; a mapping gives the reasons too; as are the next four
    :param task_list: where its tasks go, unless the workflow or the activity names a task list; `default` if None
    :param timeout: how many seconds the execution may take
    :param decision_timeout: how many seconds a decider may take for one decision
    :param worker_timeout: after how many seconds without a sign of life a worker counts as lost, and another one takes
        its activity
    :param concurrency: how many activities `run` carries out at once
    :param grace_period: how many seconds an interrupted `run` lets its activities finish; what the environment says if
        None
    :param client: the requests to SWF; by default one for `domain`, `region` and `endpoint_url`
    :raises InvalidInput: naming the argument that is wrong
    """

    def __init__(  # noqa: PLR0913  the surface that users hold
        self,
        workflow_class: type[Workflow],
        *,
        domain: str | None = None,
        storage: Any = None,
        workflow_id: str | None = None,
        force: Iterable[str] | Mapping[str, str] = (),
        skip: Iterable[str] | Mapping[str, str] = (),
        from_: Iterable[str] | Mapping[str, str] = (),
        until: Iterable[str] | Mapping[str, str] = (),
        only: Iterable[str] | Mapping[str, str] = (),
        task_list: str | None = None,
        timeout: float = YEAR,
        decision_timeout: float = DECISION_TIMEOUT,
        worker_timeout: float = WORKER_TIMEOUT,
        concurrency: int = 4,
        grace_period: float | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        client: SwfClient | None = None,
        middlewares: Mapping[str, Iterable[Any]] | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        self.workflow_class = _checked_class(workflow_class)
        self.workflow_id = None if workflow_id is None else _checked_id(workflow_id)
        self.storage: Storage = default_storage() if storage is None else open_storage(storage)
        self.submission = Submission(
            storage=self.storage.url,
            target=codec.reference(workflow_class),
            task_list=task_list,
            decision_timeout=decision_timeout,
            worker_timeout=worker_timeout,
            timeout=timeout,
            **Asked(load_settings(), force=force, skip=skip, from_=from_, until=until, only=only).as_reasons(),
        )
        self.client = client or SwfClient(_domain(domain), region=region, endpoint_url=endpoint_url)
        self._payloads = Payloads(self.storage)
        self._concurrency, self._grace = concurrency, load_settings().grace_or(grace_period)
        self._middlewares, self._on_event = middlewares, on_event

    def start(self, *args: Any, **kwargs: Any) -> Started:
        """Start an execution with this input, and give its ids.

        :raises ExecutionRunning: if one of this id is open
        """
        bound = check_arguments(self.workflow_class, args, kwargs)
        workflow_id = self.workflow_id or _checked_id(workflow_id_of(self.workflow_class, bound.args, bound.kwargs))
        try:
            arguments = codec.encode_arguments(bound.args, bound.kwargs)
        except NotStorable as error:
            raise InvalidInput(f"the input of {workflow_id}: {error}") from None
        Registrar(self.client).ensure(types_of([self.workflow_class]))
        text = self._payloads.write(write_input(arguments, self.submission), workflow_id)
        settings = settings_of(self.workflow_class, self.submission, bound.args, bound.kwargs)
        name, version = self.workflow_class.get_name(), self.workflow_class.version
        return Started(workflow_id, self.client.start(workflow_id, name, version, text, settings))

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Start an execution with this input, carry it out with a decider and a worker in this process, and give its
        result.

        What interrupts it, or ends its decider or its worker, terminates the execution, which nobody else serves, once
        the activities at hand have ended or the grace period has; no other activity begins.

        :raises TaskFailed: as the local executor does; what crossed SWF is made again where its type is known
        :raises EngineDenied: if SWF refuses the credentials
        """
        if not self.submission.alone:
            return self.alone().run(*args, **kwargs)
        servers = self._servers()
        try:
            started = self.start(*args, **kwargs)
        except (KeyboardInterrupt, SystemExit):
            log.error("interrupted while an execution was being started: it may be open, and nobody serves it")
            raise
        try:
            servers.start()
            last = self._await_end(started, None, servers)
        except BaseException as error:
            try:
                servers.finish(self._grace)
            finally:
                self._terminate(started, error)
            raise
        finally:
            servers.stop()
        return self._outcome(started.workflow_id, last)

    def alone(self) -> SwfExecutor:
        """Give the same with a task list of its own, where everything goes and nobody else polls."""
        other = copy(self)
        name = f"{self.workflow_class.get_name()[:200]}-{uuid4().hex}".translate(str.maketrans(":/|", "---"))
        other.submission = self.submission.model_copy(update={"task_list": name, "alone": True})
        return other

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Have a decider and a worker in threads of this process inside the `with` block."""
        servers = self._servers()
        servers.start()
        try:
            yield
        finally:
            servers.stop()

    def result(self, started: Started, timeout: float | None = None) -> Any:
        """Wait until an execution is closed, and give its result.

        :param timeout: how many seconds to wait; for ever, if None
        :raises TimeoutError: if it is still open then
        :raises TaskCanceled: if it was cancelled
        """
        return self._outcome(started.workflow_id, self._await_end(started, timeout))

    def signal(self, name: str, payload: Any = None, *, workflow_id: str | None = None) -> None:
        """Send a signal to the execution, or to another one by id.

        :raises ExecutionNotFound: if it is not open
        """
        receiver = workflow_id or self.workflow_id
        if receiver is None:
            raise InvalidInput("the execution has no id yet: pass workflow_id=...")
        text = self._payloads.write(payload, _checked_id(receiver))
        self.client.signal(receiver, check_task_name("signal name", name), text)

    def cancel(self, workflow_id: str | None = None) -> None:
        """Ask for the cancellation of the execution.

        :raises ExecutionNotFound: if it is not open
        """
        receiver = workflow_id or self.workflow_id
        if receiver is None:
            raise InvalidInput("the execution has no id yet: pass workflow_id=...")
        self.client.request_cancel(receiver)

    def _servers(self) -> Servers:
        decider = Decider(
            self.client,
            [self.workflow_class],
            task_list=self.submission.list_for(self.workflow_class.task_list),
            storage=self.storage,
            on_event=self._on_event,
        )
        worker = Worker(
            self.client,
            task_list=self.submission.list_for(None),
            concurrency=self._concurrency,
            storage=self.storage,
            middlewares=self._middlewares,
        )
        return Servers(decider, worker)

    def _await_end(self, started: Started, timeout: float | None, servers: Servers | None = None) -> Mapping[str, Any]:
        """Wait until an execution is closed, and give its last event.

        :param servers: who serves it, if that is this process: there is nothing to wait for without them
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        ended = Flag() if servers is None else servers.ended
        pauses = chain(LOOKS, repeat(LOOKS[-1]))
        while True:
            try:
                started, last = self._look_at(started)
                if last["eventType"] in CLOSED:
                    return last
            except EngineUnavailable as error:
                if servers is None:
                    raise
                log.warning(f"how the execution is will be seen later: {error}", error=str(error))
            if servers is not None:
                servers.check()
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"execution {started.workflow_id!r} is still open after {timeout:g} s")
            SystemClock().wait(ended, next(pauses))

    def _look_at(self, started: Started) -> tuple[Started, Mapping[str, Any]]:
        """Give the run that an execution has come to, and its last event."""
        while True:
            workflow_id, run_id = started.workflow_id, started.run_id
            last = next(iter(self.client.history(workflow_id, run_id, newest_first=True)))
            if last["eventType"] != "WorkflowExecutionContinuedAsNew":
                return started, last
            started = Started(workflow_id, _facts(last)["newExecutionRunId"])

    def _terminate(self, run: Started, error: BaseException) -> None:
        """End an execution that nobody serves any more, as well as SWF lets us, and tell so unless its decider has."""
        status = status_after(error)
        refusal: EngineError | None = None
        for _ in range(TERMINATIONS):
            last = ""
            with suppress(EngineError):
                run, event = self._look_at(run)
                last = event["eventType"]
            if last in DECIDED:
                return
            if last in CLOSED:
                break
            try:
                self.client.terminate(run.workflow_id, run.run_id, status)
                refusal = None
                break
            except ExecutionNotFound as found:  # it has gone on as new, or closed, since the look
                refusal = found
            except EngineError as found:
                refusal = found
                break
        if refusal is not None:
            log.error(f"execution {run.workflow_id} may be open still: {refusal}", error=str(refusal))
        if self._on_event is not None:
            ids = {"workflow_id": run.workflow_id, "run_id": run.run_id}
            tell(self._on_event, RunFinished(**ids, at=datetime.now(UTC), status=status, **told_of(error)))

    def _outcome(self, workflow_id: str, last: Mapping[str, Any]) -> Any:
        facts = _facts(last)
        match last["eventType"]:
            case "WorkflowExecutionCompleted":
                answer = self._payloads.read(facts.get("result"), f"the result of {workflow_id}")
                return codec.decode_result(answer.get("value"), answer.get("shape")) if answer else None
            case "WorkflowExecutionFailed":
                raise failures.rebuild(self._details(workflow_id, facts), facts.get("reason"))
            case "WorkflowExecutionCanceled":
                raise TaskCanceled(facts.get("details") or f"execution {workflow_id} was cancelled")
            case "WorkflowExecutionTerminated":
                raise WorkflowFailed(f"execution {workflow_id} was terminated", facts.get("reason"))
        raise WorkflowFailed(f"execution {workflow_id} took longer than it may")

    def _details(self, workflow_id: str, facts: Mapping[str, Any]) -> Any:
        try:
            return self._payloads.read(facts.get("details"), f"the failure of {workflow_id}")
        except (SimpleflowStepsError, ValueError):
            return facts.get("details")


def _facts(event: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = str(event["eventType"])
    found: Mapping[str, Any] = event.get(f"{kind[0].lower()}{kind[1:]}EventAttributes", {})
    return found


def _checked_class(workflow_class: Any) -> type[Workflow]:
    if not (isinstance(workflow_class, type) and issubclass(workflow_class, Workflow)):
        raise InvalidInput(f"SwfExecutor({workflow_class!r}): pass a class that inherits from Workflow")
    return workflow_class


def _checked_id(workflow_id: str) -> str:
    return check_swf_name("workflow_id", check_workflow_id(workflow_id))


def _domain(domain: str | None) -> str:
    found = domain or load_settings().swf_domain
    if not found:
        raise InvalidInput("no SWF domain: pass domain=..., or set SWF_DOMAIN")
    return found
