"""Prefect, whose task runs are rows of its server's database, and whose results are files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.peer import Facts, Peer
from benchmarks.peers.server import answers, free_port, running
from benchmarks.setting import Setting


@contextmanager
def _start(setting: Setting, environment: Path) -> Iterator[Facts]:
    home, port = setting.place(), free_port()
    api = f"http://127.0.0.1:{port}/api"
    told = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": api,
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [str(environment / "bin/prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, lambda: answers(f"{api}/health"), told):
        yield {"environment": told}


PREFECT = Peer(
    name="prefect",
    title="Prefect 3.7, local server, results in files",
    environment="prefect",
    requirements=("prefect==3.7.2", "fastapi<0.125"),
    job="run_prefect.py",
    store="disk",
    shapes=("row", "group"),
    reads=True,
    resumed="the flow called again: each task found by its cache key",
    start=_start,
)
