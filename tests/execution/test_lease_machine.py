"""The lease alone, in any order of events: contenders take turns at every request and every wait.

Each contender is a thread that stands still at each point where the world may come between: before a write reaches the
storage, before its answer arrives, before a read, and while it waits. The machine lets them go on one at a time, loses
answers, delivers given-up writes late, kills contenders, and moves the time; each contender's own clock is a little
fast or slow.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from simpleflow_steps.exceptions import (
    LeaseHeld,
    LeaseLost,
    PreconditionFailed,
    StorageError,
    StorageUnavailable,
)
from simpleflow_steps.execution.holder import Living, this_process
from simpleflow_steps.execution.lease import Lease, read_lease
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.storage.protocol import Body

TTL, MARGIN = 60.0, 6.0
DRIFTS = (0.97, 1.0, 1.03)  # seconds of a contender's clock in a true second; the margin allows for it
HISTORIES = int(os.environ.get("SFS_LEASE_HISTORIES", "150"))
DELIVERED, LOST, RETRIED, DROPPED, LATE = FATES = ("delivered", "lost", "retried", "dropped", "late")
SELDOM = st.integers(0, 3).map(lambda drawn: drawn == 3)


class Dead(BaseException):
    """End a contender's thread where it stands."""


@dataclass
class Write:
    """A write on its way."""

    key: str
    body: bytes
    condition: dict[str, str | None]


class World:
    """The true time, the storage, and the writes that are still on their way although their senders gave them up."""

    def __init__(self) -> None:
        self.time = 0.0
        self.storage = MemoryStorage()
        self.late: list[Write] = []

    def write(self, write: Write) -> str:
        return self.storage.put(write.key, write.body, **write.condition)


class Contender:
    """One run: its lease, its clock, its storage, and the thread in which it acts."""

    def __init__(self, world: World, name: str, drift: float, *, foreign: bool) -> None:
        self.world = world
        self.fate = DELIVERED
        self.doing: str | None = None
        self.waits_until: float | None = None
        self.dead = False
        self._drift = drift
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        self.living = Living(name)
        self.lease = Lease(
            self,  # type: ignore[arg-type]
            workflow_id="w",
            run_id=name,
            workflow="daily",
            ttl=TTL,
            margin=MARGIN,
            clock=self,  # type: ignore[arg-type]
        )
        if foreign:
            holder = replace(this_process(), boot_id=name)
            self.lease._record = replace(self.lease.record, holder=holder)

    # its clock

    def monotonic(self) -> float:
        return 1000.0 + self.world.time * self._drift

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.world.time)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waits_until = self.world.time + seconds / self._drift
        self._stand()
        self.waits_until = None
        return False

    # its storage

    def get(self, key: str, *, max_size: int | None = None) -> Body:
        self._stand()
        body = self.world.storage.get(key, max_size=max_size)
        self._stand()
        return body

    def put(self, key: str, body: bytes, **condition: str | None) -> str:
        write = Write(key, body, condition)
        self._stand()
        fate, self.fate = self.fate, DELIVERED
        if fate == LATE:
            self.world.late.append(write)
        if fate in (LATE, DROPPED):
            raise StorageUnavailable(fate)
        etag = self.world.write(write)
        self._stand()
        if fate == LOST:
            raise StorageUnavailable(fate)
        return self.world.write(write) if fate == RETRIED else etag

    # its thread

    def begin(self, doing: str, act: Callable[[], Any]) -> None:
        self.doing = doing
        threading.Thread(target=self._live, args=(act,), daemon=True).start()
        assert self._stands.acquire(timeout=10)

    def go_on(self) -> None:
        self._go.release()
        assert self._stands.acquire(timeout=10)

    def die(self) -> None:
        self.dead = True
        self.living.end()
        if self.doing:
            self.go_on()

    def holds(self) -> bool:
        if self.dead:
            return False
        try:
            self.lease.check()
        except LeaseLost:
            return False
        return True

    def _live(self, act: Callable[[], Any]) -> None:
        try:
            act()
        except (LeaseHeld, LeaseLost, StorageError, Dead):
            pass
        finally:
            self.doing = None
            self._stands.release()

    def _stand(self) -> None:
        self._stands.release()
        self._go.acquire()
        if self.dead:
            raise Dead


