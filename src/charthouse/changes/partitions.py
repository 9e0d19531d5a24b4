"""Monthly partitions of the change table, created in advance. Rows outside of them go to the default partition, so that
no write fails, and move to their month's partition once it is created."""

from datetime import UTC, datetime
from typing import Any

from django.db import connections, transaction

from charthouse import clock

MONTHS_AHEAD = 3  # in addition to the current one
DEFAULT_PARTITION = "changes_change_rest"
PARTITION_LOCK = 0x6368_0003


def create_partitions(using: str = "owner") -> list[str]:
    """Create the missing partitions of the current and the next months, as the owner of the tables, and return their
    names. Idempotent; concurrent runs wait for each other."""
    made = []
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(
            "select to_regclass(%s) is not null, pg_advisory_xact_lock(%s)",
            [DEFAULT_PARTITION, PARTITION_LOCK],
        )
        if not cursor.fetchone()[0]:
            return []  # the migrations are not complete
        cursor.execute("set local lock_timeout = '10s'")
        begin = clock.now().astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        for _ in range(MONTHS_AHEAD + 1):
            following = _next_month(begin)
            if _create_partition(cursor, begin, following):
                made.append(_partition_name(begin))
            begin = following
    return made


def _create_partition(cursor: Any, begin: datetime, end: datetime) -> bool:
    name = _partition_name(begin)
    cursor.execute("select to_regclass(%s) is null", [name])
    if not cursor.fetchone()[0]:
        return False
    cursor.execute(f"create table {name} (like changes_change including defaults including constraints)")
    cursor.execute(  # rows written before the partition existed
        f"with moved as (delete from {DEFAULT_PARTITION} where at >= %s and at < %s returning *) "  # noqa: S608
        f"insert into {name} select * from moved",
        [begin, end],
    )
    cursor.execute(
        f"alter table changes_change attach partition {name} "
        f"for values from ('{begin.isoformat()}') to ('{end.isoformat()}')"
    )
    return True


def _partition_name(begin: datetime) -> str:
    return f"changes_change_{begin:%Y_%m}"


def _next_month(begin: datetime) -> datetime:
    return begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
