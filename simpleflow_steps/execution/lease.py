"""The lease: the object that lets one run at a time own an execution.

No wall clock is compared between machines. The holder trusts its own monotonic clock, from before it sent the last
renewal that succeeded; a contender takes over only after it saw the same etag for a whole time to live on its own
clock, and then by compare-and-set. A holder that could not renew in time holds nothing, whatever the object still says.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, Struct, field
from msgspec.structs import asdict, replace

from simpleflow_steps import codec, log
from simpleflow_steps.exceptions import (
    InvalidInput,
    LeaseCorrupt,
    LeaseHeld,
    LeaseLost,
    ObjectNotFound,
    ObjectTooLarge,
    PreconditionFailed,
)
from simpleflow_steps.execution.holder import Holder, is_gone, this_process
from simpleflow_steps.step.marker import fresh_nonce

if TYPE_CHECKING:
    from simpleflow_steps.clock import Clock
    from simpleflow_steps.storage import Storage
    from simpleflow_steps.storage.protocol import Body

    Found = tuple["LeaseRecord", Body]  # a lease, with the object that it came in

LIMIT = 256 * 1024  # bytes; nothing larger is read as a lease
WRITTEN_LIMIT = 64 * 1024  # bytes; the run's account of itself stays out of a lease that it would make larger
LONGEST_TTL = 24 * 3600.0  # seconds; a lease that asks for more patience than this is not believed
NEVER_RUN = "never run"  # the status of a lease that no run has held yet
Conflict = Literal["fail", "wait"]


class LeaseRecord(Struct, frozen=True, kw_only=True):
    """What the lease object holds, as JSON.

    `status` is `running` while it is held, else how the run ended; `progress` is the run's own account; `ttl` is in
    seconds; the times are for people only. `nonce` is fresh on every write.
    """

    workflow_id: str
    run_id: str
    workflow: str
    nonce: str
    held: bool
    status: str
    ttl: Annotated[float, Meta(gt=0, le=LONGEST_TTL)]
    holder: Holder
    acquired: datetime
    renewed: datetime
    renewals: int = 0
    progress: dict[str, Any] = field(default_factory=dict)


def lease_key(workflow_id: str) -> str:
    """Give the key of an execution's lease."""
    return f"{workflow_id}/lease"


def read_lease(storage: Storage, workflow_id: str) -> tuple[LeaseRecord, Body] | None:
    """Read an execution's lease, with the object that it came in; None if there never was one.

    :raises LeaseCorrupt: if it cannot be read
    """
    key = lease_key(workflow_id)
    try:
        body = storage.get(key, max_size=LIMIT)
        return codec.read(LeaseRecord, body, f"lease {key}"), body
    except ObjectNotFound:
        return None
    except (ValueError, ObjectTooLarge) as error:
        raise LeaseCorrupt(
            f"lease {key} cannot be read ({error}): replace it with `sfs lease steal {workflow_id}`"
        ) from None


