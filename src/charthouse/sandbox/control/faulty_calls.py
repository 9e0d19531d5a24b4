"""Calls that fail as a fault says: answered in place of the API, or with an answer that arrives late, slowly or in
part. The request log says of each that it was a fault."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from charthouse import clock
from charthouse.audit import request_log
from charthouse.audit.request_log import LogEntry
from charthouse.engine.errors import Fault as ServerFault
from charthouse.engine.errors import RequestError, Throttled, Unauthenticated
from charthouse.gateway.cerbo import api as cerbo
from charthouse.gateway.drchrono import api as drchrono
from charthouse.gateway.http import Response
from charthouse.identity import client_ip, origin, tenancy
from charthouse.identity.models import AccessToken, ApiUser
from charthouse.identity.named_callers import find_named_caller
from charthouse.sandbox.control import fault_rules
from charthouse.sandbox.control.callers import read_credentials
from charthouse.sandbox.control.conduct import explaining
from charthouse.toolkit.controls.faults import CALL_KINDS, DEFAULT_SECONDS, HEADER, MAX_SECONDS, Fault

OAUTH = "/o/"
BASES = (drchrono.BASE, cerbo.SHORT_BASE, OAUTH)
HEADER_VARIABLE = "HTTP_" + HEADER.upper().replace("-", "_")
RETRY_AFTER = 30  # seconds
PIECES = 20  # of an answer that drips
BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_current = threading.local()


def find_fault(environ: dict[str, Any]) -> Fault | None:
    """Find the fault of a call: that of its header, or the first that applies to it."""
    if not environ["PATH_INFO"].startswith(BASES):
        return None
    kind, _, seconds = environ.get(HEADER_VARIABLE, "").partition("=")
    if kind in CALL_KINDS:
        try:
            length = min(float(seconds), MAX_SECONDS) if seconds else DEFAULT_SECONDS
        except ValueError:
            length = DEFAULT_SECONDS
        return Fault(0, kind, None, None, None, None, 1.0, None, None, max(length, 0.0))
    return fault_rules.take(lambda fault: fault.kind in CALL_KINDS and _matches(fault, environ))


def answer(fault: Fault, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes] | None:
    """Answer a call in place of the API, or return None where the API has to answer it."""
    origin.enter_request(environ)
    response = _make_response(fault, environ)
    if response is None:
        return None
    tenancy.clear_tenant()
    entry = _make_entry(fault, environ, response.status)
    request_log.add(entry)
    if explaining.HEADER_VARIABLE in environ:
        response.headers.append(explaining.explain_fault(fault.kind))
    body = response.send(start, response.body(), request_id=entry.request)
    return _CutBody(b"") if fault.kind == "reset" else body


def change_answer(fault: Fault, body: bytes) -> Iterable[bytes]:
    """Return the body of an answer as it is to arrive."""
    if fault.kind == "drip":
        return _drip(body, fault.seconds)
    return _CutBody(body[: len(body) // 2]) if fault.kind == "cut" else [body]


def note(fault: Fault | None) -> None:
    """Note the fault of the call that this thread answers."""
    _current.fault = fault


def _mark(entry: LogEntry) -> None:
    """Say in an entry of the request log that the call had a fault."""
    fault: Fault | None = getattr(_current, "fault", None)
    if fault is not None and not entry.gate.startswith("fault"):
        entry.gate = f"{entry.gate}, fault"[:20] if entry.gate else f"fault: {fault.kind}"


request_log.subscribe(_mark)


class _CutBody:
    """The first part of a body, after which the server ends the connection as if the client were gone."""

    def __init__(self, part: bytes) -> None:
        self._part = part

    def __iter__(self) -> Iterator[bytes]:
        yield self._part

    def close(self) -> None:
        raise ConnectionAbortedError


def _drip(body: bytes, seconds: float) -> Iterator[bytes]:
    size = max(1, -(-len(body) // PIECES))
    for begin in range(0, len(body), size):
        time.sleep(seconds / PIECES)
        yield body[begin : begin + size]


def _make_response(fault: Fault, environ: dict[str, Any]) -> Response | None:
    if fault.kind == "502":
        return Response(502, BAD_GATEWAY, media="text/html")
    if fault.kind == "302":
        return Response(302, headers=[("Location", origin.build_url("/sign-in"))])
    if fault.kind == "reset":
        return Response(200, b" ")
    errors: dict[str, RequestError] = {
        "429": Throttled(RETRY_AFTER),
        "500": ServerFault(),
        "401": Unauthenticated("Invalid access token."),
    }
    if fault.kind not in errors:
        return None
    return _render(errors[fault.kind], environ["PATH_INFO"])


def _render(error: RequestError, path: str) -> Response:
    """Render an error as the API that was called does."""
    if path.startswith(OAUTH):
        codes = {429: "temporarily_unavailable", 401: "invalid_client"}
        return Response(error.status, {"error": codes.get(error.status, "server_error")})
    is_cerbo = path.startswith((cerbo.BASE, cerbo.SHORT_BASE))
    return cerbo.render_error(error) if is_cerbo else drchrono.render_error(error)


def _make_entry(fault: Fault, environ: dict[str, Any], status: int) -> LogEntry:
    """The entry of the request log of a call that the API has not answered."""
    path = environ["PATH_INFO"]
    return LogEntry(
        clock.now(),
        os.urandom(16).hex(),
        "cerbo" if path.startswith((cerbo.BASE, cerbo.SHORT_BASE)) else "drchrono",
        str(environ["REQUEST_METHOD"])[:10],
        ascii(path)[1:-1][:200],
        client_ip.get_client_ip(environ),
        status=status,
        gate=f"fault: {fault.kind}",
        claimed=find_named_caller(environ.get("HTTP_AUTHORIZATION")),
    )


def _matches(fault: Fault, environ: dict[str, Any]) -> bool:
    called = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    if fault.operation and not fnmatchcase(called, fault.operation):
        return False
    if fault.app is None and fault.api_user is None and fault.practice is None:
        return True
    token, name = read_credentials(environ)
    if fault.api_user not in (None, name):
        return False
    if fault.app is None and fault.practice is None:
        return True
    return _is_caller_of(fault, token, name)


def _is_caller_of(fault: Fault, token: str, name: str) -> bool:
    """Tell whether a token's checksum, or the name of an API user, is of the app and practice that a fault names."""
    tokens = AccessToken.objects.using("owner").filter(token_checksum=token)
    if fault.app is not None:
        tokens = tokens.filter(application__client_id=fault.app)
    if fault.practice is None:
        return bool(tokens.exists())
    users = ApiUser.objects.using("owner").filter(username=name, practice=fault.practice)
    is_user = fault.app is None and users.exists()
    return bool(is_user or tokens.filter(user__practice=fault.practice).exists())
