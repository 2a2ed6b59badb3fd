"""Run a workflow in a test."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from simpleflow_steps.execution.lease import LONGEST_TTL
from simpleflow_steps.executors.local import LocalExecutor
from simpleflow_steps.storage.memory import MemoryStorage
from simpleflow_steps.testing.clock import ManualClock
from simpleflow_steps.testing.pool import WorkPool
from simpleflow_steps.testing.steplog import StepLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simpleflow_steps.events import Event
    from simpleflow_steps.storage import Storage
    from simpleflow_steps.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a run: what it returned, and what it did with its steps."""

    result: Any
    log: StepLog


@dataclass(frozen=True)
class Runner:
    """Run workflows, as often as you like, on one storage and one clock.

        run = Runner()
        assert run(Daily, "2026-11-20").result == 42
        run.options(force=["report"])(Daily, "2026-11-20").log.assert_forced("report")

    :param storage: where the objects live
    :param clock: the time
    :param given: more arguments of `LocalExecutor`
    """

    storage: Storage = field(default_factory=MemoryStorage)
    clock: ManualClock = field(default_factory=lambda: ManualClock(auto=True))
    given: Mapping[str, Any] = field(default_factory=dict)

    def options(self, **options: Any) -> Runner:
        """Make a runner that gives `LocalExecutor` these arguments too.

        A run that raises returns no log: pass your own as `on_event=log` to look at it.
        """
        return replace(self, given={**self.given, **options})

    def __call__(self, workflow_class: type[Workflow], /, *args: Any, **kwargs: Any) -> Played:
        """Run a workflow with this input to its end; what it raises is raised."""
        log = StepLog()
        pool = WorkPool(self.clock, self.given.get("max_workers"))
        given = {"storage": self.storage, "clock": self.clock, "pool": pool, "lease_ttl": LONGEST_TTL, **self.given}
        given["on_event"] = _both(log, given.get("on_event"))
        try:
            return Played(LocalExecutor(workflow_class, **given).run(*args, **kwargs), log)
        finally:
            pool.shutdown(wait=False)


def _both(log: StepLog, other: Callable[[Event], object] | None) -> Callable[[Event], object]:
    def hear(event: Event) -> None:
        log(event)
        if other is not None:
            other(event)

    return hear
