"""Whether DATABASE_URL keeps sessions: a pooler in transaction mode would run statements in the role and for the
practice of others. Such a pooler belongs in CHARTHOUSE_POOLER_URL."""

import secrets
import select
from typing import Any

import psycopg
from django.db import connections
from psycopg import pq

from charthouse.identity.database.base import DatabaseWrapper

NO_SESSIONS = (
    "DATABASE_URL leads to a pooler that keeps no sessions (pool_mode transaction or statement). Name it in "
    "CHARTHOUSE_POOLER_URL, and PostgreSQL itself in DATABASE_URL."
)
_ATTEMPTS = 5
_SECONDS = 5  # to connect, and to answer


class NoSessions(Exception):
    """Sessions are not kept; the message says what to do."""


def require_sessions(alias: str = "owner") -> None:
    """Raises NoSessions if connections of this alias, which reach the server through a pooler, change sessions between
    statements. A few attempts, since other clients of the pooler may get in between. Raises django.db.Error."""
    first = connections[alias]
    assert isinstance(first, DatabaseWrapper)
    first.ensure_connection()
    if first.is_pooled:
        with first.wrap_database_errors:
            _require_sessions(first)


def _require_sessions(wrapper: DatabaseWrapper) -> None:
    first = wrapper.get_psycopg_connection()
    skipped = ("context", "cursor_factory", "prepare_threshold")
    parameters = {
        name: value for name, value in wrapper.get_connection_params().items() if name not in skipped
    }
    with psycopg.connect(**parameters | {"connect_timeout": _SECONDS}, autocommit=True) as second:
        for _ in range(_ATTEMPTS):
            mark = secrets.token_hex(8)
            first.execute("select set_config('charthouse.session', %s, false)", [mark])
            seen = _read_mark(second)
            if seen == mark or _read_mark(first) != mark:
                raise NoSessions(NO_SESSIONS)
            if seen is None:
                return


def _read_mark(connection: "psycopg.Connection[Any]") -> str | None:
    """Return what the session has, None if it does not answer: the pooler has one connection, and another session keeps
    it."""
    pgconn = connection.pgconn
    pgconn.send_query(b"select coalesce(current_setting('charthouse.session', true), '')")
    readable = select.poll()
    readable.register(pgconn.socket, select.POLLIN)
    if not readable.poll(_SECONDS * 1000):
        pgconn.finish()
        return None
    result = pgconn.get_result()
    while pgconn.get_result() is not None:
        pass
    if result is None or result.status != pq.ExecStatus.TUPLES_OK:
        raise psycopg.OperationalError("the connection was lost")
    return (result.get_value(0, 0) or b"").decode()
