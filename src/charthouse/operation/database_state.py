"""What the database says of itself: whether it can be written to, its migrations, and the workers that are running.

Read on a connection of its own, whose statements end after seconds, so that a database that answers nobody is noticed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections

from charthouse.backup.status import BackupStatus, read_status
from charthouse.identity.database.base import DatabaseWrapper
from charthouse.identity.schema_versions import compare_migrations

CONNECT_SECONDS = 2
STATEMENT_SECONDS = 2
_STATE = """
select pg_is_in_recovery(), current_setting('transaction_read_only')::bool,
       to_regclass('django_migrations') is not null, to_regclass('procrastinate_workers') is not null,
       to_regprocedure('identity_may_send()') is not null
"""


@dataclass(frozen=True)
class DatabaseState:
    """``missing``: migrations of this program that have not been applied; ``unknown``: applied ones that it does not
    have; ``heartbeat_age``: seconds since a worker has last been heard of, None if there is none;
    ``backup``: how backups stand, None before there are tables of them; ``is_copy``: it was restored, copied or
    promoted, and sends nothing."""

    is_read_only: bool
    missing: int
    unknown: int
    heartbeat_age: float | None
    backup: BackupStatus | None
    is_copy: bool


@contextmanager
def connect() -> Iterator[Any]:
    """Open a connection as the owner of the tables for a block, and yield a cursor. Raises DatabaseError."""
    configured = connections.settings["owner"]
    timeouts = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": CONNECT_SECONDS * 1000}
    session = configured["OPTIONS"]["session"] | {"statement_timeout": f"{STATEMENT_SECONDS}s"}
    wrapper = DatabaseWrapper(
        {**configured, "OPTIONS": {**configured["OPTIONS"], **timeouts, "session": session}}, "operation"
    )
    try:
        with wrapper.cursor() as cursor:
            yield cursor
    finally:
        wrapper.close()


def read_state() -> DatabaseState:
    """Read the state of the database. Raises DatabaseError."""
    with connect() as cursor:
        cursor.execute(_STATE)
        in_recovery, read_only, has_migrations, has_workers, has_identity = cursor.fetchone()
        applied: set[tuple[str, str]] = set()
        if has_migrations:
            cursor.execute("select app, name from django_migrations")
            applied = set(cursor.fetchall())
        age = None
        if has_workers:
            cursor.execute(
                "select extract(epoch from clock_timestamp() - max(last_heartbeat))::float8 "
                "from procrastinate_workers"
            )
            age = cursor.fetchone()[0]
        backup = read_status(cursor)
        is_copy = False
        if has_identity and not in_recovery:
            cursor.execute("select not identity_may_send()")
            is_copy = cursor.fetchone()[0]
    missing, unknown = compare_migrations(applied)
    return DatabaseState(in_recovery or read_only, missing, unknown, age, backup, is_copy)
