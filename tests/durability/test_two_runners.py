"""Runs of one execution at once, in any order of events, with every crash, pause and lost answer.

Each run is a real `LocalExecutor`, in what stands for a process of its own: all its threads are actors that stand still
before and after each write, before each read, in the middle of each activity and whenever they wait. One history is a
seed: it says who goes on, whose answers are lost, which writes arrive late, who is killed, and how time passes on each
run's own clock, a little fast or slow. So there is no race in the test, and a seed that fails fails again.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from simpleflow_steps import Group, LocalExecutor, Step, Workflow, WorkflowStepMixin, activity, log
from simpleflow_steps.activity import context
from simpleflow_steps.exceptions import (
    LeaseLost,
    ObjectNotFound,
    PreconditionFailed,
    StorageUnavailable,
)
from simpleflow_steps.execution import holder, keeper, lease, recorder
from simpleflow_steps.execution.middleware import make_middlewares
from simpleflow_steps.executors.local import tenure
from simpleflow_steps.executors.local.execution import Execution
from simpleflow_steps.executors.local.pools import Pools
from simpleflow_steps.executors.local.threads import ThreadJob
from simpleflow_steps.step.marker import MarkerRegister, Seen, Written
from simpleflow_steps.step.play import StepFuture
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.storage.protocol import Body, ListedObject

HISTORIES = int(os.environ.get("SFS_RUNNER_HISTORIES", "150"))
FIRST = int(os.environ.get("SFS_RUNNER_FIRST", "0"))
TTL = 60.0
DRIFTS = (0.97, 1.0, 1.03)  # seconds of a run's clock in a true second; the margin of the lease allows for it
DELIVERED, LOST, RETRIED, DROPPED, LATE = FATES = ("delivered", "lost", "retried", "dropped", "late")
STEPS = ["a", "b", "f", "p", "p.q", "p.r"]
FORCES = [(), (), (), ("a",), ("b",), ("p",), ("a", "p.q"), ("f",)]
MARKERS, WAITS = "w/steps/", "w/waits/"
TURNS = 120

_own = threading.local()


def current() -> Any:
    """Give the actor of this thread; None in the test's own."""
    return getattr(_own, "actor", None)


class Dead(BaseException):
    """End an actor's thread where it stands."""


class Actor:
    """One thread of a run; it moves only when it is told to, and then alone."""

    def __init__(self, runner: Runner, act: Callable[[], object]) -> None:
        self.runner = runner
        self.over = False
        self.started = False
        self.ready: Callable[[], bool] = lambda: True
        self.deadline: float | None = None
        self._act = act
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        runner.actors.append(self)

    def go_on(self) -> None:
        if self.started:
            self._go.release()
        else:
            self.started = True
            threading.Thread(target=self._live, daemon=True).start()
        assert self._stands.acquire(timeout=20), "an actor waits for something that is not the test's"

    def stand(self, ready: Callable[[], bool] = lambda: True, deadline: float | None = None) -> None:
        if self.runner.dead:
            raise Dead
        self.ready, self.deadline = ready, deadline
        self._stands.release()
        self._go.acquire()
        self.deadline = None
        if self.runner.dead:
            raise Dead

    def _live(self) -> None:
        _own.actor = self
        try:
            self._act()
        except Dead:
            pass
        finally:
            self.over = True
            self._stands.release()


class ActorThread:
    """Stand in for `threading.Thread` in what is tested."""

    def __init__(self, target: Callable[[], object], name: str = "", *, daemon: bool = True) -> None:
        self._target = target

    def start(self) -> None:
        self._actor = Actor(current().runner, self._target)

    def join(self, timeout: float | None = None) -> None:
        if not self._actor.over:
            current().stand(lambda: self._actor.over)

    def is_alive(self) -> bool:
        return not self._actor.over


class ActorLock:
    """Stand in for `threading.Lock`: who waits for it lets the others go on."""

    def __init__(self) -> None:
        self._held = False

    def __enter__(self) -> None:
        while self._held:
            current().stand(lambda: not self._held)
        self._held = True

    def __exit__(self, *_: object) -> None:
        self._held = False


class ActorPool:
    """Stand in for the pools: each job is an actor."""

    waiting = 0

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def submit(
        self, ended: Callable[[Any, BaseException | None], object], function: Callable[..., Any], /, *args: Any
    ) -> ThreadJob:
        job = ThreadJob(ended, function, args)
        Actor(self._runner, job.run)
        return job

    def abandon(self, job: ThreadJob) -> None:
        job.cancel()

    def shutdown(self, *_: object, **__: object) -> None:
        pass


