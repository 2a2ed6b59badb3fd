"""The end of `sfs run`: what is said of it, and its exit code."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.failures import FAILED, WRONG_USE, exit_code, leaves, message_of, tell
from simpleflow_steps.cli.output import jsonable, print_json
from simpleflow_steps.cli.planning import show_plan
from simpleflow_steps.cli.playing import plan, play
from simpleflow_steps.cli.text import shown
from simpleflow_steps.clock import elapsed
from simpleflow_steps.exceptions import RunSuperseded, StorageError, TaskFailed
from simpleflow_steps.execution.account import COMPLETED, INVALIDATED, SKIPPED, UNFINISHED
from simpleflow_steps.execution.account import FAILED as STEP_FAILED

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from simpleflow_steps.cli.playing import Outcome, Prepared, Request
    from simpleflow_steps.cli.tally import StepRow, Tally

OWN_WORDS = (TaskFailed, RunSuperseded, StorageError, KeyboardInterrupt, BaseExceptionGroup)


def carry_out(request: Request, prepare: Callable[[], Prepared]) -> int:
    """Run what is asked for, or only plan it, and give the exit code."""
    if request.plan:
        show_plan(plan(request, prepare), as_json=request.as_json)
        return 0
    return conclude(request, *play(request, prepare))


def conclude(request: Request, tally: Tally, outcome: Outcome, again: str | None = None) -> int:
    """Print the end of a run and give its exit code.

    :param again: how to resume it; by `sfs resume`, if None
    """
    if tally.started and (request.log_format == "human" or sys.stderr.isatty()):
        click.echo(_summary(tally, outcome), err=True)
    if tally.status == "stopped":
        _tell_how_to_resume(request, tally, outcome, again)
    if outcome.error is not None:
        _tell(request, tally, outcome, outcome.error, again)
    if request.as_json:
        print_json(_document(tally, outcome))
    elif outcome.error is None and not (outcome.result is None and sys.stdout.isatty()):
        print_json(jsonable(outcome.result))
    return _exit_code(tally, outcome.error)


def _exit_code(tally: Tally, error: BaseException | None) -> int:
    """A run that began and then met wrong input is a failed workflow, not wrong use of the command."""
    code = 0 if error is None else exit_code(error)
    return FAILED if code == WRONG_USE and tally.started else code


def _summary(tally: Tally, outcome: Outcome) -> str:
    counts = tally.counts
    parts = [f"{counts[COMPLETED]} run", f"{counts[SKIPPED]} skipped", f"{counts[STEP_FAILED]} failed"]
    parts += [f"{counts[state]} {state}" for state in (INVALIDATED, UNFINISHED) if counts[state]]
    steps = f"steps: {', '.join(parts)}" if tally.rows else "no steps"
    return f"{shown(str(tally.workflow_id))} {tally.status} in {elapsed(outcome.seconds)}; {steps}"


def _tell(request: Request, tally: Tally, outcome: Outcome, error: BaseException, again: str | None) -> None:
    what = "" if not tally.started or isinstance(error, OWN_WORDS) else f"workflow {outcome.target} failed"
    tell(error, what=what, debug=request.debug)
    stopped = isinstance(error, KeyboardInterrupt)
    if not tally.started or not (tally.rows or stopped):
        return
    if any(isinstance(member, RunSuperseded) for member in leaves(error)):
        return
    _tell_how_to_resume(request, tally, outcome, again)


def _tell_how_to_resume(request: Request, tally: Tally, outcome: Outcome, again: str | None) -> None:
    how = again or _resume(request, tally, outcome)
    click.echo(f"To resume: {how} (steps that are done are skipped)", err=True)


def _resume(request: Request, tally: Tally, outcome: Outcome) -> str:
    words = ["sfs", "resume", str(tally.workflow_id), outcome.target]
    if request.storage is not None:
        words += ["--storage", request.storage]
    return shown(shlex.join(words))


def _document(tally: Tally, outcome: Outcome) -> dict[str, Any]:
    return {
        "workflow_id": tally.workflow_id,
        "run_id": tally.run_id,
        "status": tally.status or "not started",
        "seconds": round(outcome.seconds, 3),
        "result": jsonable(outcome.result),
        "error": None if outcome.error is None else _error(outcome.error),
        "steps": [_step(row) for row in tally.rows.values()],
        "unmatched": tally.unmatched,
    }


def _error(error: BaseException) -> dict[str, Any]:
    told: dict[str, Any] = {"type": type(error).__name__, "message": message_of(error)}
    if isinstance(error, BaseExceptionGroup):
        told["errors"] = [_error(member) for member in leaves(error)]
    if isinstance(error, TaskFailed):
        told["task"] = error.name
    return told


def _step(row: StepRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "workflow_id": row.workflow_id,
        "state": row.state,
        "forced": row.forced,
        "reasons": list(row.reasons),
        "started": _time(row.started),
        "finished": _time(row.finished),
        "seconds": row.seconds,
        "error": row.error,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
