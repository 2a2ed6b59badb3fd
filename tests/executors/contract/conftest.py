"""Run the contract on each executor: the local one, SWF as moto's server knows it, SWF as its API reference says."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from copy import copy
from typing import Any
from uuid import uuid4

import pytest

from simpleflow_steps import LocalExecutor, Workflow, codec
from simpleflow_steps.executors.swf import SwfClient, SwfExecutor
from simpleflow_steps.storage import MemoryStorage
from tests.executors.swf.simulated import SimulatedSwf
from tests.servers import Endpoint


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "local_only(why): what only the local executor can do")
    config.addinivalue_line("markers", "not_on_moto(decision): what needs a decision that moto's SWF does not know")


@pytest.fixture(params=["local", "swf-moto", "swf-simulated"])
def make_executor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Give each executor in turn: `make_executor(workflow, **options)`."""
    if request.param == "local":
        return _local
    if (marker := request.node.get_closest_marker("local_only")) is not None:
        pytest.skip(marker.args[0])
    if request.param == "swf-simulated":
        return functools.partial(_OnSwf, SimulatedSwf(page=20))
    if (marker := request.node.get_closest_marker("not_on_moto")) is not None:
        pytest.skip(f"moto does not know {marker.args[0]}")
    return functools.partial(_OnSwf, _client(request.getfixturevalue("moto_server"), monkeypatch))


@pytest.fixture
def play(make_executor: Callable[..., Any]) -> Callable[..., Any]:
    """Run a function as the `run` of a workflow."""

    def play(run: Callable[..., Any], *args: Any, attributes: dict[str, Any] | None = None, **options: Any) -> Any:
        workflow = type("Flow", (Workflow,), {"run": run, **(attributes or {})})
        return make_executor(workflow, **options).run(*args)

    return play


AT_MOST = {"swf-moto": 12, "swf-simulated": 60}


@pytest.fixture
def at_most(make_executor: Callable[..., Any], request: pytest.FixtureRequest) -> Callable[[int], int]:
    """Give a number, or a smaller one where each thing costs a decision."""
    executor = next(name for name in ("local", *AT_MOST) if name in request.node.callspec.id)
    return lambda number: min(number, AT_MOST.get(executor, number))


@pytest.fixture
def tick(make_executor: Callable[..., Any]) -> float:
    """Give the seconds by which timers are told apart."""
    return 0.01 if make_executor is _local else 1.0


def _local(workflow: type[Workflow], **options: Any) -> LocalExecutor:
    return LocalExecutor(workflow, **{"storage": MemoryStorage(), **options})


def _client(server: Endpoint, monkeypatch: pytest.MonkeyPatch) -> SwfClient:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = copy(_first_client(server.endpoint_url))
    client.domain = f"contract-{uuid4().hex}"
    client.under_way = 0
    client.register_domain()
    return client


@functools.cache
def _first_client(endpoint_url: str) -> EagerClient:
    """Make one of boto3's clients, which costs a second."""
    return EagerClient("any", endpoint_url=endpoint_url)


PATIENCE = 15  # seconds for one execution


class EagerClient(SwfClient):
    """Poll only when there is a task: moto makes an empty poll wait for a second, whatever comes meanwhile."""

    PATIENCE = 0.2
    under_way = 0

    def poll_decision(self, task_list: str, page: str | None = None) -> dict[str, Any]:
        return super().poll_decision(task_list, page) if self._awaits("decision", task_list, lambda: 0) else {}

    def poll_activity(self, task_list: str) -> dict[str, Any]:
        found = super().poll_activity(task_list) if self._awaits("activity", task_list, lambda: self.under_way) else {}
        self.under_way += "taskToken" in found
        return found

    def complete(self, token: str, result: str) -> None:
        super().complete(token, result)
        self.under_way -= 1

    def fail(self, token: str, reason: str, details: str) -> None:
        super().fail(token, reason, details)
        self.under_way -= 1

    def _awaits(self, kind: str, task_list: str, under_way: Callable[[], int]) -> bool:
        deadline = time.monotonic() + self.PATIENCE
        while time.monotonic() < deadline:
            where = {"domain": self.domain, "taskList": {"name": task_list}}
            if self._request(f"count_pending_{kind}_tasks", **where)["count"] > under_way():
                return True
            time.sleep(0.01)
        return False


class _OnSwf:
    """An executor on SWF that gives what `run()` returned in this process, although it could not cross SWF."""

    def __init__(self, client: Any, workflow: Any, **options: Any) -> None:
        self._kept: Any = None
        played = self._keeping(workflow) if isinstance(workflow, type) and issubclass(workflow, Workflow) else workflow
        self._executor = SwfExecutor(played, **{"storage": f"memory://{uuid4().hex}", "client": client, **options})

    def run(self, *args: Any, **kwargs: Any) -> Any:
        alone = self._executor.alone()
        with alone.serving():
            answer = alone.result(alone.start(*args, **kwargs), timeout=PATIENCE)
        return self._kept if answer == "kept here" else answer

    def signal(self, *args: Any, **kwargs: Any) -> None:
        self._executor.signal(*args, **kwargs)

    def _keeping(self, workflow: type[Workflow]) -> type[Workflow]:
        @functools.wraps(workflow.run)
        def run(flow: Any, *args: Any, **kwargs: Any) -> Any:
            result = workflow.run(flow, *args, **kwargs)
            if codec.flaw(result) is None:
                return result
            self._kept = result
            return "kept here"

        return type(workflow.__name__, (workflow,), {"run": run, "name": workflow.get_name()})
