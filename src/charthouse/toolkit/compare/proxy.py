"""A proxy on loopback between a client and another server, which hands every call over when it is answered."""

import http.client
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 60.0  # seconds until the upstream has to answer
MAX_BODY = 300 * 1024 * 1024  # bytes
_OF_A_CONNECTION = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "host", "content-length", "accept-encoding",
}  # fmt: skip
Noted = Callable[[str, str, bytes, int, str, bytes], None]  # method, target, body, status, media type, answer


class UpstreamError(Exception):
    """The address is no http or https URL."""


class Proxy:
    """Listens on ``url``, sends calls on to ``upstream`` and its answers back; ``note`` gets each after that."""

    def __init__(self, upstream: str, note: Noted, port: int = 0) -> None:
        parts = urlsplit(upstream)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UpstreamError(f"{upstream} is no http or https URL.")
        self.origin, self.note = f"{parts.scheme}://{parts.netloc}", note
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def forward(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send a call on. Raises OSError and http.client.HTTPException where no answer comes."""
        parts = urlsplit(self.origin)
        factory = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = factory(parts.hostname or "", parts.port, timeout=TIMEOUT)
        sent = {name: value for name, value in headers.items() if name.lower() not in _OF_A_CONNECTION}
        try:
            connection.request(method, target, body or None, sent | {"Accept-Encoding": "identity"})
            response = connection.getresponse()
            kept = [
                (name, value) for name, value in response.getheaders() if name.lower() not in _OF_A_CONNECTION
            ]
            return response.status, kept, response.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or int(length) > MAX_BODY:
            self.close_connection = True
            return self._answer(411, [], b"")
        body = self.rfile.read(int(length))
        try:
            status, headers, content = self.proxy.forward(self.command, self.path, self.headers, body)  # type: ignore[arg-type]
        except (OSError, http.client.HTTPException) as error:
            return self._answer(
                502, [], f"No answer from {self.proxy.origin}: {type(error).__name__}\n".encode()
            )
        # Links of pages lead back through the proxy.
        shown = content.replace(self.proxy.origin.encode(), self.proxy.url.encode())
        moved = [(name, value.replace(self.proxy.origin, self.proxy.url)) for name, value in headers]
        self._answer(status, moved, shown)
        media = next((value for name, value in headers if name.lower() == "content-type"), "")
        self.proxy.note(self.command, self.path, body, status, media, content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass
