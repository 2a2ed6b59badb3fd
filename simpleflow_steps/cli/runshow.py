"""What `sfs runs show` tells of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from simpleflow_steps import codec
from simpleflow_steps.cli.colors import COLORS
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.past import counts_of, seconds_of
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.runids import all_runs, find_run
from simpleflow_steps.cli.table import Cell, print_fields, print_table, time_text
from simpleflow_steps.cli.text import as_json as json_text
from simpleflow_steps.cli.text import one_line, shown_lines
from simpleflow_steps.clock import elapsed
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.execution.record import read_run, statuses
from simpleflow_steps.identity import check_workflow_id
from simpleflow_steps.step.names import ancestors, check_selector, covered_by_any, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simpleflow_steps.execution.record import RunRecord, StepRecord

LIMIT = 200
WRONG = ("failed", "invalidated", "running")
MOST_CHILDREN = 20


def show_one(
    workflow_id: str, run_id: str | None, names: Sequence[str], limit: int | None, with_traceback: bool,
    storage: str | None, as_json: bool, debug: bool,
) -> None:  # fmt: skip
    """Show a run."""
    del debug  # the command itself heeds it
    where = open_place(storage)
    ids = all_runs(where, check_workflow_id(workflow_id))
    run = read_run(where, workflow_id, find_run(ids, run_id or "-1", workflow_id))
    status = statuses(where, workflow_id)(run)
    steps = _asked_for(run, names)
    most = limit if limit is not None else 0 if as_json else LIMIT
    rows = _worst_first(steps, most) if most else steps
    if as_json:
        print_json(_document(run, status, rows, with_traceback=with_traceback))
        return
    print_fields(_fields(run, status))
    if rows:
        click.echo()
    print_table(("STATE", "TOOK", "STEP", "WHY"), [_cells(name, step) for name, step in rows.items()], right=("TOOK",))
    if len(rows) < len(steps):
        click.echo(f"{len(steps) - len(rows)} more steps are not shown: pass --step or --limit", err=True)
    if with_traceback and run.error is not None:
        click.echo(shown_lines(run.error.traceback.rstrip()))


def _asked_for(run: RunRecord, names: Sequence[str]) -> Mapping[str, StepRecord]:
    if not names:
        return run.steps
    wanted = {check_selector(name) for name in names}
    met = {above for name in run.steps for above in ancestors(name)}
    for name in names:
        if name not in met:
            near = nearest(name, run.steps)
            hint = f"; nearest: {', '.join(near)}" if near else ""
            raise InvalidInput(f"run {run.run_id} of {run.workflow_id!r} met no step {name!r}{hint}")
    return {name: step for name, step in run.steps.items() if covered_by_any(name, wanted)}


def _worst_first(steps: Mapping[str, StepRecord], most: int) -> Mapping[str, StepRecord]:
    """Keep so many, the ones that went wrong before the others; they stay in their order."""
    chosen = set(sorted(steps, key=lambda name: steps[name].state not in WRONG)[:most])
    return {name: step for name, step in steps.items() if name in chosen}


def _document(run: RunRecord, status: str, steps: Mapping[str, StepRecord], *, with_traceback: bool) -> dict[str, Any]:
    document = codec.document(replace(run, steps=dict(steps)))
    if run.error is not None and not with_traceback:
        del document["error"]["traceback"]
    return {**document, "status": status, "seconds": seconds_of(run), "counts": counts_of(run)}


def _fields(run: RunRecord, status: str) -> dict[str, Any]:
    took = seconds_of(run)
    fields: dict[str, Any] = {
        "run": run.run_id,
        "status": status,
        "workflow": f"{run.workflow}, version {run.version}",
        "class": run.target or "",
        "parent": run.parent_workflow_id or "",
        "input": "(not JSON, so not kept)" if run.input is None else one_line(json_text(run.input, indent=None)),
        **{name: asked_text(names) for name, names in asked_lists(run).items()},
        "started": time_text(run.started),
        "finished": "" if took is None else f"{time_text(run.finished)}, after {elapsed(took)}",
        "error": "" if run.error is None else f"{run.error.type}: {run.error.message}",
        "children": _children(run),
        "log markers": str(len(run.markers)) if run.markers else "",
        "steps": ", ".join(f"{count} {state}" for state, count in counts_of(run).items()) or "none",
    }
    return {name: text for name, text in fields.items() if text}


def asked_lists(run: RunRecord) -> dict[str, dict[str, str]]:
    """Give the names that a run was asked for, by the list that they were in."""
    return {"force": run.force, "skip": run.skip, "from": run.from_, "until": run.until, "only": run.only}


def asked_text(names: Mapping[str, str]) -> str:
    """Write a list of names with their reasons."""
    return "; ".join(f"{name} ({reason})" if reason else name for name, reason in names.items())


def _children(run: RunRecord) -> str:
    told = [f"{child_id} ({child.workflow})" for child_id, child in list(run.children.items())[:MOST_CHILDREN]]
    more = len(run.children) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


def _cells(name: str, step: StepRecord) -> tuple[Cell | str, ...]:
    said = [f"played {step.plays} times"] if step.plays > 1 else []
    said += [f"{step.retries} {'retry' if step.retries == 1 else 'retries'}"] if step.retries else []
    said += [f"forced: {'; '.join(step.reasons)}" if step.forced else "; ".join(step.reasons)]
    said += [step.error or ""]
    took = "" if step.seconds is None else elapsed(step.seconds)
    detail = one_line("; ".join(part for part in said if part))
    return (Cell(one_line(step.state), COLORS.get(step.state)), took, name, detail)
