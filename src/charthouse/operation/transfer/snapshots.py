"""The snapshot of the database that an export reads, in one process or several."""

from charthouse.identity import tenancy


def prepare_snapshot() -> None:
    """Let statements take their time, and write times in UTC, until the end of the transaction."""
    with tenancy.get_connection().cursor() as cursor:
        cursor.execute("set local statement_timeout = 0")
        cursor.execute("set local timezone = 'UTC'")
