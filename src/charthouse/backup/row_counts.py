"""Counting and hashing the rows of every table at a known position in the WAL, to compare a restored copy with."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from psycopg import sql

from charthouse.backup.clusters import Cluster

QUIET_TIMEOUT = 20.0  # seconds to wait for a moment in which no transaction writes
_TABLES = """
select c.oid::regclass::text, n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
 order by 1
"""
_SNAPSHOT = "select pg_current_snapshot()::text"
# A transaction holds the lock on its id until after it has ended for all snapshots.
_WRITERS = "select count(*) from pg_locks where locktype = 'transactionid' and mode = 'ExclusiveLock'"


class TableCount(msgspec.Struct, frozen=True):
    """Rows of a table, and the sum of their hashes modulo 2^64, which does not depend on their order."""

    rows: int
    hash: str


Counts = dict[str, TableCount]


def count_tables(connection: Any) -> Counts:
    """Count and hash all tables in the transaction of a connection. Unlogged ones are left out: a recovery empties
    them."""
    found = {}
    for name, schema, table in connection.execute(_TABLES).fetchall():
        statement = sql.SQL(
            "select count(*), (coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)"
            " % 18446744073709551616)::text from {} t"
        ).format(sql.Identifier(schema, table))
        found[name] = TableCount(*connection.execute(statement).fetchone())
    return found


def encode(counts: Counts) -> bytes:
    """Render counts as JSON."""
    return msgspec.json.encode(counts)


def decode(content: bytes) -> Counts:
    """Parse counts. Raises ValueError."""
    return msgspec.json.decode(content, type=Counts)


def compare(expected: Counts, found: Counts) -> list[str]:
    """Say which tables differ, and how."""
    differences = []
    for table in sorted(expected.keys() | found.keys()):
        before, after = expected.get(table), found.get(table)
        if before is None or after is None:
            differences.append(f"table {table} is {'additional' if before is None else 'missing'}")
        elif before.rows != after.rows:
            differences.append(f"table {table} has {after.rows} rows, not {before.rows}")
        elif before.hash != after.hash:
            differences.append(f"table {table} has other rows")
    return differences


@contextmanager
def find_quiet_moment(cluster: Cluster, timeout: float = QUIET_TIMEOUT) -> Iterator[tuple[Any, str]]:
    """Yield a connection in a read-only transaction, and the position in the WAL that its snapshot is of: what was
    committed before the position is in it, and nothing else. The position is "" where the database is so busy that
    there is none.

    It is found at a moment when no transaction writes. Snapshots before reading the position, after it, and after
    looking for transactions are the same, so that none has ended meanwhile; and none had an id, so that none had
    written its commit and was still in progress.
    """
    until = time.monotonic() + timeout
    with cluster.connect() as connection, cluster.connect() as observer:
        while True:
            before = _read(observer, _SNAPSHOT)
            position = _read(observer, "select pg_current_wal_insert_lsn()::text")
            connection.execute("begin isolation level repeatable read read only")
            counted = _read(connection, _SNAPSHOT)
            is_quiet = _read(observer, _WRITERS) == "0"
            if is_quiet and before == counted == _read(observer, _SNAPSHOT):
                break
            if time.monotonic() > until:
                position = ""
                break
            connection.execute("rollback")
            time.sleep(0.002)
        yield connection, position
        connection.execute("rollback")


def _read(connection: Any, statement: str) -> str:
    (value,) = connection.execute(statement).fetchone()
    return str(value)
