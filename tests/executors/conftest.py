from __future__ import annotations

import faulthandler
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simpleflow_steps import LocalExecutor, Workflow
from simpleflow_steps.storage import MemoryStorage

HANGS = 120


def _local(workflow: type[Workflow], **options: Any) -> LocalExecutor:
    return LocalExecutor(workflow, **{"storage": MemoryStorage(), **options})


EXECUTORS = {"local": _local}


@pytest.fixture(params=EXECUTORS)
def make_executor(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Give each executor in turn: `make_executor(workflow, **options)`."""
    return EXECUTORS[request.param]


@pytest.fixture
def play(make_executor: Callable[..., Any]) -> Callable[..., Any]:
    """Run a function as the `run` of a workflow."""

    def play(run: Callable[..., Any], *args: Any, attributes: dict[str, Any] | None = None, **options: Any) -> Any:
        workflow = type("Flow", (Workflow,), {"run": run, **(attributes or {})})
        return make_executor(workflow, **options).run(*args)

    return play


@pytest.fixture(autouse=True)
def _ends() -> Iterator[None]:
    """Say where a test hangs, instead of hanging."""
    faulthandler.dump_traceback_later(HANGS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
