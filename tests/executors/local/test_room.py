"""A group starts no more than helps: what waits for a thread takes memory and nothing else."""

import threading

import pytest

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity, futures
from simpleflow_steps.canvas import FuncGroup, Group
from simpleflow_steps.events import StepDecided
from simpleflow_steps.executors.local.execution import Execution
from simpleflow_steps.executors.local.room import BETWEEN, ENOUGH, Room
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.testing import CountingStorage

MANY = 4 * ENOUGH


@activity.with_attributes(name="work")
def work(number):
    return number


@pytest.fixture
def open_at_once(monkeypatch):
    """Note how many tasks are open whenever the run's loop turns."""
    counts, turn = [], Execution.turn

    def counted(self):
        counts.append(self._open + len(self._attempts))
        turn(self)

    monkeypatch.setattr(Execution, "turn", counted)
    return counts


def test_a_large_group_is_started_as_there_is_room(local, open_at_once):
    def run(self):
        return self.submit(Group(*[(work, n) for n in range(MANY)])).result

    assert local(run).run() == list(range(MANY))
    assert max(open_at_once) < 2 * ENOUGH


class Steps(Workflow, WorkflowStepMixin):
    name = "steps"

    def run(self):
        return self.submit(Group(*(self.step(f"s.{n}", (work, n)) for n in range(MANY)))).result


def test_a_large_group_of_steps_too_and_the_markers_are_listed_once(open_at_once):
    storage = CountingStorage(MemoryStorage())

    assert LocalExecutor(Steps, storage=storage, workflow_id="w").run() == list(range(MANY))
    assert max(open_at_once) < 2 * ENOUGH
    assert len(storage.operations.of("list")) == 1


def test_the_steps_are_decided_in_their_order(open_at_once):
    told = []

    LocalExecutor(Steps, storage=MemoryStorage(), workflow_id="w", on_event=told.append).run()

    assert [event.step for event in told if isinstance(event, StepDecided)] == [f"s.{n}" for n in range(MANY)]


def test_what_only_waits_takes_no_room(local):
    def run(self):
        waits = [self.wait_signal(f"s{n}") for n in range(MANY)]
        signals = [self.signal(f"s{n}", n, propagate=False) for n in range(MANY)]
        return self.submit(Group(*waits, *signals)).result[:MANY]

    assert local(run).run() == list(range(MANY))


def test_groups_inside_a_group_share_the_room(local, open_at_once):
    def run(self):
        inner = [Group(*[(work, n) for n in range(MANY)]) for _ in range(3)]
        return self.submit(Group(*inner)).result

    assert local(run).run() == [list(range(MANY))] * 3
    assert max(open_at_once) < 2 * ENOUGH


def test_a_group_that_is_cancelled_while_it_waits_for_room_starts_nothing_more(local):
    started, gate = [], threading.Event()

    @activity.with_attributes(name="held")
    def held(number):
        started.append(number)
        gate.wait(30)

    def run(self):
        group = self.submit(Group(*[(held, n) for n in range(MANY)]))
        group.cancel()
        gate.set()
        return group.cancelled

    assert local(run, max_workers=2).run() is True
    assert len(started) <= 2


class After(Steps):
    name = "after"

    def run(self):
        self.submit(self.step("first", (work, 0))).wait()
        return super().run()


def test_a_large_group_of_done_steps_is_skipped_to_its_end():
    storage = MemoryStorage()
    LocalExecutor(After, storage=storage, workflow_id="w").run()

    assert LocalExecutor(After, storage=storage, workflow_id="w").run() == list(range(MANY))


class Child(Workflow):
    name = "child"

    def run(self, number):
        return sum(self.submit(Group(*[(work, n) for n in range(MANY)])).result)


def test_executions_side_by_side_wait_for_nobody_elses_room(local):
    def run(self):
        children = [(Child, number) for number in range(4)]
        return self.submit(Group(*children, *[(work, n) for n in range(MANY)])).result[:4]

    assert local(run).run() == [sum(range(MANY))] * 4


def test_a_run_goes_on_when_only_anothers_work_was_in_its_way(local, monkeypatch):
    gate, full, waits = threading.Event(), threading.Event(), Room.wanted

    def wanted(self):
        wanted = waits(self)
        if wanted is not None:
            gate.set()
        return wanted

    @activity.with_attributes(name="gated")
    def gated():
        gate.wait(30)

    class Awaiting(Workflow):
        name = "awaiting"

        def run(self):
            work = [self.submit(gated) for _ in range(2 * ENOUGH)]
            full.set()
            futures.wait(*work)
            return self.submit(self.wait_signal("go")).result

    def run(self):
        def once_the_pool_is_full():
            full.wait(30)
            return self.signal("other", propagate=False)

        others = [self.signal("other", propagate=False) for _ in range(2 * BETWEEN)]
        group = Group(Awaiting, FuncGroup(once_the_pool_is_full), *others, self.signal("go", 5))
        return self.submit(group).result[0]

    monkeypatch.setattr(Room, "wanted", wanted)
    runs = threading.Thread(target=lambda: results.append(local(run, max_workers=2).run()), daemon=True)
    results = []
    runs.start()
    runs.join(30)

    assert results == [5]


def test_a_run_that_fails_while_a_group_waits_for_room_ends(local):
    groups = []

    def run(self):
        groups.append(self.submit(Group(*[(work, n) for n in range(MANY)])))
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        local(run, max_workers=1).run()

    assert groups[0].done
    assert len(groups[0].futures) == MANY
