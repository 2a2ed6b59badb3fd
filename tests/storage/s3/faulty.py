"""A server that answers as it is told, one answer for each request, and remembers the requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import quote


@dataclass(frozen=True)
class Answer:
    status: int = 200
    code: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False

    @property
    def content(self) -> bytes:
        if self.body or not self.code:
            return self.body
        return f"<Error><Code>{self.code}</Code><Message>told so</Message></Error>".encode()


OK = Answer(headers={"ETag": '"new"'})
LOST = Answer(drop=True)


def as_listed(key: str, client: str) -> str:
    """Write a key as it is in the answer to this client: only boto3 asks for it to be escaped."""
    return quote(key) if client == "boto3" else key


@dataclass
class FaultyServer:
    """Give the answers in turn, and the last one for ever."""

    url: str
    answers: list[Answer] = field(default_factory=lambda: [OK])
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def next(self, request: tuple[str, str, dict[str, str]]) -> Answer:
        with self.lock:
            self.requests.append(request)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def conditions(self) -> list[str | None]:
        return [headers.get("if-none-match") or headers.get("if-match") for _, _, headers in self.requests]


@contextmanager
def faulty_server() -> Iterator[FaultyServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = faulty.next((self.command, self.path, headers))
            if answer.drop:
                self.close_connection = True
                return
            self.send_response(answer.status)
            length = {"Content-Length": str(len(answer.content))}
            for name, value in {**length, **answer.headers}.items():
                self.send_header(name, value)
            # a connection that the client keeps, and that we close, would fail its next request before we see it
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer.content if self.command != "HEAD" else b"")

        def log_message(self, *arguments: Any) -> None:
            pass

    for method in ("GET", "PUT", "DELETE", "HEAD"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    faulty = FaultyServer(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield faulty
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
