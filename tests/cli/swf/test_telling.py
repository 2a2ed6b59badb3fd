from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from simpleflow_steps.executors.swf import SwfClient
from tests.cli.conftest import Sfs, document
from tests.cli.swf.conftest import wait_until


class Listener:
    """An HTTP server that says yes to whatever SWF is asked."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                heard.append((self.headers["X-Amz-Target"].partition(".")[2], body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def state(sfs: Sfs, workflow_id: str) -> str:
    return str(document(sfs("swf", "status", workflow_id, "--json"))["state"])


def test_a_signal_ends_the_wait_of_a_running_workflow(served: SwfClient, sfs: Sfs) -> None:
    sfs("swf", "start", "swfflows:Waiting", "--workflow-id", "w")
    sent = sfs("swf", "signal", "w", "go", "--input", '{"by": "Ada"}')

    wait_until(lambda: state(sfs, "w") != "running")

    assert sent.exit_code == 0
    assert sent.stderr == "sent 'go' to w\n"
    assert '{"by":"Ada"}' in document(sfs("swf", "status", "w", "--json"))["result"]


def test_cancel_asks_swf_for_it(
    client: SwfClient, sfs: Sfs, monkeypatch: pytest.MonkeyPatch, listener: Listener
) -> None:
    """By a server that only listens: neither moto nor LocalStack knows this request."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SWF", listener.url)

    result = sfs("swf", "cancel", "w", "--run-id", "r1")

    assert result.exit_code == 0
    assert result.stderr == "asked for the cancellation of w\n"
    assert listener.heard == [
        ("RequestCancelWorkflowExecution", {"domain": client.domain, "workflowId": "w", "runId": "r1"})
    ]


@pytest.mark.parametrize("command", [["signal", "w", "go"], ["terminate", "w"]], ids=lambda c: c[0])
def test_an_execution_that_is_not_open_is_wrong_use(client: SwfClient, sfs: Sfs, command: list[str]) -> None:
    result = sfs("swf", *command)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: no execution 'w' is open in domain '{client.domain}'")
