"""What `sfs steps ls` shows: a tree of the steps, as far down as there is room."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.colors import COLORS
from simpleflow_steps.cli.facts import Facts, read_facts
from simpleflow_steps.cli.markers import demand_all, executions_alike, list_markers, open_markers, outermost, place_of
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.rightnow import RightNow, read_right_now
from simpleflow_steps.cli.runids import short_run
from simpleflow_steps.cli.table import Cell, print_table, time_text
from simpleflow_steps.cli.text import one_line, shown, size
from simpleflow_steps.cli.tree import Row, fit_rows, make_tree
from simpleflow_steps.clock import elapsed
from simpleflow_steps.step.names import check_selector, covered_by_any
from simpleflow_steps.storage.sidebyside import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from simpleflow_steps.step.marker import MarkerRegister
    from simpleflow_steps.storage import ListedObject

DONE, INVALIDATED, RUNNING, FAILED = "done", "invalidated", "running", "failed"
ORDER = (DONE, INVALIDATED, RUNNING, FAILED)
TITLES = ("STATE", "WHEN", "TOOK", "RUN", "RESULT", "STEP", "WHY")


@dataclass(frozen=True, slots=True)
class Listing:
    """The markers that were asked for, in their order, the state of each step, and what is known of the run."""

    register: MarkerRegister
    objects: dict[str, ListedObject]
    states: dict[str, str]
    now: RightNow

    @property
    def summary(self) -> str:
        """Say it all in one line."""
        where = f"under {shown(self.register.prefix)}/ in {shown(self.register.storage.url)}"
        if not self.states:
            return f"no steps {where}{shown(executions_alike(self.register))}"
        counts = Counter(self.states.values())
        told = [f"{counts[state]} {state}" for state in ORDER if counts[state] or state in (DONE, INVALIDATED)]
        run = f"; run {short_run(self.now.run_id)} is {self.now.state}" if self.now.state in (RUNNING, "stale") else ""
        return f"{', '.join(told)} {where}{run}"


def show_list(
    workflow_id: str, names: Sequence[str], as_json: bool, names_only: bool, state: str | None, limit: int,
    depth: int | None, **place: Any,
) -> None:  # fmt: skip
    """List steps, at the cost of listing their markers, reading those of the rows shown, and the lease."""
    if names_only and state in (RUNNING, FAILED):
        raise click.UsageError(f"--names reads nothing but the listing, which does not tell which steps are {state}")
    register = open_markers(workflow_id, **place)
    selectors = [check_selector(name) for name in names]
    objects = list_markers(register, selectors)
    now = RightNow() if names_only else read_right_now(register.storage, workflow_id)
    listing = Listing(register, objects, _states(objects, now, selectors), now)
    demand_all(register, [] if not names or names == ("*",) else selectors, listing.states)
    if state is not None:
        kept = {name: each for name, each in listing.states.items() if each == state}
        listing = Listing(register, objects, kept, now)
    if names_only:
        for name in listing.states:
            click.echo(shown(name))
        return
    tops = make_tree({name: each == DONE for name, each in listing.states.items()}, set(outermost(selectors)))
    rows = fit_rows(tops, limit=limit or None, depth=depth)
    hidden = len(listing.states) - sum(row.node.is_step + row.folded * row.node.total for row in rows)
    facts = _details(listing, rows)
    if as_json:
        print_json(_document(workflow_id, listing, rows, facts, hidden))
    else:
        _print(listing, rows, facts, hidden)


def _states(objects: dict[str, ListedObject], now: RightNow, selectors: Sequence[str]) -> dict[str, str]:
    """Give the state of each step; one may run or have failed that has no marker yet."""
    states = {name: DONE if found.size else INVALIDATED for name, found in objects.items()}
    told = {**dict.fromkeys(now.failed, FAILED), **dict.fromkeys(now.running, RUNNING)}
    wanted = set(selectors)
    told = {
        name: state
        for name, state in told.items()
        if (not wanted or covered_by_any(name, wanted)) and (state == RUNNING or states.get(name) != DONE)
    }
    if not told.keys() - states.keys():
        return {**states, **told}
    states.update(told)
    return {name: states[name] for name in sorted(states)}


def _details(listing: Listing, rows: Iterable[Row]) -> dict[str, Facts]:
    names = [row.node.name for row in rows if listing.states.get(row.node.name) == DONE]
    found = side_by_side(lambda name: read_facts(listing.register, name), names)
    return {name: facts for name, facts in zip(names, found, strict=True) if facts is not None}


def _print(listing: Listing, rows: list[Row], facts: dict[str, Facts], hidden: int) -> None:
    print_table(TITLES, [_cells(listing, row, facts.get(row.node.name)) for row in rows], right=("TOOK", "RESULT"))
    folded = sum(row.folded for row in rows)
    more = [f"{hidden} more steps are not shown"] if hidden else []
    more += [f"{folded} folded (...)"] if folded else []
    told = f"; {', '.join(more)}: name some, or pass --limit or --depth" if more else ""
    click.echo(listing.summary + told, err=True)


def _cells(listing: Listing, row: Row, facts: Facts | None) -> tuple[Cell | str, ...]:
    node = row.node
    below = f"{node.done}/{node.total} done"
    name = "  " * row.level + shown(node.label)
    fold = " ..." if row.folded else ""
    if not node.is_step:
        return (Cell(below, None if node.done < node.total else "green"), "", "", "", "", name + fold, "")
    state = listing.states[node.name]
    name += f" ({below} below){fold}" if node.children else ""
    first = Cell("corrupt", COLORS["corrupt"]) if facts and facts.problem else Cell(state, COLORS[state])
    if facts is None:
        run = short_run(listing.now.run_id) if state in (RUNNING, FAILED) else ""
        return (first, time_text(_when(listing, node.name)), "", run, "", name, one_line(_word(listing, node.name)))
    took = "" if facts.seconds is None else elapsed(facts.seconds)
    result = "" if facts.result_size is None else size(facts.result_size)
    when = facts.marker.finished if facts.marker else _when(listing, node.name)
    return (first, time_text(when), took, facts.run, result, name, one_line(facts.why))


def _when(listing: Listing, name: str) -> Any:
    """Tell since when a step is as it is, for what is not done by a marker of ours."""
    if listing.states[name] == RUNNING:
        return listing.now.running[name]
    found = listing.objects.get(name)
    return None if found is None else found.modified


def _word(listing: Listing, name: str) -> str:
    """Give the last run's word about a step that failed."""
    return listing.now.failed.get(name, "") if listing.states[name] == FAILED else ""


def _document(
    workflow_id: str, listing: Listing, rows: list[Row], facts: dict[str, Facts], hidden: int
) -> dict[str, Any]:
    steps = [_step(listing, row.node.name, facts.get(row.node.name)) for row in rows if row.node.is_step]
    groups = [
        {"name": row.node.name, "done": row.node.done, "total": row.node.total, "folded": row.folded}
        for row in rows
        if row.node.children
    ]
    return {
        **place_of(listing.register, workflow_id),
        "counts": dict(Counter(listing.states.values())),
        "steps": steps,
        "groups": groups,
        "hidden": hidden,
    }


def _step(listing: Listing, name: str, facts: Facts | None) -> dict[str, Any]:
    found = listing.objects.get(name)
    modified = None if found is None or found.modified is None else found.modified.isoformat()
    step: dict[str, Any] = {"name": name, "state": listing.states[name], "modified": modified}
    step["size"] = None if found is None else found.size
    if listing.states[name] == RUNNING:
        since = listing.now.running[name]
        step.update(run_id=listing.now.run_id, started=None if since is None else since.isoformat())
    if word := _word(listing, name):
        step.update(run_id=listing.now.run_id, error=word)
    return {**step, **(facts.document() if facts else {})}
