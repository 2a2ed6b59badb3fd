"""The decider: it polls decision tasks, replays workflows, and responds with what follows."""

from __future__ import annotations

from threading import Event as Flag
from typing import TYPE_CHECKING, Any, Literal

from simpleflow_steps import codec, log
from simpleflow_steps.codec import UnknownTarget
from simpleflow_steps.exceptions import (
    EngineDenied,
    EngineError,
    ExecutionNotFound,
    HistoryMismatch,
    InvalidInput,
    SimpleflowStepsError,
)
from simpleflow_steps.executors.swf import failures
from simpleflow_steps.executors.swf.decisions import decision, types_in
from simpleflow_steps.executors.swf.history import History, read_events
from simpleflow_steps.executors.swf.payloads import FIELD_LIMIT, Stores
from simpleflow_steps.executors.swf.registration import Registrar
from simpleflow_steps.executors.swf.replay import replay
from simpleflow_steps.executors.swf.submission import read_input
from simpleflow_steps.executors.swf.workload import Workload
from simpleflow_steps.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from simpleflow_steps.events import Event
    from simpleflow_steps.executors.swf.client import SwfClient
    from simpleflow_steps.executors.swf.decisions import Decision
    from simpleflow_steps.executors.swf.submission import Submission
    from simpleflow_steps.storage import Storage

PAUSE = 5.0  # seconds before SWF is asked again after it could not be reached


class Decider:
    """Decide what follows in executions whose decision tasks are in one task list.

    Any number of deciders may share a task list: SWF gives an execution's task to one at a time, and refuses an answer
    that comes too late.

    :param client: the requests to SWF
    :param workflows: the workflows; their children, and those that are imported, are found without being named
    :param task_list: whose tasks it polls
    :param storage: that of executions that name none; what the environment says, if None
    :param on_event: called with every `simpleflow_steps.events.Event`, once, unless this decider is lost on the way
    :param on_mismatch: if a workflow's code does not match the history of an execution any more: `"wait"`, which leaves
        the execution as it is, for a decider with the code that it began with; or `"fail"` the execution
    """

    def __init__(
        self,
        client: SwfClient,
        workflows: Iterable[type[Workflow]] = (),
        *,
        task_list: str = "default",
        storage: Storage | None = None,
        on_event: Callable[[Event], object] | None = None,
        on_mismatch: Literal["wait", "fail"] = "wait",
    ) -> None:
        if on_mismatch not in ("wait", "fail"):
            raise InvalidInput(f"on_mismatch={on_mismatch!r}: pass 'wait' or 'fail'")
        self.task_list = task_list
        self._client = client
        self._stores = Stores(storage)
        self._registrar = Registrar(client)
        self._workflows = {(each.get_name(), each.version): each for each in workflows}
        self._on_event = on_event
        self._fails_on_mismatch = on_mismatch == "fail"
        self._stopping = Flag()
        self.workload = Workload()

    def run(self) -> None:
        """Decide until `stop` is called.

        :raises EngineDenied: if SWF refuses the credentials
        :raises ExecutionNotFound: if SWF does not know the domain
        """
        while not self._stopping.is_set():
            try:
                self.once()
            except (EngineDenied, ExecutionNotFound):
                raise
            except EngineError as error:
                log.warning(f"the decider goes on in {PAUSE:g} s: {error}", error=str(error))
                self._stopping.wait(PAUSE)

    def stop(self) -> None:
        """Have `run` end after the task at hand; call it from anywhere, a signal handler too."""
        self._stopping.set()

    def once(self) -> bool:
        """Poll, and decide one task if there is any; tell whether there was."""
        task = self._poll()
        if task is None:
            return False
        if self.workload.begin():
            try:
                self._answer(task)
            finally:
                self.workload.end()
        return True

    def _answer(self, task: dict[str, Any]) -> None:
        decisions = self._decisions(task)
        if decisions is None:
            return
        try:
            self._registrar.ensure(types_in(decisions))
            self._client.decide(task["taskToken"], decisions)
        except ExecutionNotFound as error:
            log.info(f"a decision came too late, which does no harm: {error}", **_who(task))
        except EngineDenied:
            raise
        except (EngineError, InvalidInput) as error:
            log.error(f"SWF refuses the decisions: {error}", error=str(error), **_who(task))

    def decide(self, task: dict[str, Any]) -> list[Decision]:
        """Give the decisions that follow from a task with its whole history.

        :param task: as `PollForDecisionTask` gives it
        :raises HistoryMismatch: if the workflow's code does not match it
        """
        execution = task["workflowExecution"]
        replayed = int(task.get("previousStartedEventId") or 0)
        events = read_events(task["events"])
        history = History(execution["workflowId"], execution["runId"], events, replayed)
        text = history.started.facts.get("input")
        payloads = self._stores.of(text)
        _, _, submission = read_input(payloads.read(text, "the input"), f"the input of {history.workflow_id}")
        if submission.storage is not None:
            payloads = self._stores.at(submission.storage)
        workflow = self._workflow(task["workflowType"], submission)
        return replay(workflow, history, submission, payloads, self._on_event, self._meet)

    def _meet(self, workflow: type[Workflow]) -> None:
        self._workflows.setdefault((workflow.get_name(), workflow.version), workflow)

    def _poll(self) -> dict[str, Any] | None:
        """Get a task and every page of its history."""
        task = self._client.poll_decision(self.task_list)
        if not task.get("taskToken"):
            return None
        events, page = list(task["events"]), task.get("nextPageToken")
        while page:
            try:
                following = self._client.poll_decision(self.task_list, page)
            except ExecutionNotFound as error:
                log.info(f"a task was over before its history was read: {error}", **_who(task))
                return None
            events += following["events"]
            page = following.get("nextPageToken")
        return {**task, "events": events}

    def _decisions(self, task: dict[str, Any]) -> list[Decision] | None:
        """Decide; None if the task is to be left to another decider, or to this one after its time-out."""
        try:
            return self.decide(task)
        except HistoryMismatch as error:
            log.error(f"{task['workflowExecution']['workflowId']}: {error}", error=str(error), **_who(task))
            return [_failing(error)] if self._fails_on_mismatch else None
        except SimpleflowStepsError as error:
            log.error(f"nothing can be decided now, it is tried again: {error}", error=str(error), **_who(task))
        except Exception as error:  # noqa: BLE001  one execution must not end the decider of all others
            log.error(f"nothing can be decided: {error!r}", error=repr(error), exc_info=True, **_who(task))
        return None

    def _workflow(self, kind: dict[str, str], submission: Submission) -> type[Workflow]:
        """Find the class of a workflow type: among those given, else among the modules that are imported."""
        name, version = kind["name"], kind["version"]
        found = self._workflows.get((name, version))
        if found is None and submission.target:
            try:
                found = codec.resolve(submission.target)
            except UnknownTarget:
                found = None
        fits = isinstance(found, type) and issubclass(found, Workflow)
        if found is None or not fits or (found.get_name(), found.version) != (name, version):
            raise InvalidInput(f"this decider has no workflow {name!r} version {version!r}: start it with its module")
        return found


def _failing(error: HistoryMismatch) -> Decision:
    details = str(error)[:FIELD_LIMIT]
    return decision("FailWorkflowExecution", {"reason": failures.reason_of(error), "details": details})


def _who(task: dict[str, Any]) -> dict[str, str]:
    execution = task["workflowExecution"]
    return {"workflow_id": execution["workflowId"], "run_id": execution["runId"]}
