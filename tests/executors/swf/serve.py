"""A decider or a worker as a process: `python -m tests.executors.swf.serve decider|worker MODULE DOMAIN URL`."""

from __future__ import annotations

import importlib
import signal
import sys

from simpleflow_steps.executors.swf import Decider, SwfClient, Worker
from simpleflow_steps.workflow import Workflow


def main(role: str, module: str, domain: str, url: str) -> None:
    found = vars(importlib.import_module(module)).values()
    client = SwfClient(domain, endpoint_url=url)
    if role == "decider":
        workflows = [each for each in found if isinstance(each, type) and issubclass(each, Workflow)]
        server: Decider | Worker = Decider(client, workflows)
    else:
        server = Worker(client, concurrency=3)
    signal.signal(signal.SIGTERM, lambda *_: server.stop())
    server.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
