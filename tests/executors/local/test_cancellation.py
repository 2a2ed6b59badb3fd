import asyncio
import threading

import pytest
from tenacity import Retrying, wait_fixed

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.canvas import Chain, Group
from simpleflow_steps.events import RunFinished
from simpleflow_steps.exceptions import TaskCanceled, WorkflowStuck
from simpleflow_steps.futures import Future
from simpleflow_steps.storage import MemoryStorage
from tests.executors.activities import broken, echo
from tests.executors.local.conftest import LONG


def named(function):
    return activity.with_attributes(name="named")(function)


def test_a_queued_activity_never_starts(local, gate):
    started = []

    def run(self):
        self.submit(named(gate.enter))
        queued = self.submit(named(lambda: started.append(1)))
        before = queued.cancel()
        gate.open()
        return before, queued.cancelled

    assert local(run, max_workers=1).run() == (True, True)
    assert started == []


def test_a_running_activity_is_given_up_at_once_and_learns_of_it(local, gate):
    told = threading.Event()

    def beat():
        gate.enter()
        try:
            activity.heartbeat()
        except TaskCanceled:
            told.set()

    def run(self):
        running = self.submit(named(beat))
        assert gate.reached()
        running.cancel()
        gate.open()
        with pytest.raises(TaskCanceled):
            _ = running.result
        return running.cancelled

    assert local(run).run() is True
    assert told.wait(LONG)


def test_a_coroutine_is_cancelled(local, gate):
    cancelled = threading.Event()

    async def sleep():
        try:
            gate.open()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def run(self):
        running = self.submit(named(sleep))
        gate.enter()
        running.cancel()
        return running.cancelled

    assert local(run).run() is True
    assert cancelled.wait(LONG)


def test_between_attempts_it_is_cancelled_too(local):
    def run(self):
        failing = activity.with_attributes(name="a", retry=Retrying(wait=wait_fixed(3600)))(broken.callable)
        waiting = self.submit(failing)
        while not retried:
            self.executor.turn()
        waiting.cancel()
        with pytest.raises(WorkflowStuck):
            Future(self.executor).wait()
        return waiting.cancelled

    retried = []

    assert local(run, on_event=lambda event: retried.append(event) if hasattr(event, "wait") else None).run() is True


@pytest.mark.parametrize("canvas", [Group, Chain])
def test_a_canvas_gives_up_what_runs_and_starts_nothing_more(local, gate, canvas):
    started = []

    def work(number):
        started.append(number)
        gate.enter()

    def run(self):
        running = self.submit(canvas(*[(named(work), n) for n in range(5)]))
        assert gate.reached()
        running.cancel()
        gate.open()
        self.submit(echo).wait()
        return running.cancelled

    assert local(run, max_workers=1).run() is True
    assert started == [0]


def test_a_cancelled_step_leaves_no_marker(gate):
    class Flow(Workflow, WorkflowStepMixin):
        def run(self):
            step = self.submit(self.step("a", named(gate.enter)))
            self.submit(echo).wait()
            step.cancel()
            return step.cancelled

    storage = MemoryStorage()

    assert LocalExecutor(Flow, storage=storage, workflow_id="w").run() is True
    assert list(storage.list("w/steps/")) == []


class Hanging(Workflow):
    def run(self, gate):
        self.submit(named(gate.enter)).wait()

    @classmethod
    def get_workflow_id(cls, gate):
        return "hanging"


def test_a_cancelled_child_gives_up_what_it_runs(local, gate):
    events = []

    def run(self):
        child = self.submit(Hanging, gate)
        assert gate.reached()
        child.cancel()
        return child.cancelled

    assert local(run, on_event=events.append).run() is True
    assert not gate.left
    ended = [(event.workflow_id, event.status) for event in events if isinstance(event, RunFinished)]
    assert ended[0] == ("hanging", "canceled")


def test_a_child_of_a_failing_parent_finishes_what_it_runs(local, gate):
    done = []

    def work():
        gate.enter()
        done.append("finished")

    class Child(Workflow):
        def run(self):
            self.submit(named(work)).wait()

    def run(self):
        self.submit(Child)
        assert gate.reached()
        threading.Timer(0.05, gate.open).start()
        raise ValueError("the parent's")

    with pytest.raises(ValueError, match="the parent's"):
        local(run).run()
    assert done == ["finished"]


def test_an_activity_may_cancel_itself(local):
    def give_up():
        raise TaskCanceled("not today")

    def run(self):
        future = self.submit(named(give_up))
        return repr(future.exception), future.cancelled

    assert local(run).run() == ("TaskCanceled('not today')", True)


def test_an_interrupted_run_finishes_what_is_about_to_end(local, gate):
    done = []

    def work():
        gate.enter()
        done.append("finished")

    def run(self):
        self.submit(named(work))
        assert gate.reached()
        gate.open()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        local(run).run()
    assert done == ["finished"]


def test_keyboard_interrupt_cancels_the_run_and_its_children(local, gate):
    told, ended = [], threading.Event()

    class Child(Hanging):
        def on_canceled(self, history):
            ended.set()

    def run(self):
        self.submit(Child, gate)
        assert gate.reached()
        raise KeyboardInterrupt

    executor = local(run, {"on_canceled": lambda self, history: told.append("canceled")})
    with pytest.raises(KeyboardInterrupt):
        executor.run()
    assert told == ["canceled"]
    assert ended.wait(LONG)


def test_an_executor_runs_again_after_keyboard_interrupt(local):
    interrupts = [KeyboardInterrupt()]

    def run(self):
        first = self.submit(echo, "fine")
        if interrupts:
            raise interrupts.pop()
        return first.result

    executor = local(run)
    with pytest.raises(KeyboardInterrupt):
        executor.run()

    assert executor.run() == "fine"
