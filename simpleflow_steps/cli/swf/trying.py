"""What `sfs swf standalone` does."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simpleflow_steps import log
from simpleflow_steps.cli.conclusion import conclude
from simpleflow_steps.cli.playing import Prepared, Request, asked, play
from simpleflow_steps.cli.swf.connection import connect
from simpleflow_steps.events import RunFinished
from simpleflow_steps.exceptions import EngineError
from simpleflow_steps.executors.swf import Decider, SwfExecutor, Worker
from simpleflow_steps.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.events import Event
    from simpleflow_steps.executors.swf.executor import Started

CONCURRENCY = 4
AGAIN = "run the same command again"


@dataclass(frozen=True, slots=True)
class Trial:
    """A run of one workflow by threads of this process.

    :param executor: has a task list of its own
    :param grace: seconds that running activities have after a signal
    """

    executor: SwfExecutor
    on_event: Callable[[Event], None]
    grace: float
    concurrency: int

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run it to its end; a signal terminates it once its activities have ended."""
        client, storage = self.executor.client, self.executor.storage
        task_list = self.executor.submission.list_for(None)
        workflows = [self.executor.workflow_class]
        decider = Decider(client, workflows, task_list=task_list, storage=storage, on_event=self.on_event)
        worker = Worker(client, task_list=task_list, concurrency=self.concurrency, storage=storage)
        working = threading.Thread(target=_serve, args=(worker,), daemon=True)
        started = self.executor.start(*args, **kwargs)
        try:
            threading.Thread(target=_serve, args=(decider,), daemon=True).start()
            working.start()
            return self.executor.result(started)
        except KeyboardInterrupt:
            try:
                worker.stop()
                working.join(self.grace)
            finally:
                self._terminate(started)
            raise
        finally:
            decider.stop()
            worker.stop()

    def _terminate(self, started: Started) -> None:
        with suppress(EngineError):
            self.executor.client.terminate(started.workflow_id, started.run_id, "interrupted")
        ids = {"workflow_id": started.workflow_id, "run_id": started.run_id}
        self.on_event(RunFinished(**ids, at=datetime.now(UTC), status="interrupted"))


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
    workflow_id = options.pop("workflow_id")
    request = Request(**options, plan=False, max_workers=max_workers, on_conflict="fail", lease_ttl=None, grace=grace)

    def make(request: Request, prepared: Prepared, on_event: Callable[[Event], None]) -> Trial:
        given = {"timeout": timeouts["execution_timeout"], **{k: timeouts[k] for k in list(timeouts)[1:]}}
        executor = SwfExecutor(
            prepared.workflow,
            client=connect(domain, region),
            storage=request.storage,
            workflow_id=prepared.workflow_id,
            **request.lists,
            **{name: value for name, value in given.items() if value is not None},
        )
        seconds = load_settings().grace_period if request.grace is None else request.grace
        return Trial(executor.alone(), on_event, seconds, request.max_workers or CONCURRENCY)

    outcome = play(request, lambda: asked(target, words, given, workflow_id), make)
    return conclude(request, *outcome, again=AGAIN)


def _serve(server: Decider | Worker) -> None:
    try:
        server.run()
    except EngineError as error:
        log.error(f"it serves no more: {error}", error=str(error))
