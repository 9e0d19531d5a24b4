"""Keys and indexes of tables, as the catalog of PostgreSQL has them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DatabaseError

LARGE = 2048  # pages of 8 KB; nobody should wait while so much of a table is read
PATIENCE = "10min"  # to wait for transactions that nobody waits for


def map_constraints(cursor: Any, kind: str) -> dict[tuple[str, str], list[str]]:
    """Map (table, name) of primary ("p") or foreign ("f") keys to their columns."""
    cursor.execute(
        "select relname, conname, array(select attname::text from unnest(conkey) with ordinality k(n, i) "
        "join pg_attribute on attrelid = conrelid and attnum = n order by i) "
        "from pg_constraint join pg_class c on c.oid = conrelid "
        "where relnamespace = current_schema()::regnamespace and contype = %s",
        [kind],
    )
    return {(table, name): columns for table, name, columns in cursor.fetchall()}


def map_indexes(cursor: Any, *, unique: bool = False) -> dict[tuple[str, str], list[str]]:
    """Map (table, name) of indexes to their columns, without those whose building was interrupted."""
    cursor.execute(
        "select c.relname, i.relname, array(select attname::text from pg_attribute where attrelid = i.oid) "
        "from pg_index x join pg_class c on c.oid = indrelid join pg_class i on i.oid = indexrelid "
        "where c.relnamespace = current_schema()::regnamespace and (indisunique or not %s) and indisvalid",
        [unique],
    )
    return {(table, index): columns for table, index, columns in cursor.fetchall()}


def shorten(name: str) -> str:
    """Shorten a name to 52 characters, so that a suffix fits PostgreSQL's 63; a hash keeps names distinct."""
    return name if len(name) <= 52 else f"{name[:43]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def list_unvalidated(cursor: Any) -> set[tuple[str, str]]:
    """List (table, name) of the constraints that rows of before were not checked against."""
    cursor.execute(
        "select relname, conname from pg_constraint join pg_class c on c.oid = conrelid "
        "where relnamespace = current_schema()::regnamespace and not convalidated"
    )
    return set(cursor.fetchall())


def list_invalid_indexes(cursor: Any) -> set[str]:
    """List the indexes whose building was interrupted."""
    cursor.execute(
        "select relname from pg_index join pg_class c on c.oid = indexrelid "
        "where relnamespace = current_schema()::regnamespace and not indisvalid"
    )
    return {index for (index,) in cursor.fetchall()}


@contextmanager
def wait_for_transactions(cursor: Any) -> Iterator[None]:
    """Let statements of a block, which nobody waits for, wait for transactions that are open: building an index
    concurrently does."""
    cursor.execute(
        "select set_config('lock_timeout', %s, false), current_setting('lock_timeout')", [PATIENCE]
    )
    _, before = cursor.fetchone()
    try:
        yield
    finally:
        with suppress(DatabaseError):  # the connection may be lost
            cursor.execute("select set_config('lock_timeout', %s, false)", [before])


def list_large_tables(cursor: Any) -> set[str]:
    """List the tables that are changed in steps that let others write to them. Waits for no lock on one."""
    cursor.execute(
        "select relname from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r' "
        "and relpages >= %s",  # which VACUUM, ANALYZE and CREATE INDEX bring up to date
        [LARGE],
    )
    return {table for (table,) in cursor.fetchall()}
