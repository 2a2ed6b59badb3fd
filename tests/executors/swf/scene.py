"""One execution on the simulated SWF, played decision by decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from simpleflow_steps import Workflow
from simpleflow_steps.executors.swf import Decider, SwfExecutor, Worker
from simpleflow_steps.executors.swf.decisions import Decision
from tests.executors.swf.simulated import SimulatedSwf

Facts = dict[str, Any]


def workflow_of(run: Callable[..., Any], **attributes: Any) -> type[Workflow]:
    return type("Flow", (Workflow,), {"run": run, **attributes})


class Scene:
    """Play the parts of decider and worker by hand."""

    def __init__(self, workflow: Any, *args: Any, page: int = 1000, **options: Any) -> None:
        self.swf: Any = SimulatedSwf(page=page)
        self.workflow = workflow if isinstance(workflow, type) else workflow_of(workflow)
        options = {"storage": f"memory://{uuid4().hex}", "workflow_id": "w", "client": self.swf, **options}
        self.executor = SwfExecutor(self.workflow, **options)
        self.decider = Decider(self.swf, [self.workflow])
        self.worker = Worker(self.swf)
        self.started = self.executor.start(*args)

    def decide(self, *, times: int = 1) -> None:
        """Have the next decision tasks decided."""
        for _ in range(times):
            assert self.decider.once()

    def work(self, *, times: int = 1) -> None:
        """Have the next activity tasks carried out."""
        for _ in range(times):
            assert self.worker.once()

    def with_code(self, run: Callable[..., Any]) -> Decider:
        """Give a decider with other code for the same workflow."""
        return Decider(self.swf, [workflow_of(run)])

    def task(self) -> Facts:
        """Take the next decision task, with its whole history."""
        task: Facts = self.swf.poll_decision("default")
        assert task["taskToken"]
        return task

    def result(self) -> Any:
        return self.executor.result(self.started, timeout=5)

    def events(self, kind: str = "") -> list[Facts]:
        """Give the attributes of the events of a kind."""
        found = self.swf.history("w", self.started.run_id)
        return [facts_of(event) for event in found if kind in ("", event["eventType"])]

    def kinds(self) -> list[str]:
        """Name the events but those of decision tasks."""
        found = (event["eventType"] for event in self.swf.history("w", self.started.run_id))
        return [kind for kind in found if not kind.startswith("DecisionTask")]


def facts_of(event: Facts) -> Facts:
    kind = event["eventType"]
    found: Facts = event[f"{kind[0].lower()}{kind[1:]}EventAttributes"]
    return found


def kinds_of(decisions: list[Decision]) -> list[str]:
    return [made["decisionType"] for made in decisions]
