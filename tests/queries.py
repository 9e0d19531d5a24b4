"""The queries of a block of code."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db import DEFAULT_DB_ALIAS, connections

MOST_QUERIES = 12  # of a page, with those for session, user and menu
# Whether the database is a copy, which pages ask once in some seconds; that a session was seen, once a minute.
OCCASIONAL = ("identity_incarnation", 'UPDATE "django_session"')


@contextmanager
def caught_queries() -> Iterator[list[str]]:
    """Catch the SQL of the block, of the ORM and of the engine, but for what a page asks once in a while."""
    made: list[str] = []
    connection: Any = connections[DEFAULT_DB_ALIAS]
    fetch = connection.fetch_rows

    def note(sql: str) -> None:
        if not any(words in sql for words in OCCASIONAL):
            made.append(sql)

    def execute(run: Any, sql: Any, parameters: Any, many: bool, context: Any) -> Any:
        note(str(sql))
        return run(sql, parameters, many, context)

    def fetch_rows(statement: bytes, parameters: Any, **options: Any) -> Any:
        note(statement.decode())
        return fetch(statement, parameters, **options)

    with connection.execute_wrapper(execute), patch.object(connection, "fetch_rows", fetch_rows):
        yield made


@contextmanager
def bounded_queries() -> Iterator[None]:
    """Fail if the block makes more than MOST_QUERIES queries."""
    with caught_queries() as made:
        yield
    assert len(made) <= MOST_QUERIES, made
