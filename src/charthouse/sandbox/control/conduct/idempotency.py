"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a write that is sent again is done once.

The key, the write and its answer are one transaction: after a crash either all of them are there or none. A second
call with the same key waits for the first, and gets the same answer. Refused calls have changed nothing and are not
kept: the same key may be used with what was wrong corrected.
"""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import connection, connections, transaction

from charthouse.engine.declaration.resources import MAX_BODY
from charthouse.engine.errors import Conflict, Malformed, TooLarge
from charthouse.gateway.cerbo import api as cerbo
from charthouse.gateway.http import Request, Response
from charthouse.gateway.serving import note_actor
from charthouse.identity import api_users, bearer_tokens
from charthouse.sandbox.control.callers import find_owner, read_credentials

HEADER = "Idempotency-Key"
REPLAYED = ("Idempotency-Replayed", "true")
LIFETIME = timedelta(hours=24)
MAX_LENGTH = 255
MAX_BYTES = 2 * MAX_BODY  # of a body whose digest is compared
METHODS = ("POST", "PATCH")
# The table exists in sandboxes that need it, alone: it is no part of the record, and no practice's server has it.
_CREATE = """
create table if not exists sandbox_answer (
    caller text not null, key text not null, digest text not null, at timestamptz not null,
    status smallint, headers jsonb, media text, content bytea, primary key (caller, key)
)
"""
_FORGET = "delete from sandbox_answer where at not between %s and %s"
_CLAIM = """
insert into sandbox_answer (caller, key, digest, at) values (%s, %s, %s, %s) on conflict do nothing returning true
"""
_FIND = "select digest, status, headers, media, content from sandbox_answer where caller = %s and key = %s"
_KEEP = "update sandbox_answer set status = %s, headers = %s, media = %s, content = %s where caller = %s and key = %s"
_DROP = "delete from sandbox_answer where caller = %s and key = %s"


def is_asked(request: Request) -> bool:
    """Tell whether a call asks to be done once."""
    return request.method in METHODS and request.header(HEADER) is not None


def respond_once(request: Request, respond: Callable[[], Response]) -> Response:
    """Let the API answer a call, or give the answer again that a call with the same key had. Raises Malformed for a
    wrong key, Conflict for one that was used with another request, and what authentication raises."""
    key, caller = _read_key(request), _name_caller(request)
    digest = _digest(request)
    if not caller:
        return respond()
    _make_table()
    at = request.entry.at
    with transaction.atomic():
        _run(_FORGET, at - LIFETIME, at + LIFETIME)
        if not _run(_CLAIM, caller, key, digest, at):
            return _replay(request, caller, key, digest)
        response = respond()
        if response.status >= 500:
            transaction.set_rollback(True)
        elif response.status >= 400 or not isinstance(content := response.body(), bytes):
            _run(_DROP, caller, key)
        else:
            headers = json.dumps(response.headers)
            _run(_KEEP, response.status, headers, response.media, content, caller, key)
        return response


def _replay(request: Request, caller: str, key: str, digest: str) -> Response:
    """Give an answer again, to a caller whose credentials still hold."""
    known, status, headers, media, content = _run(_FIND, caller, key)[0]
    _authenticate(request)
    if known != digest:
        raise Conflict(f"This {HEADER} was used with another request.")
    pairs: list[tuple[str, str]] = [(name, value) for name, value in json.loads(headers)]
    kept = None if status == 204 else bytes(content)
    return Response(status, kept, [*pairs, REPLAYED], media)


def _authenticate(request: Request) -> None:
    """Authenticate a call that the API does not see; it counts as any other. Raises RequestError."""
    header, entry = request.header("Authorization"), request.entry
    if request.path.startswith(cerbo.BASE):
        actor = api_users.authenticate(
            header, entry.ip, entry.at, entry.request, endpoint="", is_write=True, rate_class="standard"
        )
    else:
        actor = bearer_tokens.authenticate(header, entry.at, entry.request)
    note_actor(entry, actor)


def _read_key(request: Request) -> str:
    """Raises Malformed."""
    key = (request.header(HEADER) or "").strip()
    if not key or len(key) > MAX_LENGTH or not key.isascii() or not key.isprintable():
        raise Malformed(f"{HEADER} has to be 1 to {MAX_LENGTH} printable ASCII characters.")
    return key


def _name_caller(request: Request) -> str:
    """Whose key it is: a user's app, or an API user; "" for a caller who is unknown."""
    token, name = read_credentials(dict(request.environ))
    owner = find_owner(token)
    return f"{owner.app} {owner.user}" if owner else name


def _digest(request: Request) -> str:
    """The digest of everything that the call asks for. Its body is read, and can be read once more. Raises
    TooLarge."""
    environ: Any = request.environ
    body = b""
    while piece := environ["wsgi.input"].read(min(MAX_BYTES + 1 - len(body), 256 * 1024)):
        body += piece
        if len(body) > MAX_BYTES:
            raise TooLarge.for_body(MAX_BYTES)
    environ["wsgi.input"] = io.BytesIO(body)
    _, _, boundary = str(environ.get("CONTENT_TYPE") or "").partition("boundary=")
    if boundary:  # it is another each time
        body = body.replace(boundary.strip('"').encode("latin-1"), b"")
    asked = f"{request.method} {request.path}?{environ.get('QUERY_STRING') or ''}\n"
    return sha256(asked.encode("utf-8", "surrogateescape") + body).hexdigest()


def _make_table() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("select to_regclass('sandbox_answer')")
        if cursor.fetchone()[0] is None:
            cursor.execute(_CREATE)
            cursor.execute(f"grant select, insert, update, delete on sandbox_answer to {settings.WEB_ROLE}")


def _run(statement: str, *parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []
