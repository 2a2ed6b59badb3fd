from __future__ import annotations

from collections.abc import Generator
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps import Chain, FuncGroup, Step
from simpleflow_steps.events import StepInvalidated
from simpleflow_steps.exceptions import InvalidInput, RunSuperseded
from simpleflow_steps.futures import Future
from simpleflow_steps.step.book import RAN, RUNNING, SKIPPED, StepBook
from simpleflow_steps.step.marker import MarkerRegister
from simpleflow_steps.step.names import covers
from simpleflow_steps.storage import MemoryStorage
from simpleflow_steps.task import StorageTask
from tests.step.doubles import Watched, at_key
from tests.step.stage import CALLS, Stage, note, simple

NAMES = st.text("ab.", min_size=1, max_size=6).filter(lambda name: "" not in name.split("."))


class Desk:
    """An executor that carries a storage operation out when it is told to."""

    replays = False

    def __init__(self) -> None:
        self.waiting: list[tuple[StorageTask, Future[Any]]] = []

    def submit(self, task: StorageTask) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((task, future))
        return future

    def forget(self, step: str) -> Future[Any]:
        forgotten: Future[Any] = Future()
        forgotten.set_finished(None)
        return forgotten

    def carry_out(self, number: int = 0) -> None:
        """Carry out one of those that wait."""
        task, future = self.waiting.pop(number)
        future.set_finished(task.operation(*task.args))

    def play(self, generator: Generator[Future[Any], None, Any]) -> Any:
        """Carry out whatever a generator waits for, to its end."""
        try:
            while True:
                awaited = next(generator)
                while not awaited.done:
                    self.carry_out()
        except StopIteration as end:
            return end.value


class Shelf:
    """A book, with its desk and its markers."""

    def __init__(self, *names: str, listing: str = "per_run") -> None:
        self.storage = MemoryStorage()
        self.put(*names)
        self.desk = Desk()
        self.book = StepBook(MarkerRegister(self.storage, "w/steps", "w/results"), self.desk, listing)

    def put(self, *names: str, body: bytes = b"{}") -> None:
        for name in names:
            self.storage.put(f"w/steps/{name}", body)

    def list(self) -> None:
        self.desk.play(self.book.ready("any"))


def test_an_unknown_kind_of_listing_is_refused_and_nothing_is_written(stage: Stage):
    with pytest.raises(InvalidInput, match="step_listing='sometimes': write one of 'per_run', 'per_step'"):
        stage.run(simple("a"), attributes={"step_listing": "sometimes"})

    assert stage.contents() == {}
    assert CALLS == []


def test_a_book_knows_what_was_listed():
    shelf = Shelf("b", "a")
    shelf.put("c", body=b"")

    shelf.list()

    assert shelf.book.names_done() == ["a", "b"]
    assert [shelf.book.is_done(name) for name in "abcd"] == [True, True, False, False]
    assert shelf.book.seen("c").size == 0
    assert shelf.book.seen("d") is None


def test_one_listing_serves_all_steps_of_a_run():
    shelf = Shelf("a")
    shelf.list()
    shelf.put("b")

    shelf.list()

    assert shelf.book.names_done() == ["a"]


def test_a_listing_for_each_step_sees_what_others_did():
    shelf = Shelf("a", listing="per_step")
    shelf.list()
    shelf.put("b")

    shelf.list()

    assert shelf.book.names_done() == ["a", "b"]


def test_what_the_run_wrote_is_newer_than_a_listing_asked_for_before():
    shelf = Shelf("a", listing="per_step")
    shelf.list()
    stale = dict(shelf.book.register.list())
    listing = shelf.book.ready("any")
    next(listing)
    writing = shelf.book.invalidate("a")
    next(writing)
    shelf.desk.carry_out(1)

    ((_, asked),) = shelf.desk.waiting
    asked.set_finished(stale)

    assert not shelf.book.is_done("a")