class LeaseMachine(RuleBasedStateMachine):
    """Never two that hold the lease at one true time."""

    contenders: list[Contender]

    @initialize(kinds=st.lists(st.tuples(st.sampled_from(DRIFTS), st.booleans()), min_size=2, max_size=4))
    def populate(self, kinds: list[tuple[float, bool]]) -> None:
        self.world = World()
        self.born = 0
        self.contenders = [self.contender(drift, foreign) for drift, foreign in kinds]
        self.reigns: list[str] = []

    def contender(self, drift: float, foreign: bool) -> Contender:
        self.born += 1
        return Contender(self.world, f"{id(self)}-{self.born}", drift, foreign=foreign)

    @rule(number=st.integers(0, 3), steps=st.integers(1, 8), how=st.sampled_from(["wait", "fail"]), last=SELDOM)
    def act(self, number: int, steps: int, how: Any, last: bool) -> None:
        """Have one of them begin what comes next for it, or go on with it."""
        one = self.contenders[number % len(self.contenders)]
        if one.dead:
            return
        if not one.doing:
            self.begin(one, how, last)
        for _ in range(steps):
            if self.can_go_on(one):
                one.go_on()
                self.never_two()

    def begin(self, one: Contender, how: Any, last: bool) -> None:
        if one.lease._etag is None:
            one.begin("acquire", lambda: one.lease.acquire(how, threading.Event()))
        elif last or not one.holds():
            one.begin("release", lambda: one.lease.release("completed", {}))
        else:
            one.begin("renew", lambda: one.lease.renew({}))

    @rule(number=st.integers(0, 3), what=st.sampled_from([*FATES[1:], "arrive", "kill"]), rare=SELDOM)
    def go_wrong(self, number: int, what: str, rare: bool) -> None:
        one = self.contenders[number % len(self.contenders)]
        if what == "arrive" and self.world.late:
            with suppress(PreconditionFailed):
                self.world.write(self.world.late.pop(number % len(self.world.late)))
        elif what == "kill" and rare:
            one.die()
        elif what in FATES:
            one.fate = what

    @rule(drift=st.sampled_from(DRIFTS), foreign=st.booleans())
    def be_born(self, drift: float, foreign: bool) -> None:
        """Another run starts in the place of one that has ended."""
        ended = [each for each in self.contenders if each.dead or (each.lease._lost and not each.doing)]
        if ended:
            self.contenders.remove(ended[0])
            ended[0].living.end()
            self.contenders.append(self.contender(drift, foreign))

    @rule(seconds=st.sampled_from([0.5, TTL / 4, TTL / 2, TTL - MARGIN, TTL, 2 * TTL]), asleep=SELDOM)
    def pass_time(self, seconds: float, asleep: bool) -> None:
        """In small steps, so that no moment is missed.

        :param asleep: whether those that wait for the lease do not look for it in the meantime
        """
        for _ in range(8):
            self.world.time += seconds / 8
            self.never_two()
            for one in () if asleep else self.contenders:
                self.look(one)

    def look(self, one: Contender) -> None:
        """Let one that waits go on until it waits again."""
        if one.waits_until is None or not self.can_go_on(one):
            return
        one.go_on()
        while one.doing and one.waits_until is None:
            one.go_on()
            self.never_two()

    def can_go_on(self, one: Contender) -> bool:
        return bool(one.doing) and (one.waits_until is None or self.world.time >= one.waits_until)

    @invariant()
    def never_two(self) -> None:
        holders = [each.lease.record.run_id for each in self.contenders if each.holds()]
        assert len(holders) <= 1, f"at {self.world.time}: {holders}"
        if holders and self.reigns[-1:] != holders:
            self.reigns += holders

    @invariant()
    def what_is_stored_can_be_read(self) -> None:
        read_lease(self.world.storage, "w")

    def teardown(self) -> None:
        for each in getattr(self, "contenders", []):
            each.die()
        assert len(self.reigns) == len(set(self.reigns)), "a run lost the lease and had it again"


TestLease = LeaseMachine.TestCase
TestLease.settings = settings(
    max_examples=HISTORIES, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_the_machine_finds_a_holder_that_trusts_the_time_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine is worth nothing if it does not notice a lease that is wrong."""
    put = Lease._put

    def too_trusting(self: Lease, changes: dict[str, Any], **condition: str | None) -> bool:
        written = put(self, changes, **condition)
        if written:
            self._valid_until = self._clock.monotonic() + TTL
        return written

    monkeypatch.setattr(Lease, "_put", too_trusting)

    assert _finds_a_fault()


def test_the_machine_finds_a_contender_that_does_not_look_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simpleflow_steps.execution.lease._Watch.has_expired", lambda *_: True)

    assert _finds_a_fault()


def _finds_a_fault() -> bool:
    """Look in the histories of one seed after another: few hold the fault, and which ones changes with the code."""
    return any(_finds_a_fault_from(number) for number in range(8))


def _finds_a_fault_from(number: int) -> bool:
    machine = seed(number)(type("SeededLeaseMachine", (LeaseMachine,), {}))
    searching = settings(TestLease.settings, max_examples=1000, database=None, phases=[Phase.generate])
    try:
        run_state_machine_as_test(machine, settings=searching)
    except AssertionError as error:
        return str(error).startswith("at ")
    return False
