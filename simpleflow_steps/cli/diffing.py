"""What `sfs runs diff` prints."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from simpleflow_steps import codec
from simpleflow_steps.cli.difference import ADDED, CHANGED, GONE, differ
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.runids import all_runs, find_run
from simpleflow_steps.cli.runshow import asked_text
from simpleflow_steps.cli.table import Cell, print_table, time_text
from simpleflow_steps.cli.text import as_json as json_text
from simpleflow_steps.cli.text import one_line, shown
from simpleflow_steps.clock import elapsed
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.execution.record import RunRecord, read_run, statuses
from simpleflow_steps.identity import check_workflow_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simpleflow_steps.cli.difference import Difference, StepChange

SIGNS = {ADDED: Cell("+", "green"), GONE: Cell("-", "red"), CHANGED: Cell("~", "yellow")}
SHOWN = ("run_id", "version", "status", "started", "finished")
LONGEST = 200  # characters of a fact


def show_difference(
    workflow_id: str, earlier: str | None, later: str | None, limit: int, storage: str | None, as_json: bool,
    debug: bool,
) -> None:  # fmt: skip
    """Compare two runs."""
    del debug  # the command itself heeds it
    where = open_place(storage)
    pair = _pair(all_runs(where, check_workflow_id(workflow_id)), earlier, later, workflow_id)
    status = statuses(where, workflow_id)
    read = (read_run(where, workflow_id, run_id) for run_id in pair)
    before, after = (replace(run, status=status(run)) for run in read)
    found = differ(before, after)
    if as_json:
        print_json(_document(before, after, found))
        return
    _print_facts(before, after, found)
    rows = [_cells(change) for change in found.steps]
    if rows:
        click.echo()
    print_table(("", "STEP", "BEFORE", "AFTER", "WHAT CHANGED"), rows[: limit or None])
    counts = Counter(change.kind for change in found.steps)
    told = ", ".join(f"{counts[kind]} {kind}" for kind in (ADDED, GONE, CHANGED) if counts[kind]) or "none changed"
    more = f"; {len(rows) - limit} are not shown: pass --limit" if limit and len(rows) > limit else ""
    click.echo(f"steps: {told}, {found.unchanged} as before{more}", err=True)


def _pair(ids: Sequence[str], earlier: str | None, later: str | None, workflow_id: str) -> tuple[str, str]:
    if len(ids) == 1:
        raise InvalidInput(f"execution {workflow_id!r} has one run only, {ids[0]}: there is nothing to compare it with")
    if earlier is None:
        return ids[-2], ids[-1]
    first, second = find_run(ids, earlier, workflow_id), find_run(ids, later or "-1", workflow_id)
    if first == second:
        raise InvalidInput(f"{first} is one run: name another one to compare it with, such as -2 for the last but one")
    return first, second


def _print_facts(before: RunRecord, after: RunRecord, found: Difference) -> None:
    always = {"run": (before.run_id, after.run_id), "started": (time_text(before.started), time_text(after.started))}
    facts = {**always, "status": (before.status, after.status), **found.facts}
    rows = [(name, *(_cut(one_line(_text(value))) for value in pair)) for name, pair in facts.items()]
    print_table(("", "BEFORE", "AFTER"), rows)


def _text(value: Any) -> str:
    match value:
        case None:
            return "(none)"
        case str():
            return value
        case list() | tuple():
            return ", ".join(map(str, value)) or "(none)"
        case dict() if value and all(isinstance(each, str) for each in value.values()):
            return asked_text(value)
        case dict() if not value:
            return "(none)"
        case _:
            return json_text(value, indent=None)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _cells(change: StepChange) -> tuple[Cell | str, ...]:
    states = [one_line(step.state) if step else "" for step in (change.before, change.after)]
    facts = {name: pair for name, pair in change.facts.items() if _tells(name, change)}
    told = [f"{name}: {_text(old)} -> {_text(new)}" for name, (old, new) in facts.items()]
    if change.seconds is not None:
        old, new = change.seconds
        ratio = f" (x{change.ratio:.2g})" if change.ratio else ""
        told.insert(0, f"{'slower' if new > old else 'faster'}: {elapsed(old)} -> {elapsed(new)}{ratio}")
    alone = change.after or change.before
    if change.kind != CHANGED and alone is not None:
        told = [*alone.reasons, *([alone.error] if alone.error else [])]
    return (SIGNS[change.kind], shown(change.name), *states, one_line("; ".join(told)))


def _tells(name: str, change: StepChange) -> bool:
    """Tell whether a fact adds to what the columns show already."""
    return name not in ("state", "run") or (name == "run" and "state" not in change.facts)


def _document(before: RunRecord, after: RunRecord, found: Difference) -> dict[str, Any]:
    return {
        "workflow_id": after.workflow_id,
        "before": _facts(before),
        "after": _facts(after),
        "changed": {name: list(pair) for name, pair in found.facts.items()},
        "steps": [_step(change) for change in found.steps],
        "unchanged": found.unchanged,
    }


def _facts(run: RunRecord) -> dict[str, Any]:
    return {name: codec.document(getattr(run, name)) for name in SHOWN}


def _step(change: StepChange) -> dict[str, Any]:
    sides = {"before": change.before, "after": change.after}
    document: dict[str, Any] = {"name": change.name, "kind": change.kind}
    if change.kind == CHANGED:
        document["changed"] = {name: [_plain(each) for each in pair] for name, pair in change.facts.items()}
    else:
        document |= {side: codec.document(step) for side, step in sides.items() if step is not None}
    if change.seconds is not None:
        document |= {"seconds": list(change.seconds), "ratio": change.ratio}
    return document


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