@dataclass
class Write:
    """A write on its way."""

    runner: Runner
    key: str
    body: bytes
    condition: dict[str, str | None]


class World:
    """The true time, the storage, the writes on their way, and what must hold whenever one arrives."""

    def __init__(self) -> None:
        self.time = 0.0
        self.storage = MemoryStorage()
        self.late: list[Write] = []
        self.runners: list[Runner] = []
        self.reigns: list[str] = []
        self.holders: list[str] = []
        self.writers: dict[str, str] = {}
        self.finished: set[tuple[str, str]] = set()
        self.ran: set[tuple[str, str]] = set()
        self.seen: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.versions = 0
        self.overlapped = False

    def write(self, write: Write) -> str:
        before = self.marker(write.key)
        etag = self.storage.put(write.key, write.body, **write.condition)
        if write.key == "w/lease":
            self._took(json.loads(write.body))
        elif write.key.startswith(MARKERS):
            self._marked(write, before)
        return etag

    def marker(self, key: str) -> Body | None:
        try:
            return self.storage.get(key)
        except ObjectNotFound:
            return None

    def last_reign(self, run_id: str) -> int:
        """Number a run by the last time at which it took the lease; the first may have been without its knowing."""
        return max(number for number, reign in enumerate(self.reigns) if reign == run_id)

    def demand(self, holds: bool, what: str) -> None:
        """Note what is wrong; it happens in threads whose exceptions the runs would take for their own."""
        if not holds:
            self.wrong.append(f"at {self.time}: {what}")

    def never_two(self) -> None:
        holders = [runner.run_id for runner in self.runners if runner.holds()]
        self.demand(len(holders) <= 1, f"two valid leases: {holders}")
        for run_id in holders:
            self.demand(run_id == self.reigns[-1], f"{run_id} holds, although {self.reigns[-1]} came after it")
            if self.holders[-1:] != [run_id]:
                self.demand(run_id not in self.holders, f"{run_id} lost the lease and had it again")
                self.holders.append(run_id)
        if self.wrong:
            raise AssertionError(self.wrong[0])

    def _took(self, record: Any) -> None:
        if record["held"] and [record["run_id"]] != self.reigns[-1:]:
            self.reigns.append(record["run_id"])

    def _marked(self, write: Write, before: Body | None) -> None:
        run_id, step = write.runner.run_id, write.key.removeprefix(MARKERS)
        writer = self.writers.get(write.key)
        self.seen["done" if write.body else "invalidated"] += 1
        if writer is not None:
            newer = self.last_reign(run_id) >= self.last_reign(writer)
            self.demand(newer, f"{run_id} wrote {step} over what {writer} wrote, which is newer")
        self.writers[write.key] = run_id
        if run_id != self.reigns[-1]:
            self.seen["written by a run that was succeeded"] += 1
            self.overlapped = True
        if not write.body:
            return
        # a forced step replaces what an older run marked late, and nothing else
        late = writer is not None and self.last_reign(run_id) > self.last_reign(writer)
        self.demand(not before or late, f"{run_id} marked {step}, which was marked")
        if step != "p":
            self.demand((run_id, step) in self.finished, f"{run_id} marked {step}, which it had not finished")
        if step == "a":
            b = self.marker(f"{MARKERS}b")
            stale = bool(b) and b is not None and b.etag == write.runner.listed.get("b")
            self.demand(not stale, f"{run_id} marked a while the b of before was marked")


