"""What `sfs gc` does: look at executions, tell what may go, and remove it under the lease of each."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from simpleflow_steps.cli.editing import held
from simpleflow_steps.cli.known import alike
from simpleflow_steps.cli.output import print_json
from simpleflow_steps.cli.places import open_place
from simpleflow_steps.cli.table import time_text
from simpleflow_steps.cli.text import one_line, plural, shown, size
from simpleflow_steps.exceptions import InvalidInput, SimpleflowStepsError, StorageError
from simpleflow_steps.execution.garbage import Rules
from simpleflow_steps.execution.lease import read_lease
from simpleflow_steps.execution.sweep import Place, remove, storage_time, survey
from simpleflow_steps.identity import check_workflow_id
from simpleflow_steps.storage.sidebyside import one_by_one

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import timedelta

    from simpleflow_steps.execution.garbage import Verdict
    from simpleflow_steps.execution.sweep import Survey
    from simpleflow_steps.storage import Storage

MOST_SHOWN = 20
PERIOD = 2.0  # seconds between two lines of progress
SIDE_BY_SIDE = 8  # executions


@dataclass(slots=True)
class Outcome:
    """What was found of one execution, and whether it is gone; or why it was left alone."""

    place: Place
    found: Survey | None = None
    removed: bool = False
    error: Exception | None = None

    @property
    def going(self) -> list[Verdict]:
        """Give what may go, or went."""
        return self.found.going if self.found else []


def collect(
    workflow_id: str | None, all_of_them: bool, prefix: str | None, storage: str | None, debug: bool, **how: Any
) -> None:
    """Look at one execution or at all, and remove what may go if that is asked for."""
    del debug  # the command itself heeds it
    if all_of_them == (workflow_id is not None):
        raise click.UsageError("name one execution by its ID, or pass --all")
    if prefix is not None and (all_of_them or not prefix.strip("/")):
        raise click.UsageError(f"--prefix {prefix!r}: name the key under which the markers of one ID are")
    where = open_place(storage)
    if workflow_id is None:
        _collect_all(where, **how)
    else:
        check_workflow_id(workflow_id)
        _collect_one(Place(where, workflow_id, f"{workflow_id}/steps" if prefix is None else prefix), **how)


def _collect_one(place: Place, keep_runs: int, older_than: timedelta | None, yes: bool, as_json: bool) -> None:
    rules = Rules(keep_runs, older_than)
    outcome = Outcome(place, _look(place, rules, _Progress("markers read")))
    if yes and outcome.going:
        _remove(outcome, rules)
    if not as_json:
        _show_going(outcome)
        _show_kept(outcome, fully=True)
    _conclude(place.storage, [outcome], dry=not yes, as_json=as_json)


def _collect_all(where: Storage, keep_runs: int, older_than: timedelta | None, yes: bool, as_json: bool) -> None:
    rules = Rules(keep_runs, older_than)
    outcomes = []
    with closing(_look_at_all(where, rules)) as looked:
        for outcome in looked:
            if yes and outcome.going:
                _remove_or_not(outcome, rules)
            if not as_json:
                _show_going(outcome)
                _show_kept(outcome, fully=False)
            outcomes.append(outcome)
    _conclude(where, outcomes, dry=not yes, as_json=as_json)
    failures = [outcome.error for outcome in outcomes if outcome.error is not None]
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {plural(len(outcomes), 'execution')} left as found", failures)


def _look(place: Place, rules: Rules, progress: _Progress) -> Survey:
    """Look without the lease: what is found may change."""
    lease = read_lease(place.storage, place.workflow_id)
    return survey(place, rules, datetime.now(UTC), lease[0] if lease else None, progress.tell)


def _look_at_all(where: Storage, rules: Rules) -> Generator[Outcome, None, None]:
    places = [Place(where, name, f"{name}/steps") for name in where.folders() if _is_workflow_id(name)]
    look = partial(_look_or_not, rules=rules)
    return one_by_one(look, places, _Progress("executions looked at").tell, workers=SIDE_BY_SIDE)


def _look_or_not(place: Place, rules: Rules) -> Outcome:
    try:
        return Outcome(place, _look(place, rules, _Progress("")))
    except StorageError:
        raise
    except SimpleflowStepsError as error:
        return Outcome(place, error=error)


def _is_workflow_id(name: str) -> bool:
    try:
        check_workflow_id(name)
    except InvalidInput:
        return False
    return True


def _remove(outcome: Outcome, rules: Rules) -> None:
    """Look again under the lease, and remove what is found then."""
    place = outcome.place
    lease = read_lease(place.storage, place.workflow_id)
    progress = _Progress("objects removed")
    with held(place.storage, place.workflow_id) as check:
        now = storage_time(place.storage, place.workflow_id)
        outcome.found = survey(place, rules, now, lease[0] if lease else None, _Progress("markers read").tell)
        try:
            remove(place.storage, outcome.going, check, progress.tell)
        except BaseException:
            went = f"at least {progress.count} of {plural(len(outcome.going), 'object')}"
            _say(f"{went} removed; give the command again to go on")
            raise
    outcome.removed = True


def _remove_or_not(outcome: Outcome, rules: Rules) -> None:
    try:
        _remove(outcome, rules)
    except StorageError:
        raise
    except SimpleflowStepsError as error:
        outcome.error = error
        outcome.found = None


def _show_going(outcome: Outcome) -> None:
    going = outcome.going
    for each in going[:MOST_SHOWN]:
        line = f"{each.kind:<6}  {size(each.found.size):>8}  {time_text(each.found.modified):<19}"
        click.echo(f"{line}  {shown(each.found.key)}  {each.why}")
    if len(going) > MOST_SHOWN:
        _say(f"... and {len(going) - MOST_SHOWN} more of {shown(outcome.place.workflow_id)}; --json names them all")


def _show_kept(outcome: Outcome, *, fully: bool) -> None:
    """Tell what stays and why; of many executions, only what stays because nobody knows better."""
    for (kind, why, doubt), (count, total) in _kept(outcome).items():
        if fully or doubt:
            whose = "" if fully else f" of {shown(outcome.place.workflow_id)}"
            _say(f"kept: {plural(count, kind)}{whose}, {size(total)}: {shown(why)}")


def _kept(outcome: Outcome) -> dict[tuple[str, str, bool], tuple[int, int]]:
    counts: Counter[tuple[str, str, bool]] = Counter()
    sizes: Counter[tuple[str, str, bool]] = Counter()
    for each in outcome.found.verdicts if outcome.found else ():
        if not each.goes:
            counts[each.kind, each.why, each.doubt] += 1
            sizes[each.kind, each.why, each.doubt] += each.found.size
    return {reason: (count, sizes[reason]) for reason, count in counts.items()}


def _conclude(where: Storage, outcomes: list[Outcome], *, dry: bool, as_json: bool) -> None:
    going = [each for outcome in outcomes for each in outcome.going]
    total = sum(each.found.size for each in going)
    if as_json:
        rows = [_row(outcome) for outcome in outcomes if outcome.going or outcome.error or _kept(outcome)]
        print_json({"storage": where.url, "dry_run": dry, "objects": len(going), "bytes": total, "executions": rows})
        return
    whose = shown(outcomes[0].place.workflow_id) if len(outcomes) == 1 else plural(len(outcomes), "execution")
    place = f"of {whose} in {shown(where.url)}"
    if not going:
        known = len(outcomes) != 1 or outcomes[0].found is None or outcomes[0].found.verdicts
        _say(f"nothing to remove {place}" + ("" if known else alike(where, outcomes[0].place.workflow_id)))
    elif dry:
        _say(f"{plural(len(going), 'object')}, {size(total)}, may go {place}; nothing was removed: pass --yes for that")
    else:
        _say(f"removed {plural(len(going), 'object')}, {size(total)}, {place}")


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "workflow_id": outcome.place.workflow_id,
        "prefix": outcome.place.prefix,
        "removed": outcome.removed,
        "going": [_object(each) for each in outcome.going],
        "kept": [
            {"kind": kind, "why": why, "doubt": doubt, "objects": count, "bytes": total}
            for (kind, why, doubt), (count, total) in _kept(outcome).items()
        ],
        "error": None if outcome.error is None else str(outcome.error),
    }


def _object(verdict: Verdict) -> dict[str, Any]:
    found = verdict.found
    modified = None if found.modified is None else found.modified.isoformat()
    return {"key": found.key, "kind": verdict.kind, "size": found.size, "modified": modified, "why": verdict.why}


class _Progress:
    """Say now and then how far something is, if it takes long."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._said = time.monotonic()
        self.count = 0

    def tell(self, count: int, total: int) -> None:
        """Take note of how much is done, of how much."""
        self.count = count
        if self._what and time.monotonic() - self._said >= PERIOD:
            self._said = time.monotonic()
            _say(f"{self._what}: {count} of {total}")


def _say(text: str) -> None:
    click.echo(one_line(text), err=True)
