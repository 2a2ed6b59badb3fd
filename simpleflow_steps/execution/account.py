"""A run's account of itself: what it does now and how far it is, small whatever the run's size.

It goes into the lease as JSON and comes out of it on another machine, where anything may be in it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct, field, to_builtins

from simpleflow_steps import codec

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT = 48 * 1024  # bytes; a larger account is told with fewer names
MOST = 20  # how many running steps, groups, failures and children it names
NAME_KEPT = 255  # characters
ERROR_KEPT = 200
NOTE_KEPT = 200  # characters of JSON; a larger heartbeat is kept as the beginning of its text
RUNNING, COMPLETED, SKIPPED, FAILED, WAITING = "running", "completed", "skipped", "failed", "waiting"
INVALIDATED, UNFINISHED = "invalidated", "unfinished"
STATES = (RUNNING, COMPLETED, SKIPPED, FAILED, INVALIDATED, UNFINISHED, WAITING)
Count = Annotated[int, Meta(ge=0)]


class RunningStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step that runs: since when, inside which step, and its last heartbeat.

    `retries` counts those of all activities in it, and `attempt` is that of the one that was retried last.
    """

    name: str
    started: codec.Moment | None = None
    retries: Count = 0
    attempt: Count = 1
    within: str | None = None
    note: Any = None


class GroupAccount(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The steps under one name: `load` is the group of `load.a` and `load.b.c`; `total` counts those known so far."""

    done: Count = 0
    total: Count = 0
    running: Count = 0
    failed: Count = 0
    within: str | None = None


class ChildAccount(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A child workflow, started inside `step` if inside any; `status` if it is known to have ended."""

    workflow: str = ""
    step: str | None = None
    status: str | None = None


class Account(Struct, frozen=True, kw_only=True):
    """What a run tells of itself.

    `counts` says how many steps are in each state. `foretold` tells whether steps were announced before their turn, so
    that what is known is likely all there is. The others are bounded: they name some, not all.
    """

    counts: dict[str, Count] = field(default_factory=dict)
    foretold: bool = False
    running: tuple[RunningStep, ...] = ()
    groups: dict[str, GroupAccount] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    children: dict[str, ChildAccount] = field(default_factory=dict)
    heartbeats: dict[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """How many steps are over, well or not."""
        return sum(self.counts.get(state, 0) for state in (COMPLETED, SKIPPED, FAILED, UNFINISHED))

    @property
    def total(self) -> int:
        """How many steps are known."""
        return sum(self.counts.get(state, 0) for state in STATES if state != INVALIDATED)


def dump_account(account: Account) -> dict[str, Any]:
    """Give an account as JSON that fits into a lease; one that is too long for it names less."""
    most = MOST
    while True:
        document = _document(account, most)
        if most == 0 or len(codec.written(document)) <= LIMIT:
            return document
        most //= 2


def read_account(progress: Mapping[str, Any]) -> Account:
    """Read the account in a lease; of one that is odd or old, what there is."""
    details = _checked(dict[str, dict[str, Any]], progress.get("details"), {})
    counts = _checked(dict[str, Count], progress.get("steps"), {})
    return Account(
        counts={state: count for state, count in counts.items() if count and state in STATES},
        foretold=progress.get("foretold") is True,
        running=tuple(
            _checked(RunningStep, {**details.get(name, {}), "name": name}, RunningStep(name=name))
            for name in _checked(list[str], progress.get("running"), [])[:MOST]
        ),
        groups=_some(_checked(dict[str, GroupAccount], progress.get("groups"), {})),
        failed=_some(_checked(dict[str, str], progress.get("failed"), {})),
        children=_some(_checked(dict[str, ChildAccount], progress.get("children"), {})),
    )


def short_note(value: Any) -> Any:
    """Give a heartbeat's details as JSON that is not long, or as the beginning of their text."""
    try:
        plain = codec.encode_result(value).value
        text = plain if isinstance(plain, str) else codec.dumps(plain).decode()
    except (codec.NotStorable, codec.NotJSON):
        plain = text = _described(value)
    return plain if len(text) <= NOTE_KEPT else f"{text[:NOTE_KEPT]}..."


def _described(value: Any) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001  the value's own methods may raise anything
        return type(value).__name__


def _checked(kind: Any, value: Any, otherwise: Any) -> Any:
    try:
        return otherwise if value is None else codec.as_record(kind, value)
    except codec.NotARecord:
        return otherwise


def _some(found: dict[str, Any]) -> dict[str, Any]:
    return dict(list(found.items())[:MOST])


def _document(account: Account, most: int) -> dict[str, Any]:
    running = account.running[:most]
    return {
        "steps": {state: account.counts.get(state, 0) for state in STATES},
        "foretold": account.foretold,
        "running": [step.name for step in running],
        "heartbeats": {_cut(name): note for name, note in list(account.heartbeats.items())[:most]},
        "details": {step.name: _details(step) for step in running},
        "groups": {name: to_builtins(group) for name, group in list(account.groups.items())[:most]},
        "failed": {name: error[:ERROR_KEPT] for name, error in list(account.failed.items())[:most]},
        "children": {_cut(name): to_builtins(child) for name, child in list(account.children.items())[:most]},
    }


def _details(step: RunningStep) -> dict[str, Any]:
    found: dict[str, Any] = to_builtins(step)
    del found["name"]
    return found


def _cut(name: str) -> str:
    return name if len(name) <= NAME_KEPT else f"{name[:NAME_KEPT]}..."


def seconds_since(started: datetime | None, now: datetime) -> float | None:
    """Tell for how long something runs; never less than nothing."""
    return None if started is None else max((_utc(now) - _utc(started)).total_seconds(), 0.0)


def later(at: datetime, seconds: float) -> datetime:
    """Give a time that is so much later, in UTC; the end of time is the end."""
    try:
        return _utc(at) + timedelta(seconds=seconds)
    except OverflowError:
        return _utc(at)


def _utc(at: datetime) -> datetime:
    """Give a time in UTC; one from a lease may have no zone, or lie at an end of time."""
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return at.replace(tzinfo=UTC)
