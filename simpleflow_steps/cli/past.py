"""What `sfs runs ls` tells of the runs of an execution, from the beginnings of their records."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps import codec
from simpleflow_steps.cli.colors import COLORS
from simpleflow_steps.cli.known import alike
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.table import Cell, print_table, time_text
from simpleflow_steps.cli.text import one_line, plural, shown
from simpleflow_steps.clock import elapsed
from simpleflow_steps.exceptions import RecordCorrupt
from simpleflow_steps.execution.head import read_head
from simpleflow_steps.execution.record import RunHead, RunRecord, run_ids, statuses
from simpleflow_steps.identity import check_workflow_id
from simpleflow_steps.storage.sidebyside import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.storage import Storage

UNREADABLE = "unreadable"
SHOWN = ("run_id", "workflow", "version", "started", "finished")
TITLES = ("STATUS", "STARTED", "TOOK", "RUN", "STEPS", "ERROR")


def show_list(workflow_id: str, last: int, storage: str | None, as_json: bool, debug: bool) -> None:
    """List the last runs; one that cannot be read does not hide the others."""
    del debug  # the command itself heeds it
    where = open_place(storage)
    ids = sorted(run_ids(where, check_workflow_id(workflow_id)))
    status = statuses(where, workflow_id)
    found = side_by_side(lambda run_id: _read_or_not(where, workflow_id, run_id), ids[-last:])
    if as_json:
        rows = [_row(run, status) if isinstance(run, RunHead) else _unreadable(*run) for run in found]
        print_json({"workflow_id": workflow_id, "storage": where.url, "count": len(ids), "runs": rows})
        return
    cells = [_cells(run, status) if isinstance(run, RunHead) else _unreadable_cells(*run) for run in found]
    print_table(TITLES, cells, right=("TOOK",))
    earlier = f", {len(ids) - len(found)} earlier ones not shown" if len(found) < len(ids) else ""
    unknown = "" if ids else shown(alike(where, workflow_id))
    click.echo(f"{plural(len(ids), 'run')} of {shown(workflow_id)} in {shown(where.url)}{earlier or unknown}", err=True)


def counts_of(run: RunHead) -> dict[str, int]:
    """Count the steps of a run by their state."""
    if isinstance(run, RunRecord) and not run.counts:
        return dict(Counter(step.state for step in run.steps.values()))
    return run.counts


def seconds_of(run: RunHead) -> float | None:
    """Tell how long a run took; None if it has not ended."""
    return None if run.finished is None else (run.finished - run.started).total_seconds()


def _read_or_not(storage: Storage, workflow_id: str, run_id: str) -> RunHead | tuple[str, str]:
    try:
        return read_head(storage, workflow_id, run_id)
    except RecordCorrupt as error:
        return run_id, str(error)


def _cells(run: RunHead, status: Callable[[RunHead], str]) -> tuple[Cell | str, ...]:
    state, took = status(run), seconds_of(run)
    return (
        Cell(one_line(state), COLORS.get(state)),
        time_text(run.started),
        "" if took is None else elapsed(took),
        run.run_id,
        one_line(", ".join(f"{count} {each}" for each, count in counts_of(run).items()) or "no steps"),
        "" if run.error is None else one_line(f"{run.error.type}: {run.error.message}"),
    )


def _unreadable_cells(run_id: str, why: str) -> tuple[Cell | str, ...]:
    return (Cell(UNREADABLE, COLORS[UNREADABLE]), "", "", run_id, "", one_line(why))


def _row(run: RunHead, status: Callable[[RunHead], str]) -> dict[str, Any]:
    error = None if run.error is None else {"type": run.error.type, "message": run.error.message}
    facts = {name: codec.document(getattr(run, name)) for name in SHOWN}
    return {**facts, "status": status(run), "seconds": seconds_of(run), "steps": counts_of(run), "error": error}


def _unreadable(run_id: str, why: str) -> dict[str, Any]:
    return {"run_id": run_id, "status": UNREADABLE, "error": {"type": "RecordCorrupt", "message": why}}
