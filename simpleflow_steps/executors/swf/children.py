"""The child workflows of a replayed run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from simpleflow_steps import codec
from simpleflow_steps.exceptions import EngineError, ExecutionRunning, TaskTimeout
from simpleflow_steps.executors.swf.attempts import SwfAttempts, encoded, failure_in
from simpleflow_steps.executors.swf.payloads import check_swf_name, check_swf_type
from simpleflow_steps.executors.swf.submission import settings_of, write_input

if TYPE_CHECKING:
    from simpleflow_steps.executors.swf.history import Event
    from simpleflow_steps.executors.swf.run import Run
    from simpleflow_steps.futures import Future
    from simpleflow_steps.task import ChildWorkflowTask

ENDS = {
    "ChildWorkflowExecutionCompleted",
    "ChildWorkflowExecutionFailed",
    "ChildWorkflowExecutionCanceled",
    "ChildWorkflowExecutionTerminated",
    "ChildWorkflowExecutionTimedOut",
    "StartChildWorkflowExecutionFailed",
}


class ChildAttempts(SwfAttempts):
    """Carry out a child workflow."""

    task: ChildWorkflowTask

    def __init__(self, execution: Run, task: ChildWorkflowTask, future: Future[Any], workflow_id: str) -> None:
        super().__init__(execution, task, future, execution.chronicle(task.name))
        check_swf_type("workflow", task.workflow.get_name(), task.workflow.version)
        execution.submission.list_for(task.workflow.task_list)
        self.workflow_id = check_swf_name("workflow_id", workflow_id)
        self.started = False
        self._arguments = encoded(task)
        self._launches = 0
        self._asked_to_end = False

    @property
    def label(self) -> str:
        """Give the child's id and how often it was started."""
        return f"{self._launches}-{self.workflow_id}"[:200].replace(":", "%3A").replace("|", "%7C")

    def retry(self) -> Any:
        """Give the workflow class's `retry`."""
        return self.task.workflow.retry

    def launch(self) -> None:
        """Start the child."""
        self._launches += 1
        self.started = self._asked_to_end = False
        self.execution.children.add(self)
        self.execution.meet(self.task.workflow)
        what = f"{self.workflow_id} {self.task.workflow.get_name()}"
        listen = partial(self._heard, self._launches, self.turn)
        self.execution.ask("StartChildWorkflowExecution", what, self._initiated, listen)

    def abandon(self) -> None:
        """Ask the child to stop; its parent does not end before it."""
        if self not in self.execution.children or self._asked_to_end:
            return
        self._asked_to_end = True
        receiver = self.workflow_id
        self.execution.ask("RequestCancelExternalWorkflowExecution", receiver, lambda: {"workflowId": receiver})

    def is_running(self) -> bool:
        """Ask the child to end, and wait for it to do so."""
        self.abandon()
        return self in self.execution.children

    def _initiated(self) -> dict[str, Any]:
        workflow, run = self.task.workflow, self.execution
        inherited = run.submission.model_copy(
            update={"target": codec.reference(workflow), "generation": 0, "letters": (), "storage": run.storage.url}
        )
        return {
            "workflowId": self.workflow_id,
            "workflowType": {"name": workflow.get_name(), "version": workflow.version},
            "input": run.payloads.write(write_input(self._arguments, inherited), self.workflow_id),
            **settings_of(workflow, inherited, self.task.args, self.task.kwargs),
        }

    def _heard(self, launch: int, turn: int, event: Event) -> None:
        if launch != self._launches:
            return
        if event.kind == "ChildWorkflowExecutionStarted" and not self.started:
            self.started = True
            self.execution.letters.greet(self.workflow_id)
        if event.kind in ENDS:
            self.execution.children.discard(self)
            if not self.is_over(turn):
                self._ended(event)

    def _ended(self, event: Event) -> None:
        match event.kind:
            case "ChildWorkflowExecutionCompleted":
                self._completed(event)
            case "ChildWorkflowExecutionFailed":
                self._raised(event)
            case "ChildWorkflowExecutionCanceled":
                self.future.set_cancelled(f"execution {self.workflow_id} was cancelled")
            case "ChildWorkflowExecutionTerminated":
                self.failed(EngineError(f"execution {self.workflow_id} was terminated"))
            case "ChildWorkflowExecutionTimedOut":
                self.failed(TaskTimeout("start_to_close", self.execution.submission.timeout))
            case _:
                self.failed(_not_started(self.workflow_id, str(event.facts.get("cause"))))

    def _completed(self, event: Event) -> None:
        try:
            answer = self.execution.read(event.facts.get("result"), f"the result of {self.task.name}")
            answer = answer if isinstance(answer, dict) else {"value": answer}
            result = codec.decode_result(answer.get("value"), answer.get("shape"))
        except Exception as error:  # noqa: BLE001  the user's types may raise anything
            self.failed(error)
            return
        if answer.get("stopped"):
            self.future.set_cancelled("the run is stopping")
            self.execution.stop()
        else:
            self.succeeded(result)

    def _raised(self, event: Event) -> None:
        self.failed(failure_in(self.execution, event, self.task.name))


def _not_started(workflow_id: str, cause: str) -> EngineError:
    if cause == "WORKFLOW_ALREADY_RUNNING":
        message = f"execution {workflow_id!r} is running already: give the child another get_workflow_id()"
        return ExecutionRunning(message, cause)
    return EngineError(f"SWF refused to start execution {workflow_id!r}: {cause}", cause)
