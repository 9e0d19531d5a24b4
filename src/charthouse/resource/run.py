"""Third stage, reads and raw statements: run a compiled statement with bound values, get its rows.

The connection (identity.database) prepares them and sees to the tenant; values go out as text, rows come back in
binary. May refuse: the database can't do it now
(Unavailable), or won't within the time limit.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from charthouse.resource.plan import Statement
from charthouse.resource.sql import Hole


def rows(statement: Statement, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The statement's rows as the web role, as the request's tenant. Raises psycopg.Error."""
    parameters = [
        encode(values[part.name]) if type(part) is Hole else encode(part) for part in statement.parameters
    ]
    found: list[tuple[Any, ...]] = connection.rows(  # type: ignore[attr-defined]
        statement.text, parameters, anew=statement.anew
    )
    return found


@contextmanager
def snapshot() -> Iterator[None]:
    """Whatever is read within is read as it was at one moment. Nothing can be written within."""
    connection.raw()  # type: ignore[attr-defined]  # so that nothing goes before what sets the level
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read, read only")
        yield


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
