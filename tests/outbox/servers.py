"""A mail server and an SMS gateway on loopback, with errors as a test needs them."""

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Received:
    url: str = ""
    messages: list[Any] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # statuses of the next answers; 200 or 250 when empty


@contextmanager
def _serve(server: socketserver.BaseServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def run_sms_gateway() -> Iterator[Received]:
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.messages.append((self.headers["Authorization"], body))
            status = received.answers.pop(0) if received.answers else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", received.url)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_address[1]}/sms"
    with _serve(server):
        yield received


@contextmanager
def run_mail_server() -> Iterator[Received]:
    """Run a minimal SMTP server; ``messages`` are (recipient, whole message)."""
    received = Received()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

        def handle(self) -> None:
            self.say("220 test")
            to = ""
            while line := self.rfile.readline().decode().strip():
                verb = line.upper().split(" ")[0]
                if verb == "RCPT":
                    to = line.partition("<")[2].partition(">")[0]
                    self.say(f"{received.answers.pop(0) if received.answers else 250} ok")
                elif verb == "DATA":
                    self.say("354 go on")
                    letter = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        letter += part
                    received.messages.append((to, letter.decode()))
                    self.say("250 ok")
                elif verb == "QUIT":
                    return self.say("221 bye")
                else:
                    self.say("250 ok")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    received.url = f"smtp+plain://127.0.0.1:{server.server_address[1]}"
    with _serve(server):
        yield received