def test_writes_of_one_marker_never_overlap():
    shelf = Shelf("a", "b")
    shelf.list()
    first, second = shelf.book.invalidate_dependent("a"), shelf.book.invalidate_dependent("a")
    next(first)
    next(second)

    assert len(shelf.desk.waiting) == 1
    shelf.desk.carry_out()
    assert [shelf.desk.play(each) for each in (first, second)] == [True, False]


def test_a_step_that_began_while_its_invalidation_waited_is_left_alone():
    shelf = Shelf("a")
    shelf.list()
    first, second = shelf.book.invalidate("a"), shelf.book.invalidate_dependent("a")
    next(first)
    next(second)
    shelf.book.states["a"] = RUNNING
    shelf.desk.play(first)

    assert shelf.desk.play(second) is False
    assert shelf.desk.waiting == []


def test_a_write_is_noted_even_if_nobody_waits_for_it_any_more():
    shelf = Shelf("a")
    shelf.list()
    writing = shelf.book.invalidate("a")
    next(writing)
    writing.close()

    shelf.desk.carry_out()

    assert not shelf.book.is_done("a")
    assert shelf.desk.play(shelf.book.ready("a")) is None


@given(st.sets(NAMES, max_size=12), st.lists(NAMES | st.just("*"), max_size=3))
def test_dependents_are_the_done_steps_that_the_names_cover(names, selectors):
    shelf = Shelf(*names)
    shelf.list()

    expected = {name for name in names if any(covers(selector, name) for selector in selectors)}
    assert shelf.book.dependents(selectors) == sorted(expected)


@pytest.mark.parametrize(("state", "stale"), [(None, ["a"]), (SKIPPED, ["a"]), (RUNNING, []), (RAN, [])])
def test_dependents_are_not_what_this_run_runs_itself(state, stale):
    shelf = Shelf("a")
    shelf.list()
    if state:
        shelf.book.states["a"] = state

    assert shelf.book.dependents(["a"]) == stale


# Steps at once


def test_a_dependent_that_starts_while_it_is_invalidated_waits_for_that(stage: Stage):
    begun, gate = Event(), Event()

    def slow() -> None:
        begun.set()
        assert gate.wait(20)

    def body(workflow: Any) -> Any:
        first = workflow.submit(Step("a", (note, "a"), force_steps_if_executed=["b"]))
        while not begun.is_set():
            workflow.submit(note, "waiting").result  # noqa: B018
        second = workflow.submit(Step("b", (note, "b")))
        for _ in range(20):
            workflow.submit(note, "waiting").result  # noqa: B018
        started_early = "b" in CALLS
        gate.set()
        return first.result, second.result, started_early

    stage.run(simple("b"))
    CALLS.clear()

    slow_storage = Watched(stage.storage, before=at_key("put", "w/steps/b", slow))
    assert stage.run(body, storage=slow_storage) == ("a", "b", False)
    assert stage.done() == {"a", "b"}
    assert slow_storage.writes.count("w/steps/b") == 2


def test_a_dependent_of_two_steps_at_once_is_invalidated_once(stage: Stage):
    def body(workflow: Any) -> Any:
        for name in "ab":
            workflow.submit(Step(name, (note, name), force_steps_if_executed=["x"]))

    stage.run(simple("x.1", "x.2"))
    watched = Watched(stage.storage)

    stage.run(body, storage=watched)

    assert sorted(event.step for event in stage.said(StepInvalidated)) == ["x.1", "x.2"]
    assert sorted(watched.writes) == ["w/steps/a", "w/steps/b", "w/steps/x.1", "w/steps/x.2"]


def test_a_later_listing_does_not_license_a_run_to_overwrite_what_it_shows(stage: Stage):
    def meanwhile() -> Any:
        stage.write("a", b'{"run_id": "newer"}')
        return Chain(Step("b", (note, "b")), (note, "a"))

    stage.run(simple("a"))

    with pytest.raises(RunSuperseded):
        stage.run(
            lambda workflow: workflow.submit(Step("a", FuncGroup(meanwhile), force=True)).result,
            attributes={"step_listing": "per_step"},
        )

    assert stage.markers()["a"] == {"run_id": "newer"}
