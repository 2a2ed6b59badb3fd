"""An executor whose tasks end when the test says so."""

from __future__ import annotations

from typing import Any

from simpleflow_steps.futures import Future
from simpleflow_steps.task import Task


class Hand:
    replays = False
    room = None

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.futures: list[Future[Any]] = []
        self.waits: list[Future[Any]] = []

    @property
    def running(self) -> list[Future[Any]]:
        return [future for future in self.futures if not future.done]

    def submit(self, task: Task) -> Future[Any]:
        future: Future[Any] = Future(self, target=getattr(task, "target", None))
        self.tasks.append(task)
        self.futures.append(future)
        return future

    def wait(self, future: Future[Any]) -> None:
        """End what runs, oldest first, until the future is done."""
        self.waits.append(future)
        while not future.done:
            self.running[0].set_finished(len(self.waits))

    def arguments(self) -> list[list[Any]]:
        return [list(task.args) for task in self.tasks]
