"""What `sfs swf standalone` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simpleflow_steps.cli.conclusion import conclude
from simpleflow_steps.cli.playing import Prepared, Request, asked, play
from simpleflow_steps.cli.swf.connection import connect
from simpleflow_steps.executors.swf import SwfExecutor

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.events import Event

AGAIN = "run the same command again"


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

    def make(request: Request, prepared: Prepared, on_event: Callable[[Event], None]) -> SwfExecutor:
        given = {"timeout": timeouts["execution_timeout"], **{k: timeouts[k] for k in list(timeouts)[1:]}}
        given["concurrency"] = request.max_workers
        return SwfExecutor(
            prepared.workflow,
            client=connect(domain, region),
            storage=request.storage,
            workflow_id=prepared.workflow_id,
            grace_period=request.grace,
            on_event=on_event,
            **request.lists,
            **{name: value for name, value in given.items() if value is not None},
        )

    outcome = play(request, lambda: asked(target, words, given, workflow_id), make)
    return conclude(request, *outcome, again=AGAIN)