class Runner:
    """One process with one run: its clock, its storage, its threads."""

    def __init__(self, world: World, drift: float, random: Random, **options: Any) -> None:
        self.world = world
        self.drift = drift
        self.foreign = random.random() < 0.6
        self.flaky = random.random() < 0.3
        self.force: tuple[str, ...] = options.pop("force", ())
        self.fate = DELIVERED
        self.dead = False
        self.lease: Any = None
        self.listed: dict[str, str] = {}
        self.asked: set[str] = set()
        self.sending = ""
        self.actors: list[Actor] = []
        self.result: Any = None
        self.error: BaseException | None = None
        self._told = 0
        executor = LocalExecutor(
            Daily,
            storage=self,
            clock=self,  # type: ignore[arg-type]
            workflow_id="w",
            lease_ttl=TTL,
            force=self.force,
            **options,
        )
        pools = Pools(None, None, make_middlewares(None))
        pools._threads = pools.storage = ActorPool(self)  # type: ignore[assignment]
        executor._make_pools = lambda: pools  # type: ignore[method-assign]
        self.executor = executor
        world.runners.append(self)
        Actor(self, self._run)

    @property
    def run_id(self) -> str:
        return str(self.lease.record.run_id)

    @property
    def over(self) -> bool:
        return self.dead or all(actor.over for actor in self.actors)

    def holds(self) -> bool:
        if self.dead or self.lease is None:
            return False
        try:
            self.lease.check()
        except LeaseLost:
            return False
        return True

    def can_go_on(self) -> list[Actor]:
        return [] if self.dead else [actor for actor in self.actors if not actor.over and actor.ready()]

    def step(self, random: Random) -> bool:
        ready = self.can_go_on()
        if ready:
            random.choice(ready).go_on()
        return bool(ready)

    def die(self) -> None:
        self.dead = True
        for actor in self.actors:
            while actor.started and not actor.over:
                actor.go_on()
        if self.lease is not None:
            holder._live_runs.discard(self.run_id)

    def _run(self) -> None:
        try:
            self.result = self.executor.run()
        except BaseException as error:  # noqa: BLE001  killed or failed, it is how the run ended
            self.error = error

    # its clock

    def monotonic(self) -> float:
        return 1000.0 + self.world.time * self.drift

    def now(self) -> datetime:
        self._told += 1
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.world.time, microseconds=self._told)

    def take(self, queue: SimpleQueue[Any], seconds: float | None) -> Any:
        if queue.empty():
            self._wait(lambda: not queue.empty(), seconds)
        if queue.empty():
            raise Empty
        return queue.get_nowait()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if not event.is_set():
            self._wait(event.is_set, seconds)
        return event.is_set()

    def _wait(self, come: Callable[[], bool], seconds: float | None) -> None:
        end = None if seconds is None else self.world.time + seconds / self.drift + 1e-6
        current().stand(lambda: come() or (end is not None and self.world.time >= end), end)

    # its storage

    url = "memory://world"

    def list(self, prefix: str = "") -> Iterator[ListedObject]:
        current().stand()
        found = list(self.world.storage.list(prefix))
        self.asked.add(prefix)
        if prefix == MARKERS:
            self.listed = {each.key.removeprefix(MARKERS): each.etag for each in found if each.size}
        return iter(found)

    def folders(self, prefix: str = "") -> Iterator[str]:
        current().stand()
        return self.world.storage.folders(prefix)

    def get(self, key: str, *, max_size: int | None = None, first: int | None = None) -> Body:
        current().stand()
        return self.world.storage.get(key, max_size=max_size, first=first)

    def put(self, key: str, body: bytes, **condition: Any) -> str:
        if key.startswith((MARKERS, WAITS)):
            self.world.demand(self.holds(), f"{self.run_id} sent {key} without the lease")
        write = Write(self, key, body, condition)
        self.sending = key
        current().stand()
        fate, self.fate = self.fate, DELIVERED
        if fate == LATE:
            self.world.late.append(write)
        if fate in (LATE, DROPPED):
            raise StorageUnavailable(fate)
        etag = self.world.write(write)
        current().stand()
        if fate == LOST:
            raise StorageUnavailable(fate)
        return self.world.write(write) if fate == RETRIED else etag

    def delete(self, key: str, **condition: Any) -> None:
        self.world.demand(self.holds(), f"{self.run_id} removed {key} without the lease")
        current().stand()
        self.world.storage.delete(key, **condition)


def work_in(step: str, inputs: tuple[Any, ...]) -> Any:
    runner: Runner = current().runner
    world, run_id = runner.world, context().run_id
    world.demand(runner.holds(), f"{run_id} started {step} without the lease")
    if step in runner.listed:
        covered = any(step == name or step.startswith(f"{name}.") for name in runner.force)
        after_a = step == "b" and (run_id, "a") in world.ran
        world.demand(covered or after_a, f"{run_id} ran {step}, which was marked")
        now = world.marker(MARKERS + step)
        stands = bool(now) and now is not None and now.etag == runner.listed[step]
        world.demand(not stands, f"{run_id} started {step} before its marker was gone")
    world.ran.add((run_id, step))
    world.versions += 1
    version = world.versions
    current().stand()
    if step == "f" and runner.flaky:
        raise ValueError("no luck")
    world.finished.add((run_id, step))
    return {"version": version, "of": [each["version"] for each in inputs]}


@activity.with_attributes()
def work(step: str, *inputs: Any) -> Any:
    return work_in(step, inputs)


@activity.with_attributes(raises_on_failure=False)
def work_quietly(step: str) -> Any:
    return work_in(step, ())