class Lease:
    """One run's hold on its execution.

    :param ttl: how many seconds the hold lasts without a renewal
    :param margin: how many seconds before its end it is not trusted any more
    """

    def __init__(
        self, storage: Storage, *, workflow_id: str, run_id: str, workflow: str, ttl: float, margin: float, clock: Clock
    ) -> None:
        if not 0 <= margin < ttl <= LONGEST_TTL:
            raise InvalidInput(f"lease_ttl={ttl!r}, margin {margin!r}: a time to live of up to a day, above its margin")
        self._storage = storage
        self._clock = clock
        self._margin = margin
        self._lock = threading.Lock()
        self._etag: str | None = None
        self._sent: dict[str, float] = {}
        self._valid_until = float("-inf")
        self._lost: str | None = None
        self._found: LeaseRecord | None = None
        now = clock.now()
        self._record = LeaseRecord(
            workflow_id=workflow_id,
            run_id=run_id,
            workflow=workflow,
            nonce="",
            held=True,
            status="running",
            ttl=float(ttl),
            holder=this_process(),
            acquired=now,
            renewed=now,
        )

    @property
    def record(self) -> LeaseRecord:
        """Give what was written last."""
        return self._record

    def acquire(self, on_conflict: Conflict, stop: threading.Event) -> None:
        """Take the lease if nobody holds it, or if its holder is gone.

        :param on_conflict: whether to fail at once if another run holds it, or to wait for it
        :param stop: set by another thread to wait no longer
        :raises LeaseHeld: if another run holds it
        """
        held, found = self._take(if_none_match="*")
        watch = _Watch(self._clock)
        while not held and not stop.is_set():
            if found is None:
                held, found = self._take(if_none_match="*")
                continue
            record, body = found
            if not record.held or is_gone(record.holder, record.run_id) or watch.has_expired(record, body.etag):
                held, found = self._take(if_match=body.etag)
                self._found = record if held else None
                continue
            if on_conflict == "fail":
                raise LeaseHeld(describe(record), record.workflow_id)
            self._clock.wait(stop, min(record.ttl, self._record.ttl) / 4)
            found = read_lease(self._storage, record.workflow_id)
        if not held:
            raise LeaseHeld("the wait for the lease was interrupted", self._record.workflow_id)

    def check(self) -> None:
        """Do nothing while the lease is surely held; call it before anything that only the holder may do.

        :raises LeaseLost: from the moment at which another run may hold it
        """
        if self._lost is not None:
            raise LeaseLost(self._lost)
        if self._clock.monotonic() >= self._valid_until - self._margin:
            raise LeaseLost(
                f"the lease of {self._record.workflow_id!r} could not be renewed within {self._record.ttl:g} s: "
                "another run may own the execution by now, so this one stops"
            )

    def renew(self, progress: dict[str, Any]) -> None:
        """Hold it for another time to live.

        :raises LeaseLost: if another run holds it
        :raises StorageError: if nobody knows; try again while `check` passes
        """
        self.check()
        renewals = self._record.renewals + 1
        with self._lock:
            if self._lost is not None:
                raise LeaseLost(self._lost)
            self._replace({"renewed": self._clock.now(), "renewals": renewals, "progress": progress})

    def release(self, status: str, progress: dict[str, Any]) -> None:
        """Give it back, and say how the run ended; a lost one is left alone.

        From the moment of the call this run holds nothing, whether or not the answer arrives.

        :raises StorageError: if it could not be written; it then runs out by itself
        """
        now = self._clock.now()
        self._give_back({"renewed": now, "held": False, "status": status, "progress": progress})

    def restore(self) -> None:
        """Give it back as it was found, for a hold that was no run.

        :raises StorageError: if it could not be written; it then runs out by itself
        """
        found = self._found
        if found is None:
            self._give_back({"held": False, "status": NEVER_RUN})
            return
        status = "crashed" if found.held else found.status
        self._give_back({**asdict(found), "held": False, "status": status})

    def _give_back(self, changes: dict[str, Any]) -> None:
        with self._lock:
            if self._lost is not None or self._etag is None:
                return
            self._lost = f"the lease of {self._record.workflow_id!r} was given back"
            with suppress(LeaseLost):
                self._replace(changes)

    def _replace(self, changes: dict[str, Any]) -> None:
        """Write over what this run wrote; an earlier attempt whose answer was lost may be what is found."""
        for _ in range(3):
            if self._put(changes, if_match=self._etag):
                return
            found = self._read()
            if found is None or not self._adopt(*found):
                break
        self._lost = f"another run took the lease of {self._record.workflow_id!r} over; this one stops"
        raise LeaseLost(self._lost)

    def _take(self, **condition: str) -> tuple[bool, Found | None]:
        """Try to write the first record of this run's hold; tell whether it is the one that is there now, and else what
        is there.
        """
        with self._lock:
            if self._put({"acquired": self._clock.now(), "renewed": self._clock.now()}, **condition):
                return True, None
            found = read_lease(self._storage, self._record.workflow_id)
            return found is not None and self._adopt(*found), found

    def _read(self) -> Found | None:
        """Read the lease for what this run wrote; what cannot be read is another's."""
        try:
            return read_lease(self._storage, self._record.workflow_id)
        except LeaseCorrupt:
            return None

    def _adopt(self, record: LeaseRecord, body: Body) -> bool:
        """Take a write of this run for what it is, although its answer was lost."""
        if record.nonce not in self._sent:
            return False
        self._etag = body.etag
        self._valid_until = self._sent[record.nonce] + record.ttl
        return True

    def _put(self, changes: dict[str, Any], **condition: str | None) -> bool:
        self._record, body = _written(replace(self._record, **{**changes, "nonce": fresh_nonce()}))
        self._sent[self._record.nonce] = sent = self._clock.monotonic()
        try:
            self._etag = self._storage.put(lease_key(self._record.workflow_id), body, **condition)
        except PreconditionFailed:
            return False
        self._sent = {self._record.nonce: sent}
        self._valid_until = sent + self._record.ttl
        return True


