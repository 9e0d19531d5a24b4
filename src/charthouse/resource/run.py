"""Third stage, reads and raw statements: run a compiled statement with bound values, get its rows.

Statements are prepared once a connection and come back in binary. May refuse: the database can't do it now
(Unavailable), or won't within the time limit.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec
import psycopg
from django.db import connection
from psycopg import pq
from psycopg.adapt import Loader, Transformer
from psycopg.errors import error_from_result

from charthouse.resource.plan import Statement
from charthouse.resource.sql import Hole

_names = count(1)
_prepared_name: dict[bytes, bytes] = {}


class RawJson(Loader):
    """JSON made by the database goes into the response as it is."""

    format = pq.Format.BINARY

    def load(self, data: Any) -> msgspec.Raw:
        return msgspec.Raw(bytes(data))


def rows(statement: Statement, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The statement's rows as the web role, as the request's tenant. Raises psycopg.Error."""
    raw: psycopg.Connection[Any] = connection.raw()  # type: ignore[attr-defined]
    pgconn = raw.pgconn
    if not raw.autocommit and pgconn.transaction_status == pq.TransactionStatus.IDLE:
        pgconn.exec_(b"BEGIN")  # as psycopg's own cursors would
    name = _prepare(raw, statement.text)
    parameters: list[Any] = [
        encode(values[part.name]) if type(part) is Hole else encode(part) for part in statement.parameters
    ]
    result = pgconn.exec_prepared(name, parameters, None, pq.Format.BINARY)
    if result.status != pq.ExecStatus.TUPLES_OK:
        raise error_from_result(result)
    transformer = Transformer(raw)
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)


def _prepare(raw: "psycopg.Connection[Any]", text: bytes) -> bytes:
    name = _prepared_name.get(text)
    if name is None:
        name = _prepared_name[text] = b"ch%d" % next(_names)
    prepared: set[bytes] | None = getattr(raw, "_charthouse_prepared", None)
    if prepared is None:
        prepared = raw._charthouse_prepared = set()  # type: ignore[attr-defined]
        raw.adapters.register_loader("json", RawJson)
    if name not in prepared:
        result = raw.pgconn.prepare(name, text)
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise error_from_result(result)
        prepared.add(name)
    return name


def encode(value: Any) -> bytes | None:
    """A parameter in PostgreSQL's text form; the statement's casts give it its type."""
    if value is None:
        return None
    if value is True or value is False:
        return b"t" if value else b"f"
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int | Decimal):
        return str(value).encode()
    if isinstance(value, datetime | date | time):
        return value.isoformat().encode()
    if isinstance(value, list | tuple):
        return b"{" + b",".join(_element(item) for item in value) + b"}"
    raise TypeError(f"no text form for {type(value).__name__}")


def _element(item: Any) -> bytes:
    text = encode(item)
    if text is None:
        return b"NULL"
    if isinstance(item, str):
        return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return text
