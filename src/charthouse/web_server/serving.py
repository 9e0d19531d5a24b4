"""Charthouse as the web server sees it, and the server as a command."""

import socket
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import IO, Any

from django.conf import settings
from django.db import connections

from charthouse import wsgi
from charthouse.domains.documents import uploads
from charthouse.engine.errors import RequestError
from charthouse.files.spool import Spool
from charthouse.gateway.cerbo import api as cerbo
from charthouse.gateway.drchrono import api as drchrono
from charthouse.gateway.http import Response
from charthouse.gateway.multipart import MAX_UPLOAD
from charthouse.gateway.pipelined_reads import PipelinedReads
from charthouse.identity import faults
from charthouse.identity.database import pipeline
from charthouse.operation import request_metrics
from charthouse.web_server.answers import render_date
from charthouse.web_server.application import Application
from charthouse.web_server.refusals import NO_ROOM, Refusal, Refused
from charthouse.web_server.workers import Workers

MAX_BODY = uploads.MAX_BODY  # bytes; no declaration allows a larger body that is not multipart


def serve(
    sockets: list[socket.socket], threads: int, on_retirement: Callable[[], None] = lambda: None
) -> None:
    """Run the web server, a process for each bound socket, until SIGINT, SIGTERM or SIGHUP, or until it has retired.
    ``on_retirement``: called when another web server has taken over the sockets."""
    application = make_application()
    connections.close_all()  # of which loading may have opened some: forked processes must not share them
    Workers(sockets, application, threads, on_retirement).run()


def make_application() -> Application:
    """Return what the server needs to serve Charthouse."""
    settings.DATA.mkdir(parents=True, exist_ok=True)
    call: Callable[..., Iterable[bytes]] = wsgi.application
    if settings.SANDBOX:
        from charthouse.sandbox.control.application import SandboxApplication

        call = SandboxApplication(call)
    return Application(
        call=call,
        limit_body=limit_body,
        render_refusal=render_refusal,
        make_spool=_BodySpool,
        directory=settings.DATA,
        count=request_metrics.count_http_refusal,
        report=lambda error: faults.handle_exception(error, "a response"),
        errors=sys.stderr,
        reads=_make_reads(),
    )


def _make_reads() -> PipelinedReads | None:
    """Reads that need no thread: not in a sandbox, which watches its calls, nor where an answer waits for the log."""
    if settings.SANDBOX or settings.LOG_FIRST or not pipeline.is_possible():
        return None
    return PipelinedReads(wsgi.accepts_read, wsgi.begin_read)


def limit_body(environ: dict[str, Any]) -> int:
    """Return the bytes that a request's body may have, as far as the server knows: a resource may allow less."""
    media_type = str(environ.get("CONTENT_TYPE", "")).split(";")[0].strip().lower()
    return MAX_UPLOAD if media_type == "multipart/form-data" else MAX_BODY


class _RefusedByServer(RequestError):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.status, self.wait = refusal.status, refusal.wait


@lru_cache(maxsize=256)
def _render(render: Callable[[RequestError], Response] | None, refusal: Refusal, is_last: bool) -> bytes:
    """Render headers but the date, and body, in the form of an API or as text."""
    sent: list[Any] = []
    if render is None:
        body = refusal.detail.encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        headers += [("Retry-After", str(refusal.wait))] if refusal.wait is not None else []
    else:
        response = render(_RefusedByServer(refusal))
        content = response.body()
        assert isinstance(content, bytes)
        body = content
        response.send(lambda status, headers: sent.extend(headers), body, request_id="")
        headers = [(name, value) for name, value in sent if value]
    if is_last:
        headers.append(("Connection", "close"))
    lines = [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(["", *lines, "", ""]).encode("latin-1") + body


def render_refusal(path: str, refusal: Refusal, is_last: bool) -> bytes:
    """Render the response to a refusal in the form of the API that a path belongs to. ``is_last``: it ends the
    connection."""
    render: Callable[[RequestError], Response] | None = None
    if path.startswith((cerbo.BASE, cerbo.SHORT_BASE)):
        render = cerbo.render_error
    elif path.startswith(drchrono.BASE):
        render = drchrono.render_error
    status = f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\nDate: {render_date()}"
    return status.encode() + _render(render, refusal, is_last)


class _BodySpool:
    """A spool that is never in memory. A storage that fails is one without room."""

    def __init__(self) -> None:
        self._spool = Spool(in_memory=1)

    def write(self, content: bytes) -> None:
        try:
            self._spool.write(content)
        except RequestError:
            raise Refused(NO_ROOM) from None

    def open(self) -> IO[bytes]:
        try:
            return self._spool.open()
        except RequestError:
            raise Refused(NO_ROOM) from None
