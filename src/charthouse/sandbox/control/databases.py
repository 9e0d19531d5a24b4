"""Whole databases of a sandbox's PostgreSQL: copying, renaming and dropping them.

The sandbox's own server is PostgreSQL 18: a copy is made by the file system, which shares blocks where it can.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connections
from psycopg import sql

MAINTENANCE = "postgres"  # the database that this is done from
TIMEOUT = 5.0  # seconds for sessions to end
POLL_INTERVAL = 0.002  # seconds
_FIND_SESSIONS = """
select pid from pg_stat_activity
 where datname = %s and usename = current_user and backend_type = 'client backend'
"""
_TERMINATE = f"select pg_terminate_backend(pid) from ({_FIND_SESSIONS}) session"  # noqa: S608


def get_current() -> str:
    """Return the name of the database that the sandbox uses."""
    return str(connections["owner"].settings_dict["NAME"])


@contextmanager
def connect(database: str = MAINTENANCE) -> Iterator["psycopg.Connection[Any]"]:
    """Connect to the server, by default apart from the sandbox's database."""
    settings = connections["owner"].settings_dict
    with psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"] or None,
        user=settings["USER"],
        password=settings["PASSWORD"] or None,
        dbname=database,
        autocommit=True,
    ) as connection:
        yield connection


@contextmanager
def use(name: str) -> Iterator[None]:
    """Let this thread's connection as the owner lead to another database of the server within a block."""
    owner = connections["owner"]
    settings = owner.settings_dict
    owner.close()
    owner.settings_dict = settings | {"NAME": name}
    try:
        yield
    finally:
        owner.close()
        owner.settings_dict = settings


def exists(server: "psycopg.Connection[Any]", name: str) -> bool:
    return server.execute("select from pg_database where datname = %s", [name]).fetchone() is not None


def list_names(server: "psycopg.Connection[Any]", prefix: str) -> list[str]:
    """List the databases whose names begin with a text."""
    found = server.execute("select datname from pg_database where starts_with(datname, %s)", [prefix])
    return [str(name) for (name,) in found]


def measure(server: "psycopg.Connection[Any]", name: str) -> int:
    """Return the size of a database, in bytes."""
    row = server.execute("select pg_database_size(%s::name)", [name]).fetchone()
    return int(row[0]) if row else 0


def copy(server: "psycopg.Connection[Any]", source: str, name: str) -> None:
    """Copy a database that nobody uses. The copy goes on as the original does (``identity.incarnations``)."""
    server.execute("set file_copy_method = clone")
    server.execute(
        sql.SQL("create database {} template {} strategy file_copy").format(
            sql.Identifier(name), sql.Identifier(source)
        )
    )
    with connect(name) as copied:
        copied.execute("select identity_adopt()")
    disconnect(server, name)


def copy_to_each(source: str, names: Sequence[str]) -> None:
    """Copy a database that nobody uses to each of these, at the same time: most of it is waiting for the disk."""

    def copy_to(name: str) -> None:
        with connect() as server:
            copy(server, source, name)

    with ThreadPoolExecutor(len(names)) as threads:
        list(threads.map(copy_to, names))


def disconnect(server: "psycopg.Connection[Any]", name: str) -> None:
    """End all sessions of a database, and wait until they have ended."""
    server.execute(_TERMINATE, [name])
    until = time.monotonic() + TIMEOUT
    while server.execute(_FIND_SESSIONS, [name]).fetchone():
        if time.monotonic() > until:
            return
        time.sleep(POLL_INTERVAL)


def change_name(server: "psycopg.Connection[Any]", name: str, to: str) -> None:
    """Rename a database that nobody uses."""
    server.execute(sql.SQL("alter database {} rename to {}").format(sql.Identifier(name), sql.Identifier(to)))


def drop(server: "psycopg.Connection[Any]", name: str) -> None:
    """Drop a database, if it exists."""
    statement = sql.SQL("drop database if exists {}").format(sql.Identifier(name))
    try:
        server.execute(statement + sql.SQL(" with (force)"))
    except psycopg.errors.InsufficientPrivilege:
        # The server's own autovacuum is at work there. Only a drop without force ends it for one who is no superuser.
        disconnect(server, name)
        server.execute(statement)