class Daily(Workflow, WorkflowStepMixin):
    """A step and its dependent, a nest beside them, and a step whose failure is swallowed."""

    name = "daily"

    def run(self) -> Any:
        nest = self.submit(Step("p", Group(Step("p.q", (work, "p.q")), Step("p.r", (work, "p.r")))))
        a = self.submit(Step("a", (work, "a"), force_steps_if_executed=["b"])).result
        b = self.submit(Step("b", (work, "b", a))).result
        self.submit(self.start_timer("pause", 3.0)).result  # noqa: B018  it is kept, so that a resume does not begin it anew
        quiet = self.submit(Step("f", (work_quietly, "f")))
        nest.result  # noqa: B018  its failure is the run's
        quiet.exception  # noqa: B018  that it failed is nobody's business
        return a, b


@dataclass
class History:
    """One history, drawn from a seed."""

    seed: int
    world: World = field(default_factory=World)

    def play(self) -> World:
        self.random = Random(self.seed)
        self.asleep: set[int] = set()
        try:
            self.slots = [self.born() for _ in range(self.random.choice([2, 2, 2, 3]))]
            for _ in range(TURNS):
                self.turn()
            self.end()
        except AssertionError as error:
            raise AssertionError(f"seed {self.seed} {error}") from error
        finally:
            for runner in self.world.runners:
                runner.die()
        return self.world

    def born(self, drift: float | None = None, **options: Any) -> Runner:
        chosen = {"force": self.random.choice(FORCES), "on_conflict": self.random.choice(["wait", "wait", "fail"])}
        return Runner(self.world, drift or self.random.choice(DRIFTS), self.random, **{**chosen, **options})

    def turn(self) -> None:
        place = self.random.randrange(len(self.slots))
        runner = self.slots[place]
        match self.random.choices(range(6), [60, 10, 3, 14, 6, 5])[0]:
            case 0:
                for _ in range(self.random.choice([1, 2, 5, 10, 20])):
                    runner.step(self.random)
                    self.world.never_two()
            case 1:
                runner.fate = self.random.choice(FATES)
            case 2:
                self.world.seen["killed"] += runner.holds()
                runner.die()
            case 3:
                self.pass_time(self.random.choice([0.5, TTL / 8, TTL / 4, TTL / 2, TTL, 2 * TTL]))
            case 4:
                self.asleep ^= {place}
            case 5:
                self.arrive()
        if runner.over:
            self.slots[place] = self.born()

    def pass_time(self, seconds: float) -> None:
        """In small parts; the runs that are not asleep renew their leases meanwhile, and do what else they can."""
        for _ in range(8):
            self.world.time += seconds / 8
            self.world.never_two()
            for place, runner in enumerate(self.slots):
                for _ in range(4 if place not in self.asleep else 0):
                    runner.step(self.random)
                    self.world.never_two()

    def arrive(self) -> None:
        if self.world.late:
            late = self.world.late.pop(self.random.randrange(len(self.world.late)))
            with suppress(PreconditionFailed):
                self.world.write(late)
                self.world.seen["arrived late"] += 1
            self.world.never_two()

    def end(self) -> None:
        """Let some run to their end, kill the rest, and see that one more run completes."""
        for runner in self.slots:
            if self.random.random() < 0.5:
                self.drive(runner, 400)
            runner.die()
        while self.world.late:
            self.arrive()
        last = self.born(drift=1.0, force=(), on_conflict="wait")
        last.flaky = False
        self.drive(last, 5000)
        assert last.over, "the last run does not end"
        assert last.error is None, f"the last run ended with {last.error!r}"
        register = MarkerRegister(self.world.storage, "w/steps", "w/results")
        done = sorted(name for name, seen in register.list().items() if seen.done)
        assert {"a", "b", "f", "p"} <= set(done), f"not every step is done: {done}"
        a, b = (register.read_result(name).value for name in "ab")
        assert last.result == (a, b), "the run gave something else than what is stored"
        # a marker that was on its way when another run took over may be of what was before that run's invalidations
        assert self.world.overlapped or b["of"] == [a["version"]], f"b was made of an older a: {a} {b}"
        assert self.world.overlapped or done == STEPS, f"not every step is done: {done}"

    def drive(self, runner: Runner, steps: int) -> None:
        for _ in range(steps):
            if runner.over:
                return
            if not runner.step(self.random):
                ends = [actor.deadline for actor in runner.actors if not actor.over and actor.deadline is not None]
                assert ends, "nothing can happen any more"
                self.world.time = max(self.world.time, min(ends))
            self.world.never_two()


