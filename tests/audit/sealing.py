"""Sealing all rows, whatever other transactions of the server hold back at the moment."""

# ruff: noqa: S608 - table names are constants

from collections.abc import Iterable

from django.db import connections, transaction

from charthouse.audit import seals
from charthouse.audit.models import Mark
from tests.waiting import until


def seal_all_rows() -> None:
    """Seal all rows in one seal per practice.

    Long transactions in other databases of the server can delay single tables, so wait until all tables can be sealed.
    """
    upto = {table: get_last_id(table) for table in seals.FORMS[seals.FORM]}
    until(
        lambda: all(row <= mark for row, mark in zip(upto.values(), get_sealable_ids(upto), strict=True)),
        "a transaction does not end",
    )
    seals.seal()


def get_sealable_ids(tables: Iterable[str]) -> list[int]:
    """Return the highest id of each table that can be sealed now."""
    marks = []
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table in tables:
            seals._get_sealable_range(cursor, table)
            mark = Mark.objects.using("owner").get(table=table)
            if (
                mark.sealed < mark.settled < get_last_id(table)
            ):  # left by a seal that was not created: determine again
                Mark.objects.using("owner").filter(table=table).update(settled=mark.sealed, seen=mark.sealed)
            marks.append(mark.settled)
    return marks


def get_last_id(table: str) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"select coalesce(max(id), 0) from {table}")
        return int(cursor.fetchone()[0])
