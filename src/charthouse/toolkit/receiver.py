"""A receiver of webhooks within a test."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Received:
    """A webhook as it arrived. ``event`` is its name in either API, ``id`` that of DrChrono's delivery or of Cerbo's
    event, ``headers`` by name in lower case."""

    event: str
    id: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Receives webhooks at ``url``. ``status``: what it answers, unless ``answer`` returns the status for one.
    ``secret``: with it, it answers the verification of an app's webhook."""

    def __init__(self, secret: str | None = None) -> None:
        self.secret = secret
        self.status = 200
        self.answer: Callable[[Received], int] | None = None
        self.received: list[Received] = []
        self._arrived = threading.Condition()
        handler = type("Handler", (_Handler,), {"receiver": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/webhooks"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def wait_for(self, event: str, timeout: float = 10.0) -> Received:
        """Return the first webhook of an event that was not returned before, when it has arrived. Raises
        AssertionError after ``timeout`` seconds."""
        until = time.monotonic() + timeout
        with self._arrived:
            while True:
                for found in self.received:
                    if found.event == event:
                        self.received.remove(found)
                        return found
                if not self._arrived.wait(max(0.0, until - time.monotonic())) and time.monotonic() >= until:
                    others = ", ".join(each.event for each in self.received) or "none"
                    raise AssertionError(f"no {event} within {timeout:g} s; received: {others}")

    def add(self, headers: Mapping[str, str], body: bytes) -> int:
        """Add what has arrived, and return the status of the answer."""
        received = Received(*_identify(headers, body), headers, body)
        status = self.status if self.answer is None else self.answer(received)
        with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
        return status

    def prove(self, msg: str) -> bytes | None:
        """The answer to a verification. None without a secret."""
        if self.secret is None:
            return None
        proof = hmac.new(self.secret.encode(), msg.encode(), hashlib.sha256).hexdigest()
        return json.dumps({"secret_token": proof}).encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = self.receiver.add({name.lower(): value for name, value in self.headers.items()}, body)
        self._answer(status)

    def do_GET(self) -> None:
        proof = self.receiver.prove(parse_qs(urlsplit(self.path).query).get("msg", [""])[0])
        self._answer(404 if proof is None else 200, proof or b"")

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if body:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _identify(headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """The name of the event and the id: DrChrono's are in headers, Cerbo's in the body."""
    if event := headers.get("x-drchrono-event"):
        return event, headers.get("x-drchrono-delivery", "")
    try:
        content = json.loads(body)
        return str(content["event_type"]), str(content["event_id"])
    except (ValueError, KeyError, TypeError):
        return "", ""
