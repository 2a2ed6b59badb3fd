"""Replay a workflow over its history, to the decisions that follow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from simpleflow_steps import codec, log
from simpleflow_steps.events import RunFinished, RunStarted, event_of
from simpleflow_steps.exceptions import (
    ContinueAsNew,
    ExecutionBlocked,
    RunStopped,
    TaskCanceled,
)
from simpleflow_steps.execution.asked import no_order
from simpleflow_steps.execution.playing import WELL, play, report_unmatched, status_after, tell_end, told_of
from simpleflow_steps.executors.swf import failures
from simpleflow_steps.executors.swf.decisions import Decision, decision, first_of
from simpleflow_steps.executors.swf.run import Run
from simpleflow_steps.executors.swf.submission import Unread, read_input, settings_of, write_input
from simpleflow_steps.scope import inside
from simpleflow_steps.step.known import NOTHING_KNOWN
from simpleflow_steps.step.workflow import WorkflowStepMixin

if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable

    from simpleflow_steps.codec import Encoded
    from simpleflow_steps.events import Event
    from simpleflow_steps.executors.swf.history import History
    from simpleflow_steps.executors.swf.payloads import Payloads
    from simpleflow_steps.executors.swf.submission import Submission
    from simpleflow_steps.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ends: `status` as in `events.RunFinished`, with the encoded result or what was raised."""

    status: str
    result: Encoded | None = None
    raised: BaseException | None = None


def replay(
    workflow_class: type[Workflow],
    history: History,
    submission: Submission,
    payloads: Payloads,
    listener: Callable[[Event], object] | None = None,
    meet: Callable[[type[Workflow]], object] = id,
) -> list[Decision]:
    """Give the decisions that follow from a history.

    :param workflow_class: what the history is of
    :param payloads: over the storage that the submission names
    :param listener: called with each event that no earlier decision has told
    :param meet: called with the class of each child
    :raises HistoryMismatch: if the workflow's code does not match the history
    :raises StorageError: if a long text cannot be read or written
    """
    run = Run(workflow_class, history, submission, payloads, listener, meet)
    bound = log.bound(workflow_id=history.workflow_id, run_id=history.run_id)
    with bound, log.muted_while(lambda: run.replaying), inside():
        ending = _play(run)
        if run.trouble is not None:
            raise run.trouble
        return first_of(run.commands.new, None if ending is None else partial(_close, run, ending))


def _play(run: Run) -> Ending | None:
    """Play the workflow; None if it waits for what has not happened yet."""
    ending: Ending | None
    try:
        ending = Ending("completed", _result(run))
    except ExecutionBlocked:
        return None
    except (Exception, ContinueAsNew, RunStopped) as raised:  # noqa: BLE001  whatever it is, it ends the run
        ending = Ending(status_after(raised), raised=raised)
    if run.blocked:
        return None
    if ending.raised is not None and ending.status != "continued":
        try:
            run.close()
        except ExecutionBlocked:
            return None
    run.commands.end()
    _tell(run, ending)
    return ending


def _result(run: Run) -> Encoded:
    """Play the workflow to its end; a result or arguments that cannot be stored fail it before anybody is told."""
    args, kwargs = _begin(run)
    try:
        result = play(run, args, kwargs)
    except ContinueAsNew as following:
        _arguments(run, following)
        raise
    if run.blocked:
        raise ExecutionBlocked
    run.commands.end()
    encoded = codec.encode_result(result, type(run.workflow))
    # where there are children, a name may have matched a step of theirs
    report_unmatched(run, run.submission.asked(), is_root=run.parent_id is None and not run.occurrences)
    run.workflow.on_completed(run.history)
    return encoded


def _begin(run: Run) -> tuple[tuple[Any, ...], dict[str, Any]]:
    context = run.get_run_context()
    about = {"workflow": context["name"], "version": context["version"]}
    run.emit(event_of(run, RunStarted, parent_workflow_id=run.parent_id, **about))
    log.info("run started", workflow=context["name"])
    if isinstance(run.workflow, WorkflowStepMixin):
        asked = run.submission.asked()
        asked.tell(run.workflow.steering, run.workflow_id)
        for name in asked.without_order(NOTHING_KNOWN):
            log.warning(no_order(name), selector=name)
    document = run.read(run.past.started.facts.get("input"), f"the input of {run.workflow_id}")
    args, kwargs, _ = read_input(document, f"the input of {run.workflow_id}")
    return codec.decode_arguments(type(run.workflow), args, kwargs)


def _tell(run: Run, ending: Ending) -> None:
    """Tell the workflow and whoever follows how the run ended."""
    if ending.raised is not None:
        tell_end(run, ending.status, ending.raised)
    told = {} if ending.status in WELL else told_of(ending.raised)
    run.emit(event_of(run, RunFinished, status=ending.status, parent_workflow_id=run.parent_id, **told))
    log.info("run ended", status=ending.status)


def _close(run: Run, ending: Ending) -> Decision:
    match ending.raised:
        case ContinueAsNew() as following:
            return _continue(run, following)
        case TaskCanceled():
            return decision("CancelWorkflowExecution", {"details": str(ending.raised)[:1000]})
        case None | RunStopped():
            return _complete(run, ending)
        case raised:
            return _fail(run, raised)


def _complete(run: Run, ending: Ending) -> Decision:
    if ending.result is None:
        document: dict[str, Any] = {"value": None, "shape": None, "stopped": True}
    else:
        document = {"value": ending.result.value, "shape": ending.result.shape}
    return decision("CompleteWorkflowExecution", {"result": run.payloads.write(document, run.workflow_id)})


def _fail(run: Run, raised: BaseException) -> Decision:
    details = run.payloads.write(failures.describe(raised), run.workflow_id)
    return decision("FailWorkflowExecution", {"reason": failures.reason_of(raised), "details": details})


def _continue(run: Run, following: ContinueAsNew) -> Decision:
    workflow = type(run.workflow)
    bound, arguments = _arguments(run, following)
    unread = run.letters.unread(run.rest_of_history)
    following_submission = run.submission.model_copy(
        update={
            "generation": run.submission.generation + 1,
            "letters": tuple(Unread(name=letter.name, payload=letter.payload) for letter in unread),
        }
    )
    settings = settings_of(workflow, following_submission, bound.args, bound.kwargs)
    return decision(
        "ContinueAsNewWorkflowExecution",
        {
            "input": run.payloads.write(write_input(arguments, following_submission), run.workflow_id),
            "workflowTypeVersion": workflow.version,
            **settings,
        },
    )


def _arguments(run: Run, following: ContinueAsNew) -> tuple[inspect.BoundArguments, dict[str, Any]]:
    """Give the next run's arguments, and their JSON."""
    bound = codec.check_arguments(type(run.workflow), following.run_args, following.run_kwargs)
    return bound, codec.encode_arguments(bound.args, bound.kwargs)
