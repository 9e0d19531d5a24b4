"""Serving the calls of both APIs: every call gets a request id, is answered, and goes into the request log.

The request id is in the ``X-Request-Id`` header of the answer, in the log, and in the feed of what the call changes.
"""

import os
import random
from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter
from typing import Any

from django.db import connection

from charthouse import clock, logs
from charthouse.audit import captured_bodies, request_log
from charthouse.audit.request_log import LogEntry
from charthouse.engine.actor import Actor
from charthouse.engine.errors import RequestError
from charthouse.engine.sql.failures import Failure, classify
from charthouse.files.serving import FileBody
from charthouse.gateway.http import Request, Response
from charthouse.gateway.logged_queries import format_query
from charthouse.identity import audit_events, client_ip, faults, origin, tenancy
from charthouse.identity.database.steps import MAY_WAIT, Steps, run_steps
from charthouse.identity.named_callers import find_named_caller

MAX_PATH = 200
Handle = Callable[[Request], Steps[Response]]
# Key of WSGI's environ with a function that answers in place of the API: called with the request and a function that
# lets the API answer it. A sandbox sets it.
AROUND = "charthouse.around"
# No secrets, so no system call for each; a forked process takes a seed of its own.
_request_ids = random.Random()  # noqa: S311
os.register_at_fork(after_in_child=_request_ids.seed)


def serve(
    environ: dict[str, Any],
    start: Callable[..., Any],
    api: str,
    handle: Handle,
    render_error: Callable[[RequestError], Response],
) -> Iterable[bytes]:
    """Answer one call, errors included. ``handle`` may raise RequestError, which ``render_error`` renders."""
    return run_steps(tenancy.get_connection(), serve_in_steps(environ, start, api, handle, render_error))


def serve_in_steps(
    environ: dict[str, Any],
    start: Callable[..., Any],
    api: str,
    handle: Handle,
    render_error: Callable[[RequestError], Response],
) -> Steps[Iterable[bytes]]:
    """The same, in steps."""
    began = perf_counter()
    request = Request(environ, _start_entry(environ, api))
    logs.set_request_id(request.entry.request)
    tenancy.clear_tenant()
    audit_events.set_client_ip(request.entry.ip)
    around = environ.get(AROUND)
    if around is None:
        response = yield from _respond(request, handle, render_error)
    else:
        yield MAY_WAIT
        response = around(request, partial(_respond_at_once, request, handle, render_error))
    head = request.method == "HEAD"
    body = response.body()
    entry = request.entry
    entry.status = response.status
    if environ.get("QUERY_STRING"):
        entry.query = format_query(request)
    entry.microseconds = round((perf_counter() - began) * 1e6)
    if captured_bodies.is_captured(entry.app_id, entry.at) and entry.practice_id is not None:
        entry.bodies = _capture_bodies(request, response, body)
    request_log.add(entry)
    answer = response.send(start, body, request_id=entry.request, head=head)
    if isinstance(answer, FileBody) and (wrap := environ.get("wsgi.file_wrapper")) is not None:
        wrapped: Iterable[bytes] = wrap(answer)  # the web server reads it when the client takes it
        return wrapped
    return answer


def _capture_bodies(request: Request, response: Response, body: bytes | FileBody) -> captured_bodies.BodyPair:
    entry = request.entry
    assert entry.practice_id is not None
    assert entry.app_id is not None
    request_text = captured_bodies.format_body(
        request.body, request.environ.get("CONTENT_TYPE") or "application/json"
    )
    answered = captured_bodies.format_body(body, response.media) if isinstance(body, bytes) else "(a file)"
    return captured_bodies.BodyPair(
        entry.practice_id, entry.app_id, entry.request, entry.at, request_text, answered
    )


def note_actor(entry: LogEntry, actor: Actor) -> None:
    """Note the caller in the log's entry."""
    entry.practice_id, entry.user_id, entry.app_id = actor.practice, actor.user, actor.app
    entry.api_user_id = actor.api_user


def _respond_at_once(
    request: Request, handle: Handle, refused: Callable[[RequestError], Response]
) -> Response:
    return run_steps(tenancy.get_connection(), _respond(request, handle, refused))


def _respond(
    request: Request,
    handle: Handle,
    refused: Callable[[RequestError], Response],
    *,
    again: bool = True,
) -> Steps[Response]:
    try:
        origin.require_served()
        return (yield from handle(request))
    except RequestError as refusal:
        return reject(request, refused, refusal)
    except Exception as error:
        was_open = connection.connection is not None
        if again and was_open and request.method in ("GET", "HEAD") and classify(error) is Failure.CONNECTION:
            # The server was restarted since this connection's last call.
            connection.close()
            tenancy.clear_tenant()
            return (yield from _respond(request, handle, refused, again=False))
        return reject(request, refused, faults.handle_exception(error, request.entry.resource))


def reject(request: Request, refused: Callable[[RequestError], Response], refusal: RequestError) -> Response:
    """Note in the log's entry that a call is refused, and render the error."""
    entry, request.refusal = request.entry, refusal
    entry.gate, entry.patients, entry.subject_rows = refusal.gate, "{}", None
    entry.claimed = refusal.claimed
    if entry.practice_id is None and refusal.claimed is None:  # as at a URL that does not exist
        entry.claimed = find_named_caller(request.header("Authorization"))
    return refused(refusal)


def _start_entry(environ: dict[str, Any], api: str) -> LogEntry:
    return LogEntry(
        clock.now(),
        f"{_request_ids.getrandbits(128):032x}",
        api,
        str(environ["REQUEST_METHOD"])[:10],
        _escape_path(str(environ.get("PATH_INFO", "")))[:MAX_PATH],
        client_ip.get_client_ip(environ),
    )


def _escape_path(path: str) -> str:
    """The path with what is not printable ASCII escaped: a caller may send anything."""
    if path.isascii() and path.isprintable():
        return path
    return ascii(path)[1:-1]
