"""What `sfs runs` tells of the runs of an execution."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.table import print_fields, time_text
from simpleflow_steps.cli.text import as_json as json_text
from simpleflow_steps.cli.text import elapsed, one_line, plural, shown, shown_lines
from simpleflow_steps.exceptions import InvalidInput, LeaseCorrupt, ObjectNotFound, RecordCorrupt
from simpleflow_steps.execution.lease import read_lease
from simpleflow_steps.execution.record import RunRecord, last_run, read_run, run_ids, status_of
from simpleflow_steps.identity import check_workflow_id
from simpleflow_steps.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.execution.record import StepRecord
    from simpleflow_steps.storage import Storage

READERS = 16
UNREADABLE = "unreadable"
COLORS = {
    "running": "cyan",
    "completed": "green",
    "failed": "red",
    "crashed": "red",
    "interrupted": "yellow",
    "stale": "yellow",
    "superseded": "yellow",
    UNREADABLE: "red",
}


def show_list(workflow_id: str, last: int, storage: str | None, as_json: bool, debug: bool) -> None:
    """List the last runs; one that cannot be read does not hide the others."""
    del debug  # the command itself heeds it
    where = open_place(storage)
    ids = sorted(run_ids(where, check_workflow_id(workflow_id)))
    status = _statuses(where, workflow_id)
    with ThreadPoolExecutor(READERS) as pool:
        found = list(pool.map(lambda run_id: _read_or_not(where, workflow_id, run_id), ids[-last:]))
    if as_json:
        rows = [_row(run, status) if isinstance(run, RunRecord) else _unreadable(*run) for run in found]
        print_json({"workflow_id": workflow_id, "storage": where.url, "count": len(ids), "runs": rows})
        return
    color = False if load_settings().wants_plain_output else None
    for run in found:
        click.echo(_line(run, status) if isinstance(run, RunRecord) else _unreadable_line(*run), color=color)
    earlier = f", {len(ids) - len(found)} earlier ones not shown" if len(found) < len(ids) else ""
    click.echo(f"{plural(len(ids), 'run')} of {shown(workflow_id)} in {shown(where.url)}{earlier}", err=True)


def show_one(
    workflow_id: str, run_id: str | None, with_traceback: bool, storage: str | None, as_json: bool, debug: bool
) -> None:
    """Show a run."""
    del debug  # the command itself heeds it
    where = open_place(storage)
    check_workflow_id(workflow_id)
    run = last_run(where, workflow_id) if run_id is None else _find(where, workflow_id, run_id)
    status = _statuses(where, workflow_id)(run)
    if as_json:
        print_json(_document(run, status, with_traceback=with_traceback))
        return
    print_fields(_fields(run, status))
    for name, step in run.steps.items():
        click.echo(_step_line(name, step))
    if with_traceback and run.error is not None:
        click.echo(shown_lines(run.error.traceback.rstrip()))


def _statuses(storage: Storage, workflow_id: str) -> Callable[[RunRecord], str]:
    """Give what tells a run's status, from one read of the lease."""
    try:
        found = read_lease(storage, workflow_id)
    except LeaseCorrupt:
        found = None
    if found is None:
        return lambda run: status_of(run, None)
    lease, body = found
    return lambda run: status_of(run, lease, body.age)


def _find(storage: Storage, workflow_id: str, run_id: str) -> RunRecord:
    try:
        return read_run(storage, workflow_id, run_id)
    except ObjectNotFound:
        raise InvalidInput(f"execution {workflow_id!r} has no run {run_id!r} in {storage.url}") from None


def _read_or_not(storage: Storage, workflow_id: str, run_id: str) -> RunRecord | tuple[str, str]:
    try:
        return read_run(storage, workflow_id, run_id)
    except RecordCorrupt as error:
        return run_id, str(error)


def _line(run: RunRecord, status: Callable[[RunRecord], str]) -> str:
    state = status(run)
    took = _seconds(run)
    steps = ", ".join(f"{count} {each}" for each, count in _counts(run).items()) or "no steps"
    error = f"  {run.error.type}: {run.error.message}" if run.error is not None else ""
    return (
        f"{_colored(state)}  {time_text(run.started)}  {'' if took is None else elapsed(took):>7}  "
        f"{shown(run.run_id)}  {one_line(steps + error)}"
    )


def _unreadable_line(run_id: str, why: str) -> str:
    return f"{_colored(UNREADABLE)}  {'':19}  {'':7}  {shown(run_id)}  {one_line(why)}"


def _colored(state: str) -> str:
    return click.style(f"{shown(state):<11}", fg=COLORS.get(state))


def _row(run: RunRecord, status: Callable[[RunRecord], str]) -> dict[str, Any]:
    error = None if run.error is None else run.error.model_dump(exclude={"traceback"})
    facts = run.model_dump(mode="json", include={"run_id", "workflow", "version", "started", "finished"})
    return {**facts, "status": status(run), "seconds": _seconds(run), "steps": _counts(run), "error": error}


def _unreadable(run_id: str, why: str) -> dict[str, Any]:
    return {"run_id": run_id, "status": UNREADABLE, "error": {"type": "RecordCorrupt", "message": why}}


def _document(run: RunRecord, status: str, *, with_traceback: bool) -> dict[str, Any]:
    document = run.model_dump(mode="json")
    if run.error is not None and not with_traceback:
        del document["error"]["traceback"]
    return {**document, "status": status, "seconds": _seconds(run)}


def _fields(run: RunRecord, status: str) -> dict[str, Any]:
    took = _seconds(run)
    fields: dict[str, Any] = {
        "run": run.run_id,
        "status": status,
        "workflow": f"{run.workflow}, version {run.version}",
        "class": run.target or "",
        "parent": run.parent_workflow_id or "",
        "input": "(not JSON, so not kept)" if run.input is None else json_text(run.input, indent=None),
        "force": _asked(run.force),
        "skip": _asked(run.skip),
        "started": time_text(run.started),
        "finished": "" if took is None else f"{time_text(run.finished)}, after {elapsed(took)}",
        "error": "" if run.error is None else f"{run.error.type}: {run.error.message}",
        "log markers": str(len(run.markers)) if run.markers else "",
        "steps": ", ".join(f"{count} {state}" for state, count in _counts(run).items()) or "none",
    }
    return {name: text for name, text in fields.items() if text}


def _asked(names: dict[str, str]) -> str:
    return "; ".join(f"{name} ({reason})" if reason else name for name, reason in names.items())


def _step_line(name: str, step: StepRecord) -> str:
    said = [f"played {step.plays} times"] if step.plays > 1 else []
    said += [plural(step.retries, "retry").replace("retrys", "retries")] if step.retries else []
    said += [f"forced: {'; '.join(step.reasons)}" if step.forced else "; ".join(step.reasons)]
    said += [step.error or ""]
    took = "" if step.seconds is None else elapsed(step.seconds)
    detail = one_line("; ".join(part for part in said if part))
    return f"  {shown(step.state):<11} {took:>7}  {shown(name)}  {detail}".rstrip()


def _counts(run: RunRecord) -> dict[str, int]:
    return dict(Counter(step.state for step in run.steps.values()))


def _seconds(run: RunRecord) -> float | None:
    return None if run.finished is None else (run.finished - run.started).total_seconds()
