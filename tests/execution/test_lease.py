from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from msgspec.structs import replace

from simpleflow_steps.exceptions import (
    InvalidInput,
    LeaseCorrupt,
    LeaseHeld,
    LeaseLost,
    ObjectNotFound,
    PreconditionFailed,
    RunSuperseded,
    StorageUnavailable,
)
from simpleflow_steps.execution.holder import Holder, Living, this_process
from simpleflow_steps.execution.lease import Lease, LeaseRecord, hold_of, lease_key, read_lease, steal_lease
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.testing import (
    CountingStorage,
    Delays,
    Fails,
    Fault,
    FaultyStorage,
    LosesAnswer,
    ManualClock,
    RetriesAfterLostAnswer,
)
from tests.apart import apart
from tests.execution.conftest import MARGIN, TTL

MakeLease = Callable[..., Lease]
KEY = lease_key("w")


def take(lease: Lease, on_conflict: Any = "fail") -> Lease:
    lease.acquire(on_conflict, Event())
    return lease


def stored(storage: MemoryStorage) -> LeaseRecord:
    found = read_lease(storage, "w")
    assert found is not None
    return found[0]


def holds(lease: Lease) -> bool:
    try:
        lease.check()
    except LeaseLost:
        return False
    return True


def elsewhere() -> Holder:
    return replace(this_process(), host="another", boot_id="another")


@pytest.fixture
def foreign(make_lease: MakeLease) -> Lease:
    """Give a lease that a process on another machine holds."""
    lease = make_lease("foreign")
    lease._record = replace(lease.record, holder=elsewhere())
    return take(lease)


