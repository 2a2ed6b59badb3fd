"""A proxy between an S3 client and the real server, on which things go wrong by a seed.

The client is given the proxy's address, and signs for it; the proxy hands every request on as it came, `Host` and all,
so that the server can check the signature. Each request's fate depends on the seed, on what it asks for, and on how
often that was asked for before, so that a seed means the same whatever order threads come in. `proxy.log` holds what
was decided, and `Scripted(proxy.script)` does it again.
"""

from __future__ import annotations

import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Lock, Thread
from typing import Any, Protocol
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
RESET = struct.pack("ii", 1, 0)  # to close a socket at once, without the rest of the good-byes


class Trouble(StrEnum):
    """What can happen to a request."""

    NONE = "none"
    DELAY = "delay"  # it is handed on a moment later
    RESET = "reset"  # the connection breaks, and the server never hears of it
    LOST = "lost"  # the server answers, and the connection breaks
    LATE = "late"  # the connection breaks, and the server hears of it a moment later
    ERROR = "500"
    SLOW_DOWN = "503"
    TOO_MANY = "429"
    CONFLICT = "409"  # only for conditional writes; nothing is written
    TRUNCATED = "truncated"  # the server's answer breaks off in its body
    SLOW_ANSWER = "slow answer"


ANSWERS: Mapping[Trouble, tuple[int, str]] = {
    Trouble.ERROR: (500, "InternalError"),
    Trouble.SLOW_DOWN: (503, "SlowDown"),
    Trouble.TOO_MANY: (429, "TooManyRequests"),
    Trouble.CONFLICT: (409, "ConditionalRequestConflict"),
}
RATES: Mapping[Trouble, float] = {
    Trouble.DELAY: 0.05,
    Trouble.RESET: 0.04,
    Trouble.LOST: 0.06,
    Trouble.ERROR: 0.03,
    Trouble.SLOW_DOWN: 0.03,
    Trouble.TOO_MANY: 0.02,
    Trouble.CONFLICT: 0.03,
    Trouble.TRUNCATED: 0.03,
    Trouble.SLOW_ANSWER: 0.03,
}


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes = b""

    @property
    def label(self) -> str:
        """Name what it asks for, the same in every run: the last parts of the key, without what is drawn at random."""
        parts = urlsplit(self.target).path.strip("/").split("/")
        return f"{self.method} {'/'.join(parts[-2:]) if len(parts) > 1 else 'bucket'}"

    @property
    def is_conditional(self) -> bool:
        """Whether it is a write with a condition."""
        return self.method == "PUT" and any(name.lower() in {"if-match", "if-none-match"} for name, _ in self.headers)


@dataclass(frozen=True)
class Decision:
    """What happened to a request."""

    number: int
    label: str
    trouble: Trouble


class Schedule(Protocol):
    """Decide what happens to each request; called for one at a time."""

    def decide(self, request: Request) -> Trouble:
        """Give the request's fate."""


class Seeded:
    """Draw each request's fate.

    :param rates: how likely each trouble is, between 0 and 1, together at most 1
    """

    def __init__(self, seed: int, rates: Mapping[Trouble, float] = RATES) -> None:
        self._seed = seed
        self._rates = rates
        self._seen: Counter[str] = Counter()

    def decide(self, request: Request) -> Trouble:
        self._seen[request.label] += 1
        drawn = Random(f"{self._seed} {request.label} {self._seen[request.label]}").random()
        for trouble, rate in self._rates.items():
            drawn -= rate
            if drawn < 0:
                return trouble
        return Trouble.NONE


class Scripted:
    """Follow a list, and let everything pass when it is at its end."""

    def __init__(self, script: Sequence[Trouble]) -> None:
        self._rest = list(reversed(script))

    def decide(self, request: Request) -> Trouble:
        return self._rest.pop() if self._rest else Trouble.NONE


