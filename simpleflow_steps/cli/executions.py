"""What `sfs ls` tells of the executions of a storage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps import codec
from simpleflow_steps.cli.colors import COLORS
from simpleflow_steps.cli.holding import state_of
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.runids import short_run
from simpleflow_steps.cli.table import Cell, print_table, time_text
from simpleflow_steps.cli.text import one_line, plural, shown
from simpleflow_steps.exceptions import InvalidInput, LeaseCorrupt
from simpleflow_steps.execution.lease import NEVER_RUN, read_lease
from simpleflow_steps.identity import check_workflow_id
from simpleflow_steps.storage.sidebyside import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simpleflow_steps.execution.lease import LeaseRecord
    from simpleflow_steps.storage import Storage

NO_LEASE, UNREADABLE = "no-lease", "unreadable"
SHOWN = ("run_id", "workflow", "held", "status", "renewed")
TITLES = ("STATE", "HEARD OF", "WORKFLOW", "RUN", "EXECUTION", "STEPS")


@dataclass(frozen=True, slots=True)
class Execution:
    """A folder of the storage, with its lease if it has one; `problem` says why that cannot be read."""

    workflow_id: str
    state: str
    lease: LeaseRecord | None = None
    age: float | None = None
    problem: str | None = None


def show_list(pattern: str, states: Sequence[str], limit: int, storage: str | None, as_json: bool, debug: bool) -> None:
    """List the executions that match, at the cost of their folders and of one read for each that is shown."""
    del debug  # the command itself heeds it
    where = open_place(storage)
    names = sorted(_matching(where, pattern))
    last = slice(-limit if limit else None, None)
    if states:
        all_of_them = [each for each in side_by_side(lambda name: _read(where, name), names) if each.state in states]
        count, found = len(all_of_them), all_of_them[last]
    else:
        count, found = len(names), side_by_side(lambda name: _read(where, name), names[last])
    if as_json:
        print_json({"storage": where.url, "pattern": pattern, "count": count, "executions": list(map(_row, found))})
        return
    print_table(TITLES, [_cells(each) for each in found])
    cut = f"; {count - len(found)} before them are not shown: pass --limit" if len(found) < count else ""
    which = f" like {shown(pattern)!r}" if pattern else ""
    in_state = f" {' or '.join(states)}" if states else ""
    click.echo(f"{plural(count, 'execution')}{which}{in_state} in {shown(where.url)}{cut}", err=True)


def _matching(storage: Storage, pattern: str) -> Iterator[str]:
    """Give the folders that match; a pattern without any sign is a beginning."""
    literal = re.split(r"[*?[]", pattern, maxsplit=1)[0]
    if "/" in literal:
        raise InvalidInput(f"{pattern!r}: no execution has a slash in its id; name the place with --storage")
    for name in storage.folders(literal):
        if name and (literal == pattern or fnmatchcase(name, pattern)):
            yield name


def _read(storage: Storage, name: str) -> Execution:
    try:
        found = read_lease(storage, check_workflow_id(name))
    except InvalidInput:  # no execution can have this name
        return Execution(name, NO_LEASE)
    except LeaseCorrupt as error:
        return Execution(name, UNREADABLE, problem=str(error))
    if found is None:
        return Execution(name, NO_LEASE)
    lease, body = found
    state = state_of(lease, body.age)
    return Execution(name, "never-run" if state == NEVER_RUN else state, lease, body.age)


def _counts(lease: LeaseRecord) -> dict[str, int]:
    """Give how many steps are in each state; what a lease holds is whatever somebody wrote."""
    steps = lease.progress.get("steps")
    counts = steps.items() if isinstance(steps, dict) else ()
    return {state: count for state, count in counts if type(count) is int and count > 0}


def _cells(found: Execution) -> tuple[Cell | str, ...]:
    state = Cell(one_line(found.state), COLORS.get(found.state))
    lease = found.lease
    if lease is None:
        return (state, "", "", "", found.workflow_id, one_line(found.problem or ""))
    steps = ", ".join(f"{count} {name}" for name, count in _counts(lease).items())
    heard = time_text(lease.renewed)
    return (state, heard, one_line(lease.workflow), short_run(lease.run_id), found.workflow_id, one_line(steps))


def _row(found: Execution) -> dict[str, Any]:
    row: dict[str, Any] = {"workflow_id": found.workflow_id, "state": found.state}
    if found.problem is not None:
        row["problem"] = found.problem
    if found.lease is None:
        return row
    facts = {name: codec.document(getattr(found.lease, name)) for name in SHOWN}
    return {**row, **facts, "age": found.age, "steps": _counts(found.lease)}