@pytest.fixture
def _actors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what has threads and locks of its own use the actors'."""
    real_lease, process = tenure.Lease, holder.this_process()

    def make_lease(*args: Any, **kwargs: Any) -> Any:
        made = real_lease(*args, **kwargs)
        if current() is not None:
            current().runner.lease = made
        return made

    def this_process() -> Any:
        runner = current() and current().runner
        return replace(process, boot_id=f"boot-{id(runner)}") if runner and runner.foreign else process

    threads = SimpleNamespace(Thread=ActorThread, Lock=ActorLock, Event=threading.Event)
    for module in (keeper, lease, recorder):
        monkeypatch.setattr(module, "threading", threads)
    monkeypatch.setattr(tenure, "Lease", make_lease)
    monkeypatch.setattr(lease, "this_process", this_process)
    for name in ("debug", "info", "warning", "error"):
        monkeypatch.setattr(log, name, lambda *_, **__: None)


@pytest.mark.parametrize("part", range(5))
@pytest.mark.usefixtures("_actors")
def test_no_history_breaks_a_promise(part: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(FIRST + part, FIRST + HISTORIES, 5):
        world = History(seed).play()
        seen += world.seen
        seen["reigns"] += len(world.reigns)
        seen["overlapped"] += world.overlapped

    assert seen["done"] > HISTORIES / 5
    assert seen["invalidated"]
    assert seen["arrived late"] or HISTORIES < 100
    assert seen["reigns"] > 2 * HISTORIES / 5, seen


@pytest.mark.usefixtures("_actors")
def test_a_run_whose_lease_ran_out_remembers_no_wait() -> None:
    world, random = World(), Random(0)
    runner = Runner(world, 1.0, random)
    while WAITS not in runner.asked:
        assert runner.step(random)
    world.time += 2 * TTL
    while runner.step(random):
        pass

    assert isinstance(runner.error, LeaseLost)
    assert list(world.storage.list(WAITS)) == []
    assert world.wrong == []


@pytest.mark.usefixtures("_actors")
def test_a_marker_on_its_way_when_another_run_took_over_is_not_taken_for_a_step_that_was_forced() -> None:
    world, random = World(), Random(0)
    old = Runner(world, 1.0, random)
    advance(old, lambda: old.sending == f"{MARKERS}b")
    new = Runner(world, 1.0, random, force=("a",), on_conflict="wait")
    advance(new, lambda: new.sending == f"{MARKERS}b")
    advance(old, lambda: f"{MARKERS}b" in world.writers)
    advance(new, lambda: new.over)
    a, b = new.result

    assert world.wrong == []
    assert b["of"] == [a["version"]]


def advance(runner: Runner, until: Callable[[], bool]) -> None:
    """Let one run go on, and time pass, while the others stand still."""
    for _ in range(5000):
        if until():
            return
        if not runner.step(Random(0)):
            runner.world.time += 1.0
    raise AssertionError("it never comes to that")


def play_all(seeds: Iterable[int]) -> None:
    for seed in seeds:
        History(seed).play()


def _does_not_invalidate(register: MarkerRegister, name: str, seen: Seen) -> Written:
    return Written(Seen(seen.etag, 0))


def _put_whatever_is_there(storage: MemoryStorage, key: str, body: bytes, **condition: Any) -> str:
    return PUT(storage, key, body, **({} if key.startswith(MARKERS) else condition))


def _forgets_its_lease(execution: Execution, tenure: tenure.Tenure) -> None:
    execution._hear = tenure.hear


PUT = MemoryStorage.put
MISTAKES = {
    "does not invalidate": (MarkerRegister, "invalidate", _does_not_invalidate, "before its marker was gone"),
    "forgets dependents": (StepFuture, "_invalidate_dependents", lambda _: iter(()), "while the b of before"),
    "forgets its lease": (Execution, "hold", _forgets_its_lease, "without the lease"),
    "ignores conditions": (MemoryStorage, "put", _put_whatever_is_there, "wrote|which was marked"),
    "takes over at once": (lease._Watch, "has_expired", lambda *_: True, "two valid leases|came after it"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.usefixtures("_actors")
def test_the_histories_find_a_run_that(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are worth nothing if they do not notice a promise that is broken."""
    owner, name, wrong, complaint = MISTAKES[mistake]
    monkeypatch.setattr(owner, name, wrong)

    with pytest.raises(AssertionError, match=complaint):
        play_all(range(400))