class _Watch:
    """Remember since when one etag has been there, on this machine's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._etag: str | None = None
        self._since = 0.0

    def has_expired(self, record: LeaseRecord, etag: str) -> bool:
        """Tell whether it has been there for a whole time to live, without a renewal."""
        now = self._clock.monotonic()
        if etag != self._etag:
            log.info("waiting for the lease", holder=describe(record), ttl=record.ttl)
            self._etag, self._since = etag, now
        return now - self._since >= record.ttl


def _written(record: LeaseRecord) -> tuple[LeaseRecord, bytes]:
    """Write a lease as JSON, without the run's account of itself if that would make it one that cannot be read."""
    try:
        codec.check(record.progress)
    except codec.NotJSON as error:
        why = str(error)
    else:
        body = codec.written(record)
        if len(body) <= WRITTEN_LIMIT:
            return record, body
        why = f"{len(body)} bytes, more than {WRITTEN_LIMIT}"
    record = replace(record, progress={"omitted": why})
    return record, codec.written(record)


def hold_of(record: LeaseRecord, age: float | None) -> str:
    """Say how a held lease is: `running`, `crashed` if its process is known to be gone, or `stale`.

    :param age: how many seconds ago it was written, by the storage's clock; None if unknown, and then nothing is stale
    """
    if is_gone(record.holder, record.run_id):
        return "crashed"
    return "stale" if age is not None and age > record.ttl else "running"


def describe(record: LeaseRecord) -> str:
    """Say who holds a lease, for people."""
    holder = record.holder
    renewed = f"{record.renewed:%Y-%m-%d %H:%M:%S} UTC"
    return f"run {record.run_id} by {holder.user}@{holder.host} (pid {holder.pid}), lease renewed {renewed}"


def steal_lease(storage: Storage, workflow_id: str, thief: str) -> LeaseRecord | None:
    """End whatever hold there is, whoever has it: its run stops at its next renewal. Give what was there.

    Until that renewal the old run does not know, so that two may be at work at once: it is for a person to decide.

    :param thief: who did it, for people
    :return: None if what was there could not be read
    :raises ObjectNotFound: if there is no lease
    :raises PreconditionFailed: if the holder renewed it at this very moment
    """
    try:
        found = read_lease(storage, workflow_id)
    except LeaseCorrupt:
        body = storage.get(lease_key(workflow_id))
        _end(storage, _unknown(workflow_id), thief, body.etag)
        return None
    if found is None:
        raise ObjectNotFound(f"{storage.url} key {lease_key(workflow_id)!r} does not exist")
    record, body = found
    if record.held:
        _end(storage, record, thief, body.etag)
    return record


def _end(storage: Storage, record: LeaseRecord, thief: str, etag: str) -> None:
    """Write that nobody holds it; to remove it would let two thieves remove each other's successor's."""
    body = codec.written(replace(record, held=False, status=f"stolen by {thief}", nonce=fresh_nonce()))
    storage.put(lease_key(record.workflow_id), body, if_match=etag)


def _unknown(workflow_id: str) -> LeaseRecord:
    """Stand in for a lease that cannot be read."""
    now = datetime.now(UTC)
    return LeaseRecord(
        workflow_id=workflow_id,
        run_id="unknown",
        workflow="unknown",
        nonce="",
        held=False,
        status="unknown",
        ttl=1.0,
        holder=this_process(),
        acquired=now,
        renewed=now,
    )