@dataclass
class FaultProxy:
    """Listen on loopback; see `fault_proxy`.

    :param delay: how many seconds delays and slow answers take
    """

    upstream: str
    schedule: Schedule
    delay: float = 0.02
    url: str = ""
    log: list[Decision] = field(default_factory=list)
    late: list[Thread] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def script(self) -> list[Trouble]:
        """Give what `Scripted` needs to do the same again."""
        return [decision.trouble for decision in self.log]

    def decide(self, request: Request) -> Trouble:
        with self.lock:
            trouble = self.schedule.decide(request)
            if trouble is Trouble.CONFLICT and not request.is_conditional:
                trouble = Trouble.NONE
            self.log.append(Decision(len(self.log), request.label, trouble))
        return trouble


@contextmanager
def fault_proxy(upstream: str, schedule: Schedule, *, delay: float = 0.02) -> Iterator[FaultProxy]:
    """Stand before a server.

    :param upstream: the server's URL
    """
    proxy = FaultProxy(upstream, schedule, delay)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for late in proxy.late:
            late.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: that a connection broke is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: FaultProxy

    def setup(self) -> None:
        super().setup()
        self._upstream: HTTPConnection | None = None

    def finish(self) -> None:
        if self._upstream is not None:
            self._upstream.close()
        super().finish()

    def serve(self) -> None:
        body = self._chunks() if "chunked" in self.headers.get("Transfer-Encoding", "") else self._counted()
        request = Request(self.command, self.path, self.headers.items(), body)
        self._meet(request, self.proxy.decide(request))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = serve  # noqa: N815  the names are http.server's

    def log_message(self, *arguments: Any) -> None:
        pass

    def _meet(self, request: Request, trouble: Trouble) -> None:
        match trouble:
            case Trouble.RESET:
                self._break_off()
            case Trouble.LATE:
                self._break_off()
                self._forward_later(request)
            case Trouble.LOST:
                self._forward(request)
                self._break_off()
            case Trouble.TRUNCATED:
                status, headers, body = self._forward(request)
                announced = max(len(body), 64)
                self._reply(status, headers, body[: len(body) // 2], announced=announced)
                self._break_off()
            case Trouble.DELAY:
                time.sleep(self.proxy.delay)
                self._reply(*self._forward(request))
            case Trouble.SLOW_ANSWER:
                answer = self._forward(request)
                time.sleep(self.proxy.delay)
                self._reply(*answer)
            case Trouble.NONE:
                self._reply(*self._forward(request))
            case _:
                status, code = ANSWERS[trouble]
                error = f"<Error><Code>{code}</Code><Message>by the proxy</Message></Error>"
                self._reply(status, [("Content-Type", "application/xml")], error.encode())

    def _counted(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _forward(self, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        """Ask the server, on a new connection if it has closed the old one."""
        if self._upstream is not None:
            try:
                return _ask(self._upstream, request)
            except (OSError, HTTPException):
                self._upstream.close()
        self._upstream = _connect(self.proxy.upstream)
        return _ask(self._upstream, request)

    def _forward_later(self, request: Request) -> None:
        def forward() -> None:
            time.sleep(self.proxy.delay)
            connection = _connect(self.proxy.upstream)
            try:
                _ask(connection, request)
            finally:
                connection.close()

        thread = Thread(target=forward, daemon=True)
        self.proxy.late.append(thread)
        thread.start()

    def _reply(
        self, status: int, headers: Sequence[tuple[str, str]], body: bytes, *, announced: int | None = None
    ) -> None:
        self.send_response_only(status)
        length = len(body) if announced is None else announced
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP and (name.lower() != "content-length" or self.command == "HEAD"):
                self.send_header(name, value)
        if self.command != "HEAD" and status not in (204, 304):
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _break_off(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.connection.close()
        self.close_connection = True


def _connect(upstream: str) -> HTTPConnection:
    parts = urlsplit(upstream)
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _ask(connection: HTTPConnection, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers:
        if name.lower() not in HOP_BY_HOP | {"content-length"}:
            connection.putheader(name, value)
    if request.body or request.method in {"PUT", "POST"}:
        connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders(request.body or None)
    response = connection.getresponse()
    return response.status, response.getheaders(), response.read()
