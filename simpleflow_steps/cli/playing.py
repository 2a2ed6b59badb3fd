"""A run asked for on the command line, from its options to its outcome."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from simpleflow_steps.cli import logs
from simpleflow_steps.cli.input import read_input
from simpleflow_steps.cli.output import reserved_stdout
from simpleflow_steps.cli.progress import make_progress
from simpleflow_steps.cli.tally import Tally
from simpleflow_steps.cli.target import find_workflow
from simpleflow_steps.executors.local import LocalExecutor
from simpleflow_steps.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.cli.progress.protocol import Progress
    from simpleflow_steps.events import Event
    from simpleflow_steps.execution.plan import Plan
    from simpleflow_steps.workflow import Workflow

    Make = Callable[["Request", "Prepared", Callable[[Event], None]], "Runner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options of `sfs run` and `sfs resume`, as click gives them."""

    storage: str | None
    force: tuple[str, ...]
    skip: tuple[str, ...]
    from_: tuple[str, ...]
    until: tuple[str, ...]
    only: tuple[str, ...]
    plan: bool
    max_workers: int | None
    on_conflict: Literal["fail", "wait"]
    lease_ttl: float | None
    grace: float | None
    as_json: bool
    log_level: str
    log_format: str
    debug: bool

    @property
    def lists(self) -> dict[str, Any]:
        """The force and skip lists and the like, as executors take them, with their reasons."""
        return {
            name: dict.fromkeys(getattr(self, name), f"Asked for by --{name.strip('_')}")
            for name in ("force", "skip", "from_", "until", "only")
        }


class Runner(Protocol):
    """What runs a workflow: an executor."""

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Run it, and give its result."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What to run: a workflow, the name that it was found by, its input, and the execution's id if that is given."""

    target: str
    workflow: type[Workflow]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    workflow_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run of `target` ended: with a result, or with what was raised."""

    target: str
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


def asked(target: str, words: tuple[str, ...], given: str | None, workflow_id: str | None) -> Prepared:
    """Find the workflow that the command line names, and read the input there."""
    workflow = find_workflow(target)
    return Prepared(target, workflow, *read_input(workflow, words, given), workflow_id)


def play(request: Request, prepare: Callable[[], Prepared], make: Make | None = None) -> tuple[Tally, Outcome]:
    """Run the workflow, show its progress, and tell how it ended; the standard output stays untouched.

    :param prepare: finds what to run
    :param make: makes the executor; a local one, if None
    """
    tally = Tally()
    began = time.monotonic()
    target = ""
    try:
        with reserved_stdout():
            kind = _progress_kind(request)
            logs.configure(request.log_level, request.log_format, colors=kind == "live")
            prepared = prepare()
            target = prepared.target
            result = _run(request, prepared, kind, tally, make or _executor)
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001  whatever it is, it is the outcome
        return tally, Outcome(target=target, seconds=time.monotonic() - began, error=error)
    return tally, Outcome(target=target, seconds=time.monotonic() - began, result=result)


def plan(request: Request, prepare: Callable[[], Prepared]) -> Plan:
    """Plan the run that is asked for; what the workflow's module prints goes to the standard error."""
    with reserved_stdout():
        logs.configure(request.log_level, request.log_format, colors=False)
        prepared = prepare()
        return _executor(request, prepared).plan(*prepared.args, **prepared.kwargs)


def _run(request: Request, prepared: Prepared, kind: str, tally: Tally, make: Make) -> Any:
    with make_progress(kind, tally) as progress:
        executor = make(request, prepared, Follower(tally, progress).follow)
        return executor.run(*prepared.args, **prepared.kwargs)


def _executor(request: Request, prepared: Prepared, on_event: Callable[[Event], None] | None = None) -> LocalExecutor:
    return LocalExecutor(
        prepared.workflow,
        storage=request.storage,
        workflow_id=prepared.workflow_id,
        max_workers=request.max_workers,
        on_conflict=request.on_conflict,
        lease_ttl=request.lease_ttl,
        grace_period=request.grace,
        on_event=on_event,
        **request.lists,
    )


def _progress_kind(request: Request) -> str:
    if (
        sys.stderr is not None
        and sys.stderr.isatty()
        and not request.as_json
        and not load_settings().wants_plain_output
    ):
        return "live"
    return "silent" if request.log_format == "json" else "plain"
