"""What `sfs swf standalone` does."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from simpleflow_steps import log
from simpleflow_steps.activity import Activity
from simpleflow_steps.cli.conclusion import conclude
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.playing import Prepared, Request, asked, play
from simpleflow_steps.cli.swf.connection import connect
from simpleflow_steps.events import RunFinished
from simpleflow_steps.exceptions import EngineError
from simpleflow_steps.executors.swf import Decider, SwfExecutor, Worker
from simpleflow_steps.executors.swf.submission import TASK_LIST
from simpleflow_steps.settings import load_settings
from simpleflow_steps.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simpleflow_steps.events import Event
    from simpleflow_steps.executors.swf.executor import Started
    from simpleflow_steps.storage import Storage

CONCURRENCY = 4
AGAIN = "run the same command again"


@dataclass(frozen=True, slots=True)
class Trial:
    """A run of one workflow by threads of this process.

    :param grace: seconds that running activities have after a signal
    """

    executor: SwfExecutor
    storage: Storage
    on_event: Callable[[Event], None]
    grace: float
    concurrency: int

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run it to its end; a signal terminates it once its activities have ended."""
        deciders, workers = list(self._deciders()), list(self._workers())
        threads = [threading.Thread(target=_serve, args=(each,), daemon=True) for each in (*deciders, *workers)]
        started = None
        try:
            started = self.executor.start(*args, **kwargs)
            for thread in threads:
                thread.start()
            return self.executor.result(started)
        except KeyboardInterrupt:
            if started is not None:
                self._interrupt(started, workers, threads[len(deciders) :])
            raise
        finally:
            for decider in deciders:
                decider.stop()
            for worker in workers:
                worker.stop()

    def _interrupt(self, started: Started, workers: list[Worker], threads: list[threading.Thread]) -> None:
        deadline = time.monotonic() + self.grace
        try:
            for worker in workers:
                worker.stop()
            for thread in threads:
                thread.join(max(deadline - time.monotonic(), 0.0))
        finally:
            with suppress(EngineError):
                self.executor.client.terminate(started.workflow_id, started.run_id, "interrupted")
            ids = {"workflow_id": started.workflow_id, "run_id": started.run_id}
            self.on_event(RunFinished(**ids, at=datetime.now(UTC), status="interrupted"))

    def _deciders(self) -> Iterator[Decider]:
        """Make a decider for each list to which decisions on these workflows go."""
        workflow, own = self.executor.workflow_class, self.executor.submission.task_list
        beside = [value for value in _beside(workflow) if isinstance(value, type) and issubclass(value, Workflow)]
        lists = {own, *(each.task_list for each in (workflow, *beside))} - {None}
        for task_list in sorted(filter(None, lists)):
            yield Decider(
                self.executor.client, [workflow], task_list=task_list, storage=self.storage, on_event=self.on_event
            )

    def _workers(self) -> Iterator[Worker]:
        """Make a worker for each list to which these activities go."""
        own = self.executor.submission.task_list
        named = {value.task_list for value in _beside(self.executor.workflow_class) if isinstance(value, Activity)}
        for task_list in sorted(filter(None, {own, *(named - {TASK_LIST})})):
            yield Worker(self.executor.client, task_list=task_list, concurrency=self.concurrency, storage=self.storage)


def try_out(
    grace: float | None,
    max_workers: int | None,
    domain: str | None,
    region: str | None,
    target: str,
    words: tuple[str, ...],
    given: str | None,
    **options: Any,
) -> int:
    """Run a workflow on SWF, tell how it ended as `sfs run` does, and give the exit code."""
    timeouts = {name: options.pop(name) for name in ("execution_timeout", "decision_timeout", "worker_timeout")}
    workflow_id, task_list = options.pop("workflow_id"), options.pop("task_list")
    request = Request(**options, plan=False, max_workers=max_workers, on_conflict="fail", lease_ttl=None, grace=grace)

    def make(request: Request, prepared: Prepared, on_event: Callable[[Event], None]) -> Trial:
        given = {"timeout": timeouts["execution_timeout"], **{k: timeouts[k] for k in list(timeouts)[1:]}}
        storage = open_place(request.storage)
        executor = SwfExecutor(
            prepared.workflow,
            client=connect(domain, region),
            storage=storage,
            workflow_id=prepared.workflow_id,
            task_list=task_list or f"standalone-{uuid4().hex}",
            **request.lists,
            **{name: value for name, value in given.items() if value is not None},
        )
        seconds = load_settings().grace_period if request.grace is None else request.grace
        return Trial(executor, storage, on_event, seconds, request.max_workers or CONCURRENCY)

    outcome = play(request, lambda: asked(target, words, given, workflow_id), make)
    return conclude(request, *outcome, again=AGAIN)


def _serve(server: Decider | Worker) -> None:
    try:
        server.run()
    except EngineError as error:
        log.error(f"it serves no more: {error}", error=str(error))


def _beside(workflow: type[Workflow]) -> list[Any]:
    return list(vars(sys.modules[workflow.__module__]).values())
