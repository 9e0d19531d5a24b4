"""(c): what a hand-written server of only these six requests costs: asyncpg, msgspec, a token check, the same SQL.

No framework, no routing table, no permissions, no quota, no row security, no validation beyond JSON. The statements
are Charthouse's own plans, taken over at start; nothing of Charthouse or Django runs in a request.
"""

import asyncio
import hmac
import os
from base64 import b64decode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import asyncpg  # type: ignore[import-untyped]
import django
import msgspec

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "charthouse.settings")
django.setup()

from bench import statements  # noqa: E402
from bench.statements import (  # noqa: E402
    API_USER,
    CERBO_COUNT,
    CERBO_LISTED,
    CERBO_ONE,
    FILTERED,
    LISTED,
    ONE,
    ONE_APPOINTMENT,
    TOKEN,
    order_values,
)
from charthouse.identity.api_users import derive_digest_key  # noqa: E402

CONNECTIONS = 8
DIGEST_KEY = derive_digest_key()
encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode
free: "asyncio.LifoQueue[asyncpg.Connection[Any]]" = asyncio.LifoQueue()


async def open_connections() -> None:
    for _ in range(CONNECTIONS):
        connection = await asyncpg.connect(os.environ["DATABASE_URL"], server_settings={"jit": "off"})
        await connection.set_type_codec(
            "json",
            schema="pg_catalog",
            encoder=bytes,
            decoder=lambda data: msgspec.Raw(bytes(data)),
            format="binary",
        )
        free.put_nowait(connection)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await open_connections()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    connection = await free.get()
    try:
        status, content = await answer(scope, receive, connection)
    finally:
        free.put_nowait(connection)
    body = encode(content)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def answer(scope: dict[str, Any], receive: Any, connection: Any) -> tuple[int, Any]:
    caller = None
    for name, value in scope["headers"]:
        if name == b"authorization" and value.startswith(b"Basic "):
            return await answer_cerbo(scope, connection, b64decode(value[6:]))
        if name == b"authorization":
            caller = await connection.fetchrow(TOKEN, sha256(value[7:]).hexdigest())
    if caller is None:
        return 401, {"detail": "Authentication credentials were not provided."}
    practice, user = caller
    path = scope["path"]
    if scope["method"] == "POST":
        return await book(connection, practice, user, (await receive())["body"])
    if path == "/api/patients":
        return await list_patients(scope, connection, practice)
    rows = await connection.fetch(
        ONE.text, *order_values(ONE, practice=practice, id=int(path.rpartition("/")[2]))
    )
    return (200, ONE.row(*rows[0])) if rows else (404, {"detail": "Not found."})


async def answer_cerbo(scope: dict[str, Any], connection: Any, credentials: bytes) -> tuple[int, Any]:
    username, _, secret = credentials.partition(b":")
    digest = hmac.new(DIGEST_KEY, username + b"\0" + secret, sha256).hexdigest()
    practice = await connection.fetchval(API_USER, username.decode(), digest)
    if practice is None:
        return 401, {"error": {"message": "Unknown API user or wrong secret.", "code": 401}}
    path = scope["path"]
    if path == "/api/v1/patients":
        return await list_cerbo_patients(connection, practice)
    row_id = int(path.rpartition("/")[2])
    rows = await connection.fetch(CERBO_ONE.text, *order_values(CERBO_ONE, practice=practice, id=row_id))
    return (
        (200, CERBO_ONE.row(*rows[0])) if rows else (404, {"error": {"message": "Not found.", "code": 404}})
    )


async def list_cerbo_patients(connection: Any, practice: int) -> tuple[int, Any]:
    rows = await connection.fetch(
        CERBO_LISTED.text, *order_values(CERBO_LISTED, practice=practice, limit=101)
    )
    total = len(rows)
    if total > 100:
        total = await connection.fetchval(CERBO_COUNT.text, *order_values(CERBO_COUNT, practice=practice))
    objects = [CERBO_LISTED.row(*row) for row in rows[:100]]
    return 200, {"object": "list", "total_count": total, "has_more": len(rows) > 100, "data": objects}


async def list_patients(scope: dict[str, Any], connection: Any, practice: int) -> tuple[int, Any]:
    query = dict(parse_qsl(scope["query_string"].decode()))
    plan = FILTERED if query else LISTED
    rows = await connection.fetch(
        plan.text, *order_values(plan, practice=practice, limit=251, **plan.read(query))
    )
    objects = [plan.row(*row) for row in rows[:250]]
    following = None
    if len(rows) > 250:
        following = f"http://127.0.0.1/api/patients?page=2&cursor={objects[-1].f0}"
    return 200, {"next": following, "previous": None, "results": objects}


async def book(connection: Any, practice: int, user: int, body: bytes) -> tuple[int, Any]:
    async with connection.transaction():
        made = await statements.book(connection, practice, user, decode(body))
    if made is None:
        return 409, {"detail": "Overlaps another appointment."}
    row = await connection.fetchrow(
        ONE_APPOINTMENT.text, *order_values(ONE_APPOINTMENT, practice=practice, id=made)
    )
    return 201, ONE_APPOINTMENT.row(*row)
