"""SWF in this process, for what moto and LocalStack lack: children, external signals, cancellation, going on as new.

It has the methods of `SwfClient`. Its histories follow the SWF API reference: every event and every decision is checked
against the API's own model, names, required members and lengths. It shows that deciders and workers fit that text; it
cannot show that the text is right.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from simpleflow_steps.exceptions import EngineError, ExecutionNotFound, ExecutionRunning
from tests.executors.swf.shapes import check

Facts = dict[str, Any]
WAIT = 0.2  # seconds for which a poll stays open
HASTE = 20  # a timer's second takes so much less


def _key(kind: str) -> str:
    return f"{kind[0].lower()}{kind[1:]}"


class Execution:
    """One run, with its history."""

    def __init__(
        self, swf: SimulatedSwf, workflow_id: str, started: Facts, parent: tuple[Execution, int] | None
    ) -> None:
        self.swf, self.workflow_id, self.parent = swf, workflow_id, parent
        self.run_id = uuid4().hex
        self.name = {"workflowId": workflow_id, "runId": self.run_id}
        self.type, self.task_list = started["workflowType"], started["taskList"]
        self.policy = started["childPolicy"]
        self.started = started
        self.events: list[Facts] = []
        self.closed = False
        self.token: str | None = None
        self.scheduled = 0
        self.dirty = False
        self.previous = 0
        self.begun: Facts = {}
        self.activities: dict[str, Facts] = {}
        self.timers: dict[str, int] = {}
        self.children: dict[str, Execution] = {}
        self.add("WorkflowExecutionStarted", **started)
        self.wake()

    def add(self, kind: str, **facts: Any) -> int:
        """Add an event and give its id."""
        attributes = {name: value for name, value in facts.items() if value is not None}
        event = {
            "eventId": len(self.events) + 1,
            "eventType": kind,
            "eventTimestamp": datetime.now(UTC),
            f"{_key(kind)}EventAttributes": attributes,
        }
        check(event, "HistoryEvent")
        self.events.append(event)
        return len(self.events)

    def tell(self, kind: str, **facts: Any) -> int:
        """Add an event that the workflow has to hear of."""
        found = self.add(kind, **facts)
        self.wake()
        return found

    def wake(self) -> None:
        """Schedule a decision task, unless there is one; if one has begun, once it ends."""
        if self.token is not None:
            self.dirty = True
        elif not self.scheduled and not self.closed:
            self.scheduled = self.add("DecisionTaskScheduled", taskList=self.task_list)
        self.swf.changed.notify_all()

    def begin(self) -> Facts:
        """Hand the decision task out."""
        began = self.add("DecisionTaskStarted", scheduledEventId=self.scheduled)
        self.token, self.dirty = f"{self.run_id}:{began}", False
        self.begun = {"scheduledEventId": self.scheduled, "startedEventId": began}
        self.scheduled = 0
        previous, self.previous = self.previous, began
        return {"taskToken": self.token, "workflowExecution": self.name, "workflowType": self.type,
                "startedEventId": began, "previousStartedEventId": previous}  # fmt: skip

    def decide(self, decisions: list[Facts]) -> None:
        self.token = None
        completed = self.add("DecisionTaskCompleted", **self.begun)
        for each in decisions:
            check(each, "Decision")
            kind = each["decisionType"]
            getattr(self, f"_{kind}")(each[f"{_key(kind)}DecisionAttributes"], completed)
        if self.dirty:
            self.dirty = False
            self.wake()

    def close(self, kind: str, closing: str | None = None, **facts: Any) -> bool:
        """End the run, unless something has happened that its decider has not seen."""
        if closing is not None and self.dirty:
            of = facts["decisionTaskCompletedEventId"]
            self.add(f"{closing}Failed", cause="UNHANDLED_DECISION", decisionTaskCompletedEventId=of)
            return False
        self.add(kind, **facts)
        self._drop()
        return True

    def _drop(self) -> None:
        """Close what is open in it."""
        self.closed = True
        self.activities.clear()
        self.swf.activities[:] = [task for task in self.swf.activities if task["run"] is not self]
        self.swf.changed.notify_all()

    def tell_parent(self, kind: str, **facts: Any) -> None:
        if self.parent is None or self.parent[0].closed:
            return
        parent, initiated = self.parent
        parent.children.pop(self.workflow_id, None)
        facts |= {"initiatedEventId": initiated, "startedEventId": self.started_for_parent}
        parent.tell(kind, workflowExecution=self.name, workflowType=self.type, **facts)

    started_for_parent = 0

    def _ScheduleActivityTask(self, asked: Facts, of: int) -> None:  # noqa: N802
        facts = {**asked, "decisionTaskCompletedEventId": of}
        scheduled = self.add("ActivityTaskScheduled", **facts)
        task = {**asked, "scheduled": scheduled, "token": f"{self.run_id}:{asked['activityId']}", "run": self}
        task |= {"started": 0, "cancel": False}
        self.activities[asked["activityId"]] = task
        for kind in ("scheduleToStart", "scheduleToClose"):
            self._watch(task, kind, asked.get(f"{kind}Timeout", "NONE"))
        self.swf.activities.append(task)
        self.swf.changed.notify_all()

    def begin_activity(self, task: Facts) -> Facts:
        task["started"] = self.add("ActivityTaskStarted", scheduledEventId=task["scheduled"])
        task["beat"] = time.monotonic()
        self._watch(task, "startToClose", task.get("startToCloseTimeout", "NONE"))
        self._watch_heartbeat(task)
        told = {name: task[name] for name in ("activityId", "activityType", "input") if name in task}
        return {"taskToken": task["token"], "startedEventId": task["started"], "workflowExecution": self.name, **told}

    def _watch(self, task: Facts, kind: str, seconds: str) -> None:
        if seconds == "NONE":
            return

        def late() -> None:
            if self.activities.get(task["activityId"]) is task and not (kind == "scheduleToStart" and task["started"]):
                self.time_out(task, _upper(kind))

        self.swf.later(float(seconds), late)

    def _watch_heartbeat(self, task: Facts) -> None:
        seconds = task.get("heartbeatTimeout", "NONE")
        if seconds == "NONE":
            return

        def late() -> None:
            if self.activities.get(task["activityId"]) is not task:
                return
            left = task["beat"] + float(seconds) - time.monotonic()
            if left > 0:
                self.swf.later(left, late)
            else:
                self.time_out(task, "HEARTBEAT")

        self.swf.later(float(seconds), late)

    def time_out(self, task: Facts, kind: str) -> None:
        self.end_activity(task, "ActivityTaskTimedOut", timeoutType=kind)

    def end_activity(self, task: Facts, kind: str, **facts: Any) -> None:
        del self.activities[task["activityId"]]
        if task in self.swf.activities:
            self.swf.activities.remove(task)
        self.tell(kind, scheduledEventId=task["scheduled"], startedEventId=task["started"], **facts)

    def _RequestCancelActivityTask(self, asked: Facts, of: int) -> None:  # noqa: N802
        facts = {"activityId": asked["activityId"], "decisionTaskCompletedEventId": of}
        task = self.activities.get(asked["activityId"])
        if task is None:
            self.tell("RequestCancelActivityTaskFailed", cause="ACTIVITY_ID_UNKNOWN", **facts)
            return
        requested = self.add("ActivityTaskCancelRequested", **facts)
        task["cancel"] = True
        if not task["started"]:
            self.end_activity(task, "ActivityTaskCanceled", latestCancelRequestedEventId=requested)

    def _StartTimer(self, asked: Facts, of: int) -> None:  # noqa: N802
        timer = asked["timerId"]
        if timer in self.timers:
            facts = {"timerId": timer, "decisionTaskCompletedEventId": of}
            self.tell("StartTimerFailed", cause="TIMER_ID_ALREADY_IN_USE", **facts)
            return
        started = self.timers[timer] = self.add("TimerStarted", **asked, decisionTaskCompletedEventId=of)

        def fire() -> None:
            if not self.closed and self.timers.get(timer) == started:
                del self.timers[timer]
                self.tell("TimerFired", timerId=timer, startedEventId=started)

        self.swf.later(float(asked["startToFireTimeout"]) / HASTE, fire)

    def _CancelTimer(self, asked: Facts, of: int) -> None:  # noqa: N802
        facts = {"timerId": asked["timerId"], "decisionTaskCompletedEventId": of}
        started = self.timers.pop(asked["timerId"], None)
        if started is None:
            self.tell("CancelTimerFailed", cause="TIMER_ID_UNKNOWN", **facts)
        else:
            self.add("TimerCanceled", startedEventId=started, **facts)

    def _RecordMarker(self, asked: Facts, of: int) -> None:  # noqa: N802
        self.add("MarkerRecorded", **asked, decisionTaskCompletedEventId=of)

    def _StartChildWorkflowExecution(self, asked: Facts, of: int) -> None:  # noqa: N802
        kind, child_id = asked["workflowType"], asked["workflowId"]
        facts = {"workflowId": child_id, "workflowType": kind, "decisionTaskCompletedEventId": of}
        initiated = self.add("StartChildWorkflowExecutionInitiated", **{**asked, "decisionTaskCompletedEventId": of})
        if self.swf.open_run(child_id) is not None:
            cause = "WORKFLOW_ALREADY_RUNNING"
            self.tell("StartChildWorkflowExecutionFailed", cause=cause, initiatedEventId=initiated, **facts)
            return
        parent = {"parentWorkflowExecution": self.name, "parentInitiatedEventId": initiated}
        child = self.swf.begin(child_id, {**_start_facts(asked), **parent}, (self, initiated))
        self.children[child_id] = child
        started = self.tell(
            "ChildWorkflowExecutionStarted", workflowExecution=child.name, workflowType=kind, initiatedEventId=initiated
        )
        child.started_for_parent = started

    def _SignalExternalWorkflowExecution(self, asked: Facts, of: int) -> None:  # noqa: N802
        initiated = self.add("SignalExternalWorkflowExecutionInitiated", **asked, decisionTaskCompletedEventId=of)
        receiver = self.swf.open_run(asked["workflowId"])
        if receiver is None:
            facts = {
                "workflowId": asked["workflowId"],
                "initiatedEventId": initiated,
                "decisionTaskCompletedEventId": of,
            }
            cause = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
            self.tell("SignalExternalWorkflowExecutionFailed", cause=cause, **facts)
            return
        signal = {"signalName": asked["signalName"], "input": asked.get("input")}
        receiver.tell(
            "WorkflowExecutionSignaled",
            externalWorkflowExecution=self.name,
            externalInitiatedEventId=initiated,
            **signal,
        )
        self.tell("ExternalWorkflowExecutionSignaled", workflowExecution=receiver.name, initiatedEventId=initiated)

    def _RequestCancelExternalWorkflowExecution(self, asked: Facts, of: int) -> None:  # noqa: N802
        facts = {**asked, "decisionTaskCompletedEventId": of}
        initiated = self.add("RequestCancelExternalWorkflowExecutionInitiated", **facts)
        receiver = self.swf.open_run(asked["workflowId"])
        if receiver is None:
            cause = "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
            self.tell("RequestCancelExternalWorkflowExecutionFailed", cause=cause, initiatedEventId=initiated, **facts)
            return
        receiver.tell(
            "WorkflowExecutionCancelRequested", externalWorkflowExecution=self.name, externalInitiatedEventId=initiated
        )
        self.tell(
            "ExternalWorkflowExecutionCancelRequested", workflowExecution=receiver.name, initiatedEventId=initiated
        )

    def _CompleteWorkflowExecution(self, asked: Facts, of: int) -> None:  # noqa: N802
        facts = {**asked, "decisionTaskCompletedEventId": of}
        if self.close("WorkflowExecutionCompleted", "CompleteWorkflowExecution", **facts):
            self.tell_parent("ChildWorkflowExecutionCompleted", **asked)

    def _FailWorkflowExecution(self, asked: Facts, of: int) -> None:  # noqa: N802
        facts = {**asked, "decisionTaskCompletedEventId": of}
        if self.close("WorkflowExecutionFailed", "FailWorkflowExecution", **facts):
            self.tell_parent("ChildWorkflowExecutionFailed", **asked)

    def _CancelWorkflowExecution(self, asked: Facts, of: int) -> None:  # noqa: N802
        facts = {**asked, "decisionTaskCompletedEventId": of}
        if self.close("WorkflowExecutionCanceled", "CancelWorkflowExecution", **facts):
            self.tell_parent("ChildWorkflowExecutionCanceled", **asked)

    def _ContinueAsNewWorkflowExecution(self, asked: Facts, of: int) -> None:  # noqa: N802
        following = {**self.started, **{name: asked[name] for name in asked if name != "workflowTypeVersion"}}
        following |= {"workflowType": {**self.type, "version": asked["workflowTypeVersion"]}}
        following |= {"continuedExecutionRunId": self.run_id}
        shown = {name: following[name] for name in _CONTINUED if name in following}
        if self.dirty:
            self.close("", "ContinueAsNewWorkflowExecution", decisionTaskCompletedEventId=of)
            return
        self._drop()
        new = self.swf.begin(self.workflow_id, following, self.parent)
        new.started_for_parent = self.started_for_parent
        if self.parent is not None:
            self.parent[0].children[self.workflow_id] = new
        self.add(
            "WorkflowExecutionContinuedAsNew", newExecutionRunId=new.run_id, decisionTaskCompletedEventId=of, **shown
        )


_CONTINUED = ("input", "executionStartToCloseTimeout", "taskList", "taskPriority", "taskStartToCloseTimeout",
              "childPolicy", "tagList", "workflowType")  # fmt: skip


def _upper(kind: str) -> str:
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in kind)


def _start_facts(asked: Facts) -> Facts:
    names = ("workflowType", *_CONTINUED)
    return {"parentInitiatedEventId": 0, **{name: asked[name] for name in names if name in asked}}


class SimulatedSwf:
    """A domain.

    :param page: how many events a page of a decision task holds
    """

    def __init__(self, page: int = 1000) -> None:
        self.domain, self.identity, self.page = "simulated", "simulated", page
        self.changed = threading.Condition(threading.RLock())
        self.activities: list[Facts] = []
        self.runs: list[Execution] = []
        self.types: set[tuple[str, str, str]] = set()
        self._alarms: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        self._alarms.append((time.monotonic() + seconds, next(self._numbers), action))

    def open_run(self, workflow_id: str, run_id: str | None = None) -> Execution | None:
        found = (run for run in self.runs if run.workflow_id == workflow_id and not run.closed)
        return next((run for run in found if run_id in (None, run.run_id)), None)

    def begin(self, workflow_id: str, facts: Facts, parent: tuple[Execution, int] | None = None) -> Execution:
        self.runs.append(Execution(self, workflow_id, facts, parent))
        return self.runs[-1]

    def start(self, workflow_id: str, name: str, version: str, text: str, settings: Facts) -> str:
        given = {key: value for key, value in settings.items() if value is not None}
        asked = {"workflowType": {"name": name, "version": version}, "input": text, **given}
        check({"domain": self.domain, "workflowId": workflow_id, **asked}, "StartWorkflowExecutionInput")
        with self.changed:
            if self.open_run(workflow_id) is not None:
                raise ExecutionRunning(f"{workflow_id} is open", "WorkflowExecutionAlreadyStartedFault")
            return self.begin(workflow_id, _start_facts(asked)).run_id

    def poll_decision(self, task_list: str, page: str | None = None) -> Facts:
        with self.changed:
            if page is not None:
                run_id, _, offset = page.partition(":")
                return self._page(self._run(run_id), {}, int(offset))
            found = self._wait(lambda: self._decidable(task_list))
            return {} if found is None else self._page(found, found.begin(), 0)

    def decide(self, token: str, decisions: list[Facts]) -> None:
        check(decisions, "DecisionList")
        assert len(decisions) <= 100
        with self.changed:
            run = self._run(token.partition(":")[0])
            if run.token != token or run.closed:
                raise ExecutionNotFound(f"decision task {token} is over", "UnknownResourceFault")
            run.decide(decisions)

    def poll_activity(self, task_list: str) -> Facts:
        with self.changed:
            found = self._wait(lambda: next((t for t in self.activities if t["taskList"]["name"] == task_list), None))
            if found is None:
                return {}
            self.activities.remove(found)
            return {name: value for name, value in found["run"].begin_activity(found).items() if value is not None}

    def complete(self, token: str, result: str) -> None:
        with self.changed:
            run, task = self._activity(token)
            run.end_activity(task, "ActivityTaskCompleted", result=result)

    def fail(self, token: str, reason: str, details: str) -> None:
        with self.changed:
            run, task = self._activity(token)
            run.end_activity(task, "ActivityTaskFailed", reason=reason, details=details)

    def cancel_activity(self, token: str, details: str) -> None:
        with self.changed:
            run, task = self._activity(token)
            assert task["cancel"], "SWF refuses the cancellation of an activity if it was not requested"
            run.end_activity(task, "ActivityTaskCanceled", details=details)

    def heartbeat(self, token: str, details: str = "") -> bool:
        with self.changed:
            _, task = self._activity(token)
            task["beat"] = time.monotonic()
            return bool(task["cancel"])

    def signal(self, workflow_id: str, name: str, text: str, run_id: str | None = None) -> None:
        with self.changed:
            self._open(workflow_id, run_id).tell("WorkflowExecutionSignaled", signalName=name, input=text)

    def request_cancel(self, workflow_id: str, run_id: str | None = None) -> None:
        with self.changed:
            self._open(workflow_id, run_id).tell("WorkflowExecutionCancelRequested")

    def terminate(self, workflow_id: str, run_id: str | None = None, reason: str = "") -> None:
        with self.changed:
            run = self._open(workflow_id, run_id)
            facts = {"reason": reason, "childPolicy": run.policy, "cause": "OPERATOR_INITIATED"}
            run.close("WorkflowExecutionTerminated", **facts)
            run.tell_parent("ChildWorkflowExecutionTerminated")

    def history(self, workflow_id: str, run_id: str, *, newest_first: bool = False) -> Iterator[Facts]:
        with self.changed:
            events = list(self._run(run_id).events)
        return iter(reversed(events) if newest_first else events)

    def register_type(self, kind: str, name: str, version: str) -> bool:
        self.types.add((kind, name, version))
        return True

    def _page(self, run: Execution, task: Facts, offset: int) -> Facts:
        """Give the events up to that which began the task."""
        events = run.events[: run.previous]
        more = {"nextPageToken": f"{run.run_id}:{offset + self.page}"} if offset + self.page < len(events) else {}
        return {**task, "events": events[offset : offset + self.page], **more}

    def _decidable(self, task_list: str) -> Execution | None:
        waiting = (run for run in self.runs if run.scheduled and run.token is None and not run.closed)
        return next((run for run in waiting if run.task_list["name"] == task_list), None)

    def _wait(self, find: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + WAIT
        while True:
            self._ring()
            if (found := find()) is not None or time.monotonic() >= deadline:
                return found
            self.changed.wait(min([0.05, *(max(0.0, due - time.monotonic()) for due, _, _ in self._alarms)]))

    def _ring(self) -> None:
        for alarm in sorted(alarm for alarm in self._alarms if alarm[0] <= time.monotonic()):
            self._alarms.remove(alarm)
            alarm[2]()

    def _run(self, run_id: str) -> Execution:
        found = next((run for run in self.runs if run.run_id == run_id), None)
        if found is None:
            raise EngineError(f"no run {run_id}")
        return found

    def _open(self, workflow_id: str, run_id: str | None) -> Execution:
        found = self.open_run(workflow_id, run_id)
        if found is None:
            raise ExecutionNotFound(f"{workflow_id} is not open", "UnknownResourceFault")
        return found

    def _activity(self, token: str) -> tuple[Execution, Facts]:
        run_id, _, activity_id = token.partition(":")
        run = self._run(run_id)
        task = run.activities.get(activity_id)
        if run.closed or task is None:
            raise ExecutionNotFound(f"activity {token} is over", "UnknownResourceFault")
        return run, task
