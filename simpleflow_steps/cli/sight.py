"""What another machine sees of a run: its lease, its markers, and the leases of its children."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from msgspec import structs

from simpleflow_steps.cli.holding import STALE, find_execution, read_execution, state_of
from simpleflow_steps.cli.progress.scene import Scene
from simpleflow_steps.exceptions import InvalidInput, LeaseCorrupt, StorageError
from simpleflow_steps.execution.account import COMPLETED, RUNNING, WAITING, Account, later, read_account
from simpleflow_steps.step.tasks import open_register

if TYPE_CHECKING:
    from simpleflow_steps.execution.account import GroupAccount
    from simpleflow_steps.execution.lease import LeaseRecord
    from simpleflow_steps.step.marker import MarkerRegister
    from simpleflow_steps.storage import Storage

PAGE = 1000  # keys that one request lists
MOST_CHILDREN = 8  # whose leases are read at each look


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at an execution; `age` is how old its lease was by then, and `at` when that was, on this machine."""

    state: str
    record: LeaseRecord
    account: Account
    age: float
    at: float
    trouble: str = ""
    children: dict[str, Sight] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of this run."""
        return self.state not in (RUNNING, STALE, "continued")

    def age_now(self) -> float:
        """Tell how many seconds old the run's account is by now."""
        return self.age + time.monotonic() - self.at

    def scene(self) -> Scene:
        """Give what there is to draw, at the present time of the run's own clock while it is there to have one."""
        ahead = self.age_now() if self.state == RUNNING else 0.0
        now = later(self.record.renewed, ahead)
        return Scene(self.account, now, {name: child.scene() for name, child in self.children.items()})


class Watcher:
    """Look at one execution again and again.

    A look costs one read of the lease; one more for each child workflow that runs, for some of them; and, as a lease
    is renewed at a quarter of its time to live only, one listing of the markers while they fit into one page.
    """

    def __init__(self, storage: Storage, workflow_id: str) -> None:
        self._storage = storage
        self._workflow_id = workflow_id
        self._etag = ""
        self._since = 0.0
        self._markers = _Markers(open_register(storage, f"{workflow_id}/steps"))
        self._last: Sight | None = None
        self._over: set[str] = set()

    def look(self) -> Sight:
        """Look now; if that fails, tell what was seen last, and the trouble.

        :raises InvalidInput: if the execution never ran
        :raises StorageError: if the very first look fails
        """
        try:
            self._last = self._look()
        except (StorageError, LeaseCorrupt, InvalidInput) as error:
            if self._last is None:
                raise
            self._last = replace(self._last, trouble=str(error))
        return self._last

    def _look(self) -> Sight:
        record, body = read_execution(self._storage, self._workflow_id)
        now = time.monotonic()
        if body.etag != self._etag:
            self._etag, self._since = body.etag, now
        age = now - self._since if body.age is None else body.age
        state, account = state_of(record, age), read_account(record.progress)
        if state != RUNNING:
            return Sight(state, record, account, age, now)
        fresh = self._markers.freshened(account, body.etag)
        return Sight(state, record, fresh, age, now, children=self._children(fresh))

    def _children(self, account: Account) -> dict[str, Sight]:
        found: dict[str, Sight] = {}
        for child_id in [each for each in account.children if each not in self._over][-MOST_CHILDREN:]:
            try:
                there = find_execution(self._storage, child_id)
            except (InvalidInput, LeaseCorrupt):
                continue
            if there is None:
                continue
            record, body = there
            age = body.age or 0.0
            child = Sight(state_of(record, age), record, read_account(record.progress), age, time.monotonic())
            if child.is_over:
                self._over.add(child_id)
            else:
                found[child_id] = child
        return found


class _Markers:
    """Know which steps were marked done since a lease was written, while one request tells."""

    def __init__(self, register: MarkerRegister) -> None:
        self._register = register
        self._renewal = ""
        self._known: dict[str, str] = {}
        self._cheap = True

    def freshened(self, account: Account, renewal: str) -> Account:
        """Give an account with the steps that are done by now."""
        if not self._cheap or account.done > PAGE:
            return account
        markers = self._register.list()
        self._cheap = len(markers) <= PAGE
        done = {name: seen.etag for name, seen in markers.items() if seen.done}
        if renewal != self._renewal:
            self._renewal, self._known = renewal, done
        running = {step.name for step in account.running}
        return _with_done(
            account, {name for name, etag in done.items() if self._known.get(name) != etag} | running & done.keys()
        )


def _with_done(account: Account, names: set[str]) -> Account:
    """Count steps as completed; one that was not known to run had waited, if any did."""
    if not names:
        return account
    running = tuple(step for step in account.running if step.name not in names)
    counts = Counter(account.counts)
    counts[RUNNING] -= len(account.running) - len(running)
    started_since = len(names) - (len(account.running) - len(running))
    counts[WAITING] -= min(started_since, counts[WAITING])
    counts[COMPLETED] += len(names)
    heads = Counter(name.partition(".")[0] for name in names if "." in name)
    groups = {name: _group_with_done(group, heads[name]) for name, group in account.groups.items()}
    return structs.replace(account, running=running, counts=dict(+counts), groups=groups)


def _group_with_done(group: GroupAccount, done: int) -> GroupAccount:
    all_done = group.done + done
    total, running = max(group.total, all_done), max(group.running - done, 0)
    return structs.replace(group, done=all_done, total=total, running=running)
