"""An event loop of the web server in this process, over a small application, whose time the test moves."""

import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from charthouse.web_server import event_loop
from charthouse.web_server.application import Application, Reads
from charthouse.web_server.event_loop import EventLoop
from charthouse.web_server.limits import Limits
from charthouse.web_server.refusals import Refusal
from charthouse.web_server.serving import _BodySpool

SOON = 60.0  # seconds that anything may take on a busy machine
Call = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass
class Loop:
    """``refused``: how often, by reason. ``errors``: exceptions of the application."""

    loop: EventLoop
    address: tuple[str, int]
    refused: Counter[str] = field(default_factory=Counter)
    errors: list[Exception] = field(default_factory=list)

    def connect(self, sent: bytes = b"", receive_buffer: int = 0) -> socket.socket:
        """Open a connection and send something."""
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(SOON)
        sock.connect(self.address)
        sock.sendall(sent)
        return sock

    def ask(self, sent: bytes) -> bytes:
        """Send something and return all that comes until the server closes the connection."""
        with self.connect(sent) as sock:
            return read_all(sock)

    def wait(self, condition: Callable[[], object], *, tick: bool = False) -> None:
        """Wait for a condition, letting the loop find out what has expired if ``tick`` is set."""
        until = time.monotonic() + SOON
        while not condition():
            assert time.monotonic() < until
            if tick:
                self.loop.tick()
            threading.Event().wait(0.002)

    def count(self, *states: str) -> int:
        """Count connections in these states."""
        return sum(c.state.name in states for c in self.loop._list_connections())


@contextmanager
def run_loop(
    call: Call, directory: Path, threads: int = 2, reads: Reads | None = None, **limits: Any
) -> Iterator[Loop]:
    """Run an event loop over a WSGI application within a block."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.setblocking(False)
    running = Loop(None, listener.getsockname())  # type: ignore[arg-type]
    application = Application(
        call=call,
        limit_body=lambda environ: 1_000_000,
        render_refusal=_render_refusal,
        make_spool=_BodySpool,
        directory=directory,
        count=lambda reason: running.refused.update([reason]),
        report=running.errors.append,
        errors=sys.stderr,
        reads=reads,
    )
    loop = running.loop = EventLoop(listener, application, threads, Limits(**limits))
    loop.start()
    try:
        yield running
    finally:
        loop.stop_accepting()
        loop.stop()
        for connection in loop._list_connections():
            loop._arm(connection, event_loop.CLOSE)


def _render_refusal(path: str, refusal: Refusal, is_last: bool) -> bytes:
    end = "Connection: close\r\n" if is_last else ""
    return f"HTTP/1.1 {refusal.status} {path}\r\n{end}Content-Length: 0\r\n\r\n".encode()


def echo(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with what the application gets: method, path, query, body."""
    body = environ["wsgi.input"].read()
    names = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "CONTENT_LENGTH")
    content = " ".join(environ.get(name, "-") for name in names).encode("latin-1") + b" " + body
    start("200 OK", [("Content-Length", str(len(content)))])
    return [content]


def read_all(sock: socket.socket) -> bytes:
    """Return all that comes until the connection is closed."""
    pieces = []
    while piece := sock.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def read_until(sock: socket.socket, end: bytes) -> bytes:
    """Return what comes until something has come."""
    content = b""
    while end not in content:
        piece = sock.recv(65536)
        assert piece, content
        content += piece
    return content
