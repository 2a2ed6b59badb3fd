from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest

from simpleflow_steps import LocalExecutor, Workflow
from simpleflow_steps.storage import MemoryStorage

LONG = 20


class Gate:
    """Where an activity waits until the test lets it go on, and never for ever."""

    def __init__(self) -> None:
        self._reached = Event()
        self._opened = Event()
        self.left = False

    def enter(self) -> None:
        self._reached.set()
        opened = self._opened.wait(LONG)
        self.left = True
        assert opened

    def reached(self) -> bool:
        return self._reached.wait(LONG)

    def open(self) -> None:
        self._opened.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def local() -> Callable[..., Any]:
    """Make a local executor for a function as a workflow's `run`."""

    def local(run: Callable[..., Any], attributes: dict[str, Any] | None = None, **options: Any) -> LocalExecutor:
        workflow = type("Flow", (Workflow,), {"run": run, **(attributes or {})})
        return LocalExecutor(workflow, **{"storage": MemoryStorage(), **options})

    return local
