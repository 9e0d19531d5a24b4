"""A configurable webhook receiver, and a running sender, for tests."""

import asyncio
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.db import connections

from charthouse.changes import actions, verification
from charthouse.changes.models import Delivery, Webhook
from charthouse.changes.sender import Sender
from charthouse.identity.models import Application
from tests.waiting import PATIENCE

SECRET = "0f9c1d5c6f6b4d2e9a"


@dataclass
class Receiver:
    """A webhook receiver. ``status``: response status of deliveries; ``respond`` may respond in another way. ``got``:
    (headers, body) of each delivery in order of arrival."""

    url: str = ""
    status: int = 200
    secret: str = SECRET
    proof: Callable[[str], Any] | None = None
    respond: Callable[[BaseHTTPRequestHandler], None] | None = None
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def events(self) -> list[str]:
        return [headers["X-drchrono-event"] for headers, _ in list(self.got)]

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in list(self.got)]


class Handler(BaseHTTPRequestHandler):
    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        message = parse_qs(urlsplit(self.path).query)["msg"][0]
        self.receiver.messages.append(message)
        digest = hmac.new(self.receiver.secret.encode(), message.encode(), sha256).hexdigest()
        answer: Any = {"secret_token": digest}
        if self.receiver.proof is not None:
            answer = self.receiver.proof(digest)
        self.answer(200, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def do_POST(self) -> None:
        receiver = self.receiver
        with receiver._lock:
            receiver._now += 1
            receiver.most_at_once = max(receiver.most_at_once, receiver._now)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with receiver._lock:
            receiver.got.append((dict(self.headers), body))
        if receiver.respond is not None:
            receiver.respond(self)
        else:
            self.answer(receiver.status, b"thanks")
        with receiver._lock:
            receiver._now -= 1

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_: Any) -> None:
        """Ignore disconnects, which some tests cause."""


@contextmanager
def run_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    handler = type("Bound", (Handler,), {"receiver": receiver})
    server = _Server(("127.0.0.1", 0), handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def subscribe(app: Application, receiver: Receiver, *events: str) -> Webhook:
    """Create a verified webhook."""
    webhook = actions.create_app_webhook(app, receiver.url, receiver.secret, events)
    assert verify(webhook) == ""
    return webhook


@contextmanager
def run_sender() -> Iterator[None]:
    """Run a sender, as the worker does."""
    begun: list[Any] = []
    ready = threading.Event()

    def work() -> None:
        async def run() -> None:
            task = asyncio.create_task(Sender(2).run())
            begun.extend((asyncio.get_running_loop(), task))
            ready.set()
            with suppress(asyncio.CancelledError):
                await task

        asyncio.run(run())
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(PATIENCE)
    loop, task = begun
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(PATIENCE)
        assert not thread.is_alive()


def verify(webhook: Webhook) -> str:
    """Request the verification of a receiver, have it done as by the worker, and return the error."""
    actions.request_verification(webhook)
    assert verification.verify_pending() >= 1
    webhook.refresh_from_db()
    return webhook.verification_error


def list_deliveries(webhook: Webhook) -> list[Delivery]:
    """List all deliveries of a webhook in all practices, oldest first."""
    return list(Delivery.objects.using("owner").filter(webhook=webhook).order_by("pk"))
