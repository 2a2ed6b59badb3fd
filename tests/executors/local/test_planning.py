"""A plan is held against the run that follows it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simpleflow_steps import LocalExecutor
from simpleflow_steps.events import ChildStarted, RunFinished, StepDecided
from simpleflow_steps.exceptions import AggregateException, TaskFailed
from simpleflow_steps.execution.plan import Plan, walk
from simpleflow_steps.storage import MemoryStorage
from tests.executors.local.programs import FAILING, Request, programs, requests, workflow_of

Where = tuple[str, str]


class Seen:
    """What one run did: the first decision on each step, the children, and how each execution ended."""

    def __init__(self) -> None:
        self.met: dict[Where, StepDecided] = {}
        self.started_in: dict[str, tuple[str, str | None]] = {}
        self.statuses: dict[str, str] = {}

    def follow(self, event: Any) -> None:
        match event:
            case StepDecided():
                self.met.setdefault((event.workflow_id, event.step), event)
            case ChildStarted():
                self.started_in[event.child_id] = (event.workflow_id, event.step)
            case RunFinished():
                self.statuses[event.workflow_id] = event.status


class History:
    """One execution of a random workflow, planned and run again and again."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.workflow = workflow_of("random", parts)
        self.storage = MemoryStorage()
        self.ever_met: set[Where] = set()

    def plan_and_run(self, request: Request) -> tuple[Plan, Seen]:
        """Plan a run, and then run it."""
        seen = Seen()
        FAILING.clear()
        FAILING.update(request.failing)
        arguments = {"storage": self.storage, "workflow_id": "w", **request.lists}
        before = self.storage.list()
        plan = LocalExecutor(self.workflow, **arguments).plan()
        assert list(self.storage.list()) == list(before)
        with suppress(TaskFailed, AggregateException):
            LocalExecutor(self.workflow, on_event=seen.follow, **arguments).run()
        return plan, seen

    def check(self, request: Request) -> None:
        """Run once more, and compare what happens with what the plan said."""
        plan, seen = self.plan_and_run(request)

        planned = {(each.workflow_id, step.name): step for each in walk(plan) for step in each.steps}
        surprises: set[Where] = set()
        for where, decided in seen.met.items():
            step = planned.get(where)
            if self._is_surprising(seen, decided, surprises):
                surprises.add(where)
            elif step is None:
                assert where not in self.ever_met, f"{where} was met before, and the plan does not name it"
                surprises.add(where)
            elif step.action != "unsure":
                said = (step.action, step.forced, step.reasons)
                assert said == ("run" if decided.run else "skip", decided.forced, decided.reasons), where
        self.ever_met |= seen.met.keys()

    def _is_surprising(self, seen: Seen, decided: StepDecided, surprises: set[Where]) -> bool:
        """Tell whether a step is inside one of which the plan could not know, or forced by one."""
        causes: set[Any] = {(decided.workflow_id, reason.removeprefix("Dep of ")) for reason in decided.reasons}
        around: Any = (decided.workflow_id, decided.within)
        while around is not None:
            causes.add(around)
            around = seen.started_in.get(around[0])
        return bool(surprises & causes)


@settings(max_examples=100, deadline=None)
@given(programs(), st.lists(requests, min_size=1, max_size=5))
def test_a_run_decides_every_step_as_its_plan_said(parts: tuple[Any, ...], history: list[Request]) -> None:
    execution = History(parts)

    for request in history:
        execution.check(request)
