import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from simpleflow_steps import LocalExecutor, Workflow, activity
from simpleflow_steps.events import RunStarted
from simpleflow_steps.exceptions import InvalidInput
from simpleflow_steps.storage import MemoryStorage
from tests.executors.activities import echo
from tests.executors.local.conftest import LONG


def named(function):
    return activity.with_attributes(name="named")(function)


def test_one_executor_runs_again_and_again(local):
    executor = local(lambda self, value: self.submit(echo, value).result)

    assert [executor.run(n) for n in range(5)] == list(range(5))


def test_each_run_has_an_id_of_its_own(local):
    executor = local(lambda self: self.get_run_context(), workflow_id="w")
    first, second = executor.run(), executor.run()

    assert first["workflow_id"] == second["workflow_id"]
    assert first["run_id"] < second["run_id"]


def test_an_executor_that_runs_cannot_run_again(local, gate):
    def run(self):
        self.submit(named(gate.enter)).wait()
        return "undisturbed"

    executor = local(run)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(executor.run)
        assert gate.reached()
        with pytest.raises(InvalidInput, match="is running already: make another one"):
            executor.run()
        gate.open()

    assert running.result() == "undisturbed"


def test_two_executors_run_at_once_in_two_threads(local):
    barrier = threading.Barrier(2)
    meet = named(lambda: barrier.wait(LONG))

    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(local(lambda self: self.submit(meet).result, workflow_id="same").run) for _ in range(2)]

    assert sorted(run.result() for run in runs) == [0, 1]


def test_broadcasts_of_one_run_do_not_reach_the_next(local):
    def run(self, sends):
        if sends:
            self.submit(self.signal("go", "old"))
            return self.submit(self.wait_signal("go")).result
        waiting = self.submit(self.wait_signal("go"))
        self.submit(echo).wait()
        return waiting.done

    executor = local(run)

    assert (executor.run(True), executor.run(False)) == ("old", False)


def waiting_for_go(self):
    return self.submit(self.wait_signal("go")).result


@pytest.mark.parametrize("workflow_id", [None, "w"])
def test_a_signal_may_come_before_the_run(local, workflow_id):
    executor = local(waiting_for_go, workflow_id=workflow_id)
    executor.signal("go", "early")

    assert executor.run() == "early"


@pytest.mark.parametrize("workflow_id", [None, "w"])
def test_a_signal_may_come_from_another_thread(local, workflow_id):
    started = threading.Event()
    executor = local(waiting_for_go, workflow_id=workflow_id, on_event=lambda event: started.set())

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(executor.run)
        assert started.wait(LONG)
        executor.signal("go", {"from": "outside"})

    assert running.result() == {"from": "outside"}


class Named(Workflow):
    run = waiting_for_go

    @classmethod
    def get_workflow_id(cls):
        return "the-child"


def test_a_signal_from_outside_reaches_a_child_by_its_id(local):
    started = threading.Event()

    def on_event(event):
        if isinstance(event, RunStarted) and event.parent_workflow_id:
            started.set()

    executor = local(lambda self: self.submit(Named).result, on_event=on_event)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(executor.run)
        assert started.wait(LONG)
        executor.signal("go", "child", workflow_id="the-child")

    assert running.result() == "child"


def test_a_signal_that_arrives_as_a_run_ends_is_read_by_the_next(local):
    ends = []

    def run(self, first=True):
        if not first:
            return self.submit(self.wait_signal("go")).result
        ends.append(self.executor)
        executor.signal("go", "just in time")
        return self.continue_as_new(first=False)

    executor = local(run, workflow_id="w")

    assert executor.run() == "just in time"


@pytest.mark.parametrize("name", ["", None, "a/b"])
def test_a_bad_signal_from_outside_is_refused(local, name):
    with pytest.raises(InvalidInput, match="signal name"):
        local(waiting_for_go).signal(name)


@pytest.mark.parametrize("workflow_id", ["", "a/b"])
def test_a_signal_from_outside_to_a_bad_id_is_refused(local, workflow_id):
    with pytest.raises(InvalidInput, match="workflow_id="):
        local(waiting_for_go).signal("go", workflow_id=workflow_id)


@pytest.mark.parametrize(
    "storage",
    ["memory://shared", "some/folder", MemoryStorage("shared"), None],
    ids=["url", "path", "object", "default"],
)
def test_storage_is_a_url_a_path_an_object_or_the_default(storage):
    executor = LocalExecutor(type("Flow", (Workflow,), {"run": lambda self: "fine"}), storage=storage)

    assert executor.run() == "fine"


def test_the_workflows_thread_is_the_callers(local):
    assert local(lambda self: threading.current_thread()).run() is threading.current_thread()


def test_hooks_that_change_nothing_are_optional(local):
    assert local(lambda self: "fine").run() == "fine"
