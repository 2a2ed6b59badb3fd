"""What type checkers know of a workflow: mypy reads this file, and pytest runs it."""

from __future__ import annotations

from typing import Any, assert_type

from simpleflow_steps import LocalExecutor, Workflow, activity, futures
from simpleflow_steps.activity import Activity
from simpleflow_steps.canvas import Chain, Group
from simpleflow_steps.futures import Future


@activity.with_attributes(retry=3, start_to_close_timeout=60)
def count(day: str, *, limit: int = 3) -> int:
    return len(day[:limit])


@activity.with_attributes()
async def fetch(day: str) -> bytes:
    return day.encode()


@activity.with_attributes()
class Shout:
    def __init__(self, text: str) -> None:
        self.text = text

    def execute(self) -> str:
        return self.text.upper()


class Child(Workflow):
    def run(self, day: str) -> int:
        return self.submit(count, day).result


class Typed(Workflow):
    def run(self, day: str) -> list[Any]:
        counted = assert_type(self.submit(count, day, limit=2), Future[int])
        fetched = assert_type(self.submit(fetch, day), Future[bytes])
        shouted = assert_type(self.submit(Shout, day), Future[str])
        group = assert_type(self.submit(Group((count, day), Chain())), Future[Any])
        child = assert_type(self.submit(Child, day), Future[Any])
        group.cancel()
        assert_type(self.submit(Chain((count, day))), Future[Any]).cancel()
        assert_type(self.map(count, ["a"]), list[Future[Any]])[0].cancel()
        results = [
            assert_type(counted.result, int),
            assert_type(fetched.result, bytes),
            assert_type(shouted.result, str),
            child.result,
        ]
        assert_type(counted.exception, Exception | None)
        assert_type(futures.wait(counted, fetched), list[Any])
        return results


def test_an_activity_keeps_its_signature() -> None:
    known: Activity[..., int] = count

    assert assert_type(count("2026", limit=2), int) == 2
    assert known.name.endswith("count")


def never_called() -> None:
    """Each of these is an error to mypy; it tells if one is not."""
    count(3)  # type: ignore[arg-type]
    count("a", unknown=1)  # type: ignore[call-arg]
    activity.with_attributes(retry="3")  # type: ignore[arg-type]
    activity.with_attributes(timeout=3)  # type: ignore[call-arg]
    Group(count, max_parallel="2")  # type: ignore[arg-type]
    LocalExecutor(count)  # type: ignore[arg-type]
    LocalExecutor(Typed, max_workers="2")  # type: ignore[arg-type]


def test_results_are_what_their_types_say() -> None:
    assert LocalExecutor(Typed, storage="memory://typed").run("2026") == [2, b"2026", "2026", 3]
