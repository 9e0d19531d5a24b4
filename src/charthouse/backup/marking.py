"""Marking a restored database as a copy, which sends nothing until somebody says that it is the real one."""

import psycopg


def mark_copy(url: str) -> None:
    """Mark the database of this address, which is connected to as a superuser."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select identity_mark_as_copy()")
