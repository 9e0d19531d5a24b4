"""The client of the control API keeps its connection, and notices where the sandbox has ended it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from charthouse.toolkit.client import Sandbox
from charthouse.toolkit.declaration import BASE


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.server.callers.append(self.client_address[1])
        body = json.dumps({"forks": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = len(self.server.callers) in self.server.ends_after

    def finish(self) -> None:
        super().finish()
        self.server.ended.release()

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Answers ``forks.list``. ``callers``: the port of each call; it ends the connection after those ``ends_after``."""

    daemon_threads = True

    def __init__(self, ends_after: set[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.callers: list[int] = []
        self.ends_after = ends_after
        self.ended = threading.Semaphore(0)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server({3}) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_connection_is_kept_until_the_sandbox_ends_it(server: Server) -> None:
    url = f"http://127.0.0.1:{server.server_address[1]}"
    sandbox = Sandbox({"base_url": url, "control": {"url": url + BASE, "key": "x"}})
    for _ in range(3):
        sandbox.forks.list()
    assert server.ended.acquire(timeout=60)  # between two calls
    for _ in range(2):
        sandbox.forks.list()
    first, second, third, fourth, fifth = server.callers
    assert first == second == third != fourth == fifth


def test_threads_have_connections_of_their_own(server: Server) -> None:
    url = f"http://127.0.0.1:{server.server_address[1]}"
    sandbox = Sandbox({"base_url": url, "control": {"url": url + BASE, "key": "x"}})
    sandbox.forks.list()
    thread = threading.Thread(target=sandbox.forks.list)
    thread.start()
    thread.join()
    assert len(set(server.callers)) == 2
