"""What one process of `sfs swf decider` or `sfs swf worker` serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from simpleflow_steps.cli.swf.connection import connect
from simpleflow_steps.cli.target import find_module, find_workflow
from simpleflow_steps.executors.swf import Decider, Worker
from simpleflow_steps.storage import open_storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpleflow_steps.executors.swf import SwfClient

SPARE_CONNECTIONS = 8


class Service(BaseModel):
    """What to serve, as it is handed to a process; the fields are the options of the command."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["decider", "worker"]
    targets: tuple[str, ...]
    domain: str
    region: str | None = None
    storage: str | None = None
    task_list: str = "default"
    concurrency: int = 4
    on_mismatch: Literal["wait", "fail"] = "wait"
    grace: float = 30.0
    log_level: str = "info"
    log_format: str = "human"
    debug: bool = False


class Served:
    """A service that is ready: its modules are imported, and SWF has answered.

    :param stop: has `run` end after what is at hand
    """

    def __init__(self, run: Callable[[], bool], stop: Callable[[], None]) -> None:
        self.run = run
        self.stop = stop


def make_ready(service: Service) -> Served:
    """Import the modules, and ask SWF for the task list, so that what cannot work is known before anything is taken.

    :raises InvalidInput: if a module or a workflow is not there
    :raises EngineError: if SWF does not answer, or not as it should
    """
    make = _decider if service.role == "decider" else _worker
    client = connect(service.domain, service.region, connections=service.concurrency + SPARE_CONNECTIONS)
    served = make(service, client)
    client.pending("decision" if service.role == "decider" else "activity", service.task_list)
    return served


def _decider(service: Service, client: SwfClient) -> Served:
    decider = Decider(
        client,
        [find_workflow(target) for target in service.targets],
        task_list=service.task_list,
        storage=None if service.storage is None else open_storage(service.storage),
        on_mismatch=service.on_mismatch,
    )

    def run() -> bool:
        decider.run()
        return True

    return Served(run, decider.stop)


def _worker(service: Service, client: SwfClient) -> Served:
    for target in service.targets:
        find_module(target.partition(":")[0])
    worker = Worker(
        client,
        task_list=service.task_list,
        concurrency=service.concurrency,
        storage=None if service.storage is None else open_storage(service.storage),
    )
    return Served(lambda: worker.run(service.grace), worker.stop)
