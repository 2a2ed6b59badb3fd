from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from simpleflow_steps import LocalExecutor, Workflow, WorkflowStepMixin, activity
from simpleflow_steps.events import RunStarted, StepFailed, StepStarted
from simpleflow_steps.exceptions import TaskFailed
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.testing import StepLog


@activity.with_attributes()
def work() -> int:
    return 1


@activity.with_attributes()
def fail() -> int:
    raise ValueError("no luck")


class Abc(Workflow, WorkflowStepMixin):
    name = "abc"

    def run(self) -> list[int | None]:
        first = self.submit(self.step("a", work, force_steps_if_executed=["c"])).result
        second = self.submit(self.step("b", work)).result
        return [first, second, self.submit(self.step("c", work)).result]


class Unlucky(Workflow, WorkflowStepMixin):
    name = "unlucky"

    def run(self) -> object:
        return self.submit(self.step("a", fail)).result


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def play(storage: MemoryStorage) -> Callable[..., StepLog]:
    def played(workflow: type[Workflow] = Abc, **options: Any) -> StepLog:
        log = StepLog()
        LocalExecutor(workflow, storage=storage, workflow_id="w", on_event=log, **options).run()
        return log

    return played


def test_tells_what_ran_and_what_was_skipped(play: Callable[..., StepLog]) -> None:
    first, second = play(skip={"b": "too slow"}), play()

    assert (first.ran, first.skipped, first.failed) == (["a", "c"], ["b"], [])
    assert first.reasons("b") == ("too slow",)
    assert (second.ran, second.skipped) == (["b"], ["a", "c"])
    assert second.reasons("a") == ("Step was already played",)
    assert any(isinstance(event, RunStarted) for event in second.events)


def test_tells_what_was_invalidated(play: Callable[..., StepLog]) -> None:
    play()
    log = play(force={"a": "new data"})

    assert log.invalidated == ["c"]
    assert log.ran == ["a", "c"]
    assert log.reasons("a") == ("new data",)
    assert [play.outcome for play in log.plays if play.step == "c"] == ["invalidated", "ran"]


def test_tells_what_failed(storage: MemoryStorage) -> None:
    log = StepLog()
    with pytest.raises(TaskFailed):
        LocalExecutor(Unlucky, storage=storage, workflow_id="w", on_event=log).run()

    assert log.failed == ["a"]
    log.assert_failed("a", error="no luck")
    with pytest.raises(AssertionError, match=r"step 'a' failed with .*, not with 'bad luck'"):
        log.assert_failed("a", error="bad luck")


def test_true_assertions_say_nothing(play: Callable[..., StepLog]) -> None:
    play()
    log = play(force={"a": "new data"})

    log.assert_ran("a", "c")
    log.assert_ran("c")
    log.assert_ran_only("c", "a")
    log.assert_forced("a", reason="new data")
    log.assert_skipped("b", reason="Step was already played")


@pytest.mark.parametrize(
    ("claim", "complaint"),
    [
        (
            lambda log: log.assert_ran("b"),
            r"step 'b' should have run, but: b skipped \(too slow\); the steps were: a ran",
        ),
        (lambda log: log.assert_ran("d"), r"step 'd' was not submitted; the steps were: a ran, b skipped"),
        (lambda log: log.assert_ran_only("a"), r"steps c ran too"),
        (lambda log: log.assert_skipped("a"), r"step 'a' should have been skipped, but: a ran"),
        (lambda log: log.assert_skipped("b", reason="done"), r"skipped for \['too slow'\], not for 'done'"),
        (lambda log: log.assert_forced("a"), r"step 'a' ran, but was not forced to"),
        (lambda log: log.assert_failed("a"), r"step 'a' should have failed, but: a ran"),
        (lambda log: log.reasons("d"), r"step 'd' was not submitted"),
    ],
)
def test_false_assertions_say_what_happened_instead(
    play: Callable[..., StepLog], claim: Callable[[StepLog], object], complaint: str
) -> None:
    log = play(skip={"b": "too slow"})

    with pytest.raises(AssertionError, match=complaint):
        claim(log)


def test_nothing_at_all_is_said_too() -> None:
    with pytest.raises(AssertionError, match="the steps were: none"):
        StepLog().assert_ran("a")


def test_an_outcome_belongs_to_the_execution_in_which_the_step_began() -> None:
    log = StepLog()
    facts: dict[str, Any] = {"run_id": "r", "at": datetime(2026, 1, 1, tzinfo=UTC), "step": "a"}
    log(StepStarted(workflow_id="parent", **facts))
    log(StepStarted(workflow_id="child", **facts))
    log(StepFailed(workflow_id="child", seconds=1, error="no luck", **facts))

    assert [(play.workflow_id, play.outcome) for play in log.plays] == [("parent", "running"), ("child", "failed")]
    assert repr(log) == "StepLog(a running, a failed (no luck))"
