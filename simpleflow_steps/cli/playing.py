"""A run asked for on the command line, from its options to its outcome."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simpleflow_steps.cli import logs
from simpleflow_steps.cli.input import read_input
from simpleflow_steps.cli.output import reserved_stdout
from simpleflow_steps.cli.progress import make_progress
from simpleflow_steps.cli.tally import Tally
from simpleflow_steps.cli.target import find_workflow
from simpleflow_steps.executors.local import LocalExecutor
from simpleflow_steps.settings import load_settings

if TYPE_CHECKING:
    from simpleflow_steps.cli.progress.protocol import Progress
    from simpleflow_steps.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options of `sfs run`, as click gives them."""

    target: str
    words: tuple[str, ...]
    given: str | None
    workflow_id: str | None
    storage: str | None
    force: tuple[str, ...]
    skip: tuple[str, ...]
    max_workers: int | None
    as_json: bool
    log_level: str
    log_format: str
    debug: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: with a result, or with what was raised."""

    seconds: float
    result: Any = None
    error: BaseException | None = None


class Follower:
    """Bring each event to the tally and then to the progress; several executions may have events at once."""

    def __init__(self, tally: Tally, progress: Progress) -> None:
        self._tally = tally
        self._progress = progress
        self._lock = threading.Lock()

    def follow(self, event: Event) -> None:
        """Bring one event, from any thread."""
        with self._lock:
            self._tally.follow(event)
            self._progress.follow(event)


def play(request: Request) -> tuple[Tally, Outcome]:
    """Run the workflow, show its progress, and tell how it ended; the standard output stays untouched."""
    tally = Tally()
    began = time.monotonic()
    try:
        with reserved_stdout():
            result = _run(request, tally)
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001  whatever it is, it is the outcome
        return tally, Outcome(seconds=time.monotonic() - began, error=error)
    return tally, Outcome(seconds=time.monotonic() - began, result=result)


def _run(request: Request, tally: Tally) -> Any:
    kind = _progress_kind(request)
    logs.configure(request.log_level, request.log_format, colors=kind == "live")
    workflow = find_workflow(request.target)
    args, kwargs = read_input(workflow, request.words, request.given)
    with make_progress(kind, tally) as progress:
        executor = LocalExecutor(
            workflow,
            storage=request.storage,
            workflow_id=request.workflow_id,
            force=dict.fromkeys(request.force, "Asked for by --force"),
            skip=dict.fromkeys(request.skip, "Asked for by --skip"),
            max_workers=request.max_workers,
            on_event=Follower(tally, progress).follow,
        )
        return executor.run(*args, **kwargs)


def _progress_kind(request: Request) -> str:
    if (
        sys.stderr is not None
        and sys.stderr.isatty()
        and not request.as_json
        and not load_settings().wants_plain_output
    ):
        return "live"
    return "silent" if request.log_format == "json" else "plain"