class TestAcquire:
    def test_an_execution_that_never_ran_is_taken_at_once(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        lease = take(make_lease("r1"))

        lease.check()
        assert (stored(storage).run_id, stored(storage).held, stored(storage).status) == ("r1", True, "running")
        assert stored(storage) == lease.record

    def test_costs_one_write_if_nobody_was_there(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        counting = CountingStorage(storage)
        take(make_lease(on=counting))

        assert counting.operations.keys() == [KEY]

    def test_fails_at_once_if_another_run_holds_it(self, make_lease: MakeLease) -> None:
        first = take(make_lease("r1"))

        with pytest.raises(LeaseHeld, match=r"execution 'w' is running: run r1 by .*on_conflict='wait'") as raised:
            take(make_lease("r2"))
        assert raised.value.workflow_id == "w"
        assert holds(first)

    def test_a_released_one_is_taken_at_once(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        take(make_lease("r1")).release("completed", {})
        second = take(make_lease("r2"))

        assert holds(second)
        assert stored(storage).run_id == "r2"

    def test_one_of_a_run_that_ended_in_this_process_is_taken_at_once(self, make_lease: MakeLease) -> None:
        living = Living("gone")
        first = take(make_lease("gone"))
        living.end()
        second = take(make_lease("r2"))

        assert holds(second)
        with pytest.raises(LeaseLost, match="another run took the lease of 'w' over"):
            first.renew({})

    @pytest.mark.usefixtures("foreign")
    def test_one_on_another_machine_is_not_believed_gone(self, make_lease: MakeLease) -> None:
        with pytest.raises(LeaseHeld, match="@another"):
            take(make_lease("r2"))

    @pytest.mark.usefixtures("foreign")
    def test_waits_a_whole_time_to_live_from_when_it_first_looked(
        self, make_lease: MakeLease, clock: ManualClock
    ) -> None:
        clock.advance(TTL / 2)
        second = make_lease("r2")
        waiting = apart(take, second, "wait")
        clock.await_waiters()
        clock.advance(TTL - 1)
        early = waiting.done()
        clock.advance(1)
        waiting.result(5)

        assert not early
        assert holds(second)
        assert clock.monotonic() == TTL * 1.5

    def test_each_renewal_makes_a_contender_wait_anew(
        self, make_lease: MakeLease, clock: ManualClock, foreign: Lease
    ) -> None:
        stop = Event()
        waiting = apart(make_lease("r2").acquire, "wait", stop)
        clock.await_waiters()
        for _ in range(10):
            clock.advance(TTL / 2)
            foreign.renew({})
        still = waiting.done()
        stop.set()
        with pytest.raises(LeaseHeld, match="interrupted"):
            waiting.result(5)

        assert not still
        assert holds(foreign)

    def test_a_contender_goes_on_soon_after_the_release(
        self, make_lease: MakeLease, clock: ManualClock, foreign: Lease
    ) -> None:
        waiting = apart(take, make_lease("r2"), "wait")
        clock.await_waiters()
        foreign.release("completed", {})
        clock.advance(TTL / 4)

        assert holds(waiting.result(5))

    def test_a_short_lived_contender_is_as_patient_as_the_holder_asks(
        self, make_lease: MakeLease, clock: ManualClock, foreign: Lease
    ) -> None:
        waiting = apart(take, make_lease("r2", ttl=4.0, margin=1.0), "wait")
        clock.await_waiters()
        clock.advance(TTL - 1)
        early = waiting.done()
        clock.advance(1)

        assert not early
        assert holds(waiting.result(5))
        assert not holds(foreign)

    def test_one_of_several_contenders_wins(self, make_lease: MakeLease) -> None:
        def contend(number: int) -> bool:
            try:
                take(leases[number])
            except LeaseHeld:
                return False
            return True

        leases = [make_lease(f"r{number}") for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(contend, range(8)))

        assert won.count(True) == 1
        assert [holds(lease) for lease in leases] == won

    @pytest.mark.parametrize("before", [None, "released"])
    def test_a_lost_answer_within_the_storage_is_resolved_by_reading(
        self, make_lease: MakeLease, storage: MemoryStorage, clock: ManualClock, before: str | None
    ) -> None:
        if before:
            take(make_lease("r0")).release("completed", {})
        plan = [Fault(RetriesAfterLostAnswer()), Fault(Delays(1, ManualClock(auto=True, quiet=0)))]
        lease = take(make_lease("r1", on=FaultyStorage(storage, plan)))

        assert holds(lease)
        clock.advance(TTL - MARGIN)
        assert not holds(lease)

    def test_a_write_that_nobody_knows_of_is_an_error(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        lease = make_lease("r1", on=FaultyStorage(storage, [Fault(LosesAnswer())]))

        with pytest.raises(StorageUnavailable):
            take(lease)
        assert not holds(lease)

    def test_taking_over_is_a_compare_and_set(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        take(make_lease("r0")).release("completed", {})
        second, third = make_lease("r2"), make_lease("r3")

        class Overtaken(CountingStorage):
            def get(self, key: str, *, max_size: int | None = None) -> Any:
                found = super().get(key, max_size=max_size)
                if self.operations.count("get") == 1:
                    take(second)
                return found

        third._storage = Overtaken(storage)

        with pytest.raises(LeaseHeld, match="run r2"):
            take(third)
        assert holds(second)


class TestRenew:
    def test_holds_for_another_time_to_live(self, make_lease: MakeLease, clock: ManualClock) -> None:
        lease = take(make_lease())
        for _ in range(20):
            clock.advance(TTL / 4)
            lease.renew({})

        assert holds(lease)

    def test_tells_the_progress(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        lease = take(make_lease())
        lease.renew({"steps": {"running": 1}})
        lease.renew({"steps": {"running": 2}})

        assert stored(storage).progress == {"steps": {"running": 2}}
        assert stored(storage).renewals == 2
        assert stored(storage).renewed > stored(storage).acquired

    def test_every_write_has_its_own_nonce(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        lease = take(make_lease())
        nonces = {lease.record.nonce}
        lease.renew({})
        nonces.add(lease.record.nonce)
        lease.release("completed", {})
        nonces.add(lease.record.nonce)

        assert len(nonces) == 3

    @pytest.mark.parametrize(
        "progress", [{"heard": "x" * 1_000_000}, {"heard": object()}, {"heard": float("nan")}, {"heard": "\ud800"}]
    )
    def test_no_progress_makes_the_lease_unreadable(
        self, make_lease: MakeLease, storage: MemoryStorage, progress: dict[str, Any]
    ) -> None:
        lease = take(make_lease())
        lease.renew(progress)
        lease.release("completed", progress)

        assert list(stored(storage).progress) == ["omitted"]

    def test_the_time_counts_from_before_the_renewal_was_sent(
        self, make_lease: MakeLease, storage: MemoryStorage, clock: ManualClock
    ) -> None:
        slow = ManualClock(auto=True, quiet=0)
        slow.wait = lambda event, seconds: clock.advance(seconds) or False  # type: ignore[method-assign]
        lease = take(make_lease(on=FaultyStorage(storage, [Fault(Delays(40, slow, "after"), nth=2)])))
        lease.renew({})

        assert holds(lease)
        clock.advance(TTL - MARGIN - 40)
        assert not holds(lease)

    def test_an_answer_slower_than_the_lease_is_none(
        self, make_lease: MakeLease, storage: MemoryStorage, clock: ManualClock
    ) -> None:
        slow = ManualClock()
        slow.wait = lambda event, seconds: clock.advance(seconds) or False  # type: ignore[method-assign]
        lease = take(make_lease(on=FaultyStorage(storage, [Fault(Delays(TTL, slow, "after"), nth=2)])))
        lease.renew({})

        assert not holds(lease)
        with pytest.raises(LeaseLost, match="could not be renewed within 60 s"):
            lease.renew({})

    @pytest.mark.parametrize("effect", [LosesAnswer(), Fails()])
    def test_an_answer_that_did_not_come_is_made_good_by_the_next_renewal(
        self, make_lease: MakeLease, storage: MemoryStorage, clock: ManualClock, effect: Any
    ) -> None:
        lease = take(make_lease(on=FaultyStorage(storage, [Fault(effect, nth=2)])))
        clock.advance(TTL / 4)
        with pytest.raises(StorageUnavailable):
            lease.renew({})
        clock.advance(TTL / 4)
        lease.renew({"at": "last"})
        clock.advance(TTL * 3 / 4)

        assert holds(lease)
        assert stored(storage).progress == {"at": "last"}

    def test_what_nobody_confirmed_does_not_prolong_it(
        self, make_lease: MakeLease, storage: MemoryStorage, clock: ManualClock
    ) -> None:
        lease = take(make_lease(on=FaultyStorage(storage, [Fault(LosesAnswer(), nth=2)])))
        clock.advance(TTL / 2)
        with pytest.raises(StorageUnavailable):
            lease.renew({})
        clock.advance(TTL / 2 - MARGIN)

        assert not holds(lease)

    def test_a_hidden_retry_is_no_loss(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        lease = take(make_lease(on=FaultyStorage(storage, [Fault(RetriesAfterLostAnswer(), nth=2)])))
        lease.renew({"n": 1})
        lease.renew({"n": 2})

        assert stored(storage).progress == {"n": 2}
        assert holds(lease)

    @pytest.mark.parametrize("what", [b"", b"{", b"x" * 300_000, None])
    def test_what_is_not_ours_any_more_is_lost(
        self, make_lease: MakeLease, storage: MemoryStorage, what: bytes | None
    ) -> None:
        lease = take(make_lease())
        storage.delete(KEY) if what is None else storage.put(KEY, what)

        for attempt in (lambda: lease.renew({}), lease.check, lambda: lease.renew({})):
            with pytest.raises(LeaseLost, match="another run took the lease") as raised:
                attempt()
        assert isinstance(raised.value, RunSuperseded)

    def test_the_first_write_wins_against_one_that_comes_late(
        self, make_lease: MakeLease, storage: MemoryStorage
    ) -> None:
        """A request that was given up may still be under way, and arrive after the next one."""
        counting = CountingStorage(storage)
        lease = take(make_lease(on=counting))
        lease.renew({})
        late = counting.operations.of("put")[-1]
        lease.renew({})

        with pytest.raises(PreconditionFailed):
            storage.put(KEY, late.body, if_match=late.if_match)
        assert stored(storage) == lease.record


class TestSelfFencing:
    def test_it_is_not_trusted_in_its_last_moments(self, make_lease: MakeLease, clock: ManualClock) -> None:
        lease = take(make_lease())
        clock.advance(TTL - MARGIN - 0.001)
        before = holds(lease)
        clock.advance(0.001)

        assert (before, holds(lease)) == (True, False)

    def test_one_that_was_late_never_comes_back(
        self, make_lease: MakeLease, storage: MemoryStorage, clock: ManualClock
    ) -> None:
        lease = take(make_lease())
        clock.advance(TTL)

        with pytest.raises(LeaseLost, match="could not be renewed"):
            lease.renew({})
        assert stored(storage).renewals == 0

    def test_one_that_was_never_taken_is_not_held(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        lease = make_lease()
        lease.release("failed", {})

        assert not holds(lease)
        assert read_lease(storage, "w") is None

    @pytest.mark.parametrize(("ttl", "margin"), [(0, 0), (60, 60), (60, -1), (-1, -2), (1e9, 1), (float("nan"), 1)])
    def test_refuses_times_that_make_no_sense(self, make_lease: MakeLease, ttl: float, margin: float) -> None:
        with pytest.raises(InvalidInput, match="lease_ttl="):
            make_lease(ttl=ttl, margin=margin)


class TestRelease:
    def test_says_how_the_run_ended(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        lease = take(make_lease())
        lease.release("failed", {"steps": 3})

        found = stored(storage)
        assert (found.held, found.status, found.progress) == (False, "failed", {"steps": 3})
        assert not holds(lease)
        with pytest.raises(LeaseLost, match="was given back"):
            lease.check()

    def test_a_second_one_changes_nothing(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        lease = take(make_lease("r1"))
        lease.release("completed", {})
        take(make_lease("r2"))
        lease.release("failed", {})

        assert (stored(storage).run_id, stored(storage).held) == ("r2", True)

    def test_a_lease_that_another_run_took_is_left_alone(
        self, make_lease: MakeLease, storage: MemoryStorage, clock: ManualClock, foreign: Lease
    ) -> None:
        waiting = apart(take, make_lease("r2"), "wait")
        clock.await_waiters()
        clock.advance(TTL)
        second = waiting.result(5)
        foreign.release("completed", {})

        assert holds(second)
        assert stored(storage) == second.record

    def test_one_that_ran_out_but_that_nobody_took_is_given_back(
        self, make_lease: MakeLease, storage: MemoryStorage, clock: ManualClock
    ) -> None:
        lease = take(make_lease())
        clock.advance(2 * TTL)
        lease.release("superseded", {})

        assert not stored(storage).held

    @pytest.mark.parametrize("effect", [LosesAnswer(), Fails()])
    def test_nothing_is_held_after_it_even_if_nobody_knows_whether_it_arrived(
        self, make_lease: MakeLease, storage: MemoryStorage, effect: Any
    ) -> None:
        lease = take(make_lease(on=FaultyStorage(storage, [Fault(effect, nth=2)])))

        with pytest.raises(StorageUnavailable):
            lease.release("completed", {})
        assert not holds(lease)

    def test_nothing_is_held_while_it_is_under_way(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        seen: list[bool] = []

        class Looking(CountingStorage):
            def put(self, *args: Any, **kwargs: Any) -> str:
                etag = super().put(*args, **kwargs)
                seen.append(holds(lease))
                return etag

        lease = take(make_lease())
        lease._storage = Looking(storage)
        lease.release("completed", {})

        assert seen == [False]

    def test_a_hidden_retry_releases_it_all_the_same(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        lease = take(make_lease(on=FaultyStorage(storage, [Fault(RetriesAfterLostAnswer(), nth=2)])))
        lease.release("completed", {})

        assert (stored(storage).held, stored(storage).status) == (False, "completed")
        assert not holds(lease)


class TestRead:
    def test_there_may_be_none(self, storage: MemoryStorage) -> None:
        assert read_lease(storage, "w") is None

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b"{}",
            b'{"held": true}',
            b"\xff",
            b"[" * 100_000,
            b" " * 300_000,
        ],
    )
    def test_says_what_to_do_with_one_that_cannot_be_read(
        self, make_lease: MakeLease, storage: MemoryStorage, body: bytes
    ) -> None:
        storage.put(KEY, body)

        for attempt in (lambda: read_lease(storage, "w"), lambda: take(make_lease())):
            with pytest.raises(LeaseCorrupt, match=r"lease w/lease cannot be read \(.*sfs lease steal w"):
                attempt()

    @pytest.mark.parametrize("ttl", [0, -1, 1e9, "NaN", None])
    def test_no_lease_asks_for_endless_patience(
        self, make_lease: MakeLease, storage: MemoryStorage, ttl: object
    ) -> None:
        take(make_lease("r1"))
        storage.put(KEY, json.dumps({**json.loads(storage.get(KEY)), "ttl": ttl}).encode())

        with pytest.raises(LeaseCorrupt):
            take(make_lease("r2"))

    def test_fields_of_a_newer_version_are_ignored(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        take(make_lease("r1"))
        storage.put(KEY, json.dumps({**json.loads(storage.get(KEY)), "colour": "blue"}).encode())

        assert stored(storage).run_id == "r1"


class TestSteal:
    def test_ends_a_hold(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        first = take(make_lease("r1"))
        held = steal_lease(storage, "w", "ada")
        second = take(make_lease("r2"))

        assert held == first.record
        assert holds(second)
        with pytest.raises(LeaseLost):
            first.renew({})
        first.release("superseded", {})
        assert stored(storage) == second.record

    def test_says_who_did_it(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        take(make_lease("r1"))
        steal_lease(storage, "w", "ada")

        assert (stored(storage).held, stored(storage).status) == (False, "stolen by ada")

    def test_leaves_one_alone_that_nobody_holds(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        take(make_lease("r1")).release("completed", {})
        steal_lease(storage, "w", "ada")

        assert stored(storage).status == "completed"

    def test_there_must_be_one(self, storage: MemoryStorage) -> None:
        with pytest.raises(ObjectNotFound, match="w/lease"):
            steal_lease(storage, "w", "ada")

    @pytest.mark.parametrize("body", [b"", b"{", b" " * 300_000])
    def test_makes_one_that_cannot_be_read_free_again(
        self, make_lease: MakeLease, storage: MemoryStorage, body: bytes
    ) -> None:
        storage.put(KEY, body)

        assert steal_lease(storage, "w", "ada") is None
        assert stored(storage).status == "stolen by ada"
        assert holds(take(make_lease("r1")))

    @pytest.mark.parametrize("corrupt", [False, True])
    def test_a_hold_of_the_same_moment_is_not_stolen(
        self, make_lease: MakeLease, storage: MemoryStorage, corrupt: bool
    ) -> None:
        take(make_lease("r1"))
        body = b"" if corrupt else bytes(storage.get(KEY))
        storage.put(KEY, body)

        class Late(CountingStorage):
            def put(self, key: str, *args: Any, **kwargs: Any) -> str:
                storage.put(key, body)
                return super().put(key, *args, **kwargs)

        with pytest.raises(PreconditionFailed):
            steal_lease(Late(storage), "w", "ada")
        assert storage.get(KEY) == body


class TestRestore:
    def test_leaves_the_lease_as_it_was_found(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        take(make_lease("r1")).release("failed", {"steps": {"failed": 1}})
        before = stored(storage)
        editing = take(make_lease("editing"))
        editing.renew({})
        editing.restore()

        assert stored(storage) == replace(before, nonce=stored(storage).nonce)
        assert not holds(editing)

    def test_a_run_that_was_gone_has_crashed(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        take(make_lease("gone"))
        Living("gone").end()
        take(make_lease("editing")).restore()

        assert (stored(storage).run_id, stored(storage).held, stored(storage).status) == ("gone", False, "crashed")

    def test_without_a_run_there_still_is_none(self, make_lease: MakeLease, storage: MemoryStorage) -> None:
        take(make_lease("editing")).restore()

        assert (stored(storage).held, stored(storage).status) == (False, "never run")


@pytest.mark.parametrize(("age", "state"), [(None, "running"), (TTL, "running"), (TTL + 1, "stale")])
def test_a_hold_is_stale_once_it_is_older_than_its_time_to_live(foreign: Lease, age: float | None, state: str) -> None:
    assert hold_of(foreign.record, age) == state


def test_a_hold_of_a_process_that_is_gone_has_crashed(make_lease: MakeLease) -> None:
    lease = take(make_lease("gone"))
    Living("gone").end()

    assert hold_of(lease.record, None) == "crashed"
