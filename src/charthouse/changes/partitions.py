"""Room in the change table: a partition for each month, made ahead. What falls outside of them lands in a partition
for the rest, so that no write is ever refused, and moves into its month's as soon as there is one."""

from datetime import UTC, datetime
from typing import Any

from django.db import connections, transaction

from charthouse import clock

AHEAD = 3  # months, beside the current one
REST = "changes_change_rest"
LOCK = 0x6368_0003


def make_ahead(using: str = "owner") -> list[str]:
    """Make what is lacking of the current month's partition and the next ones, as the owner of the tables. Their
    names. Idempotent; a second run waits for the first."""
    made = []
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("select to_regclass(%s) is not null, pg_advisory_xact_lock(%s)", [REST, LOCK])
        if not cursor.fetchone()[0]:
            return []  # half way through the migrations
        cursor.execute("set local lock_timeout = '10s'")
        begin = clock.now().astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        for _ in range(AHEAD + 1):
            following = _next(begin)
            if _make(cursor, begin, following):
                made.append(_name(begin))
            begin = following
    return made


def _make(cursor: Any, begin: datetime, end: datetime) -> bool:
    name = _name(begin)
    cursor.execute("select to_regclass(%s) is null", [name])
    if not cursor.fetchone()[0]:
        return False
    cursor.execute(f"create table {name} (like changes_change including defaults including constraints)")
    cursor.execute(  # what came before its month had a partition
        f"with moved as (delete from {REST} where at >= %s and at < %s returning *) "  # noqa: S608
        f"insert into {name} select * from moved",
        [begin, end],
    )
    cursor.execute(
        f"alter table changes_change attach partition {name} "
        f"for values from ('{begin.isoformat()}') to ('{end.isoformat()}')"
    )
    return True


def _name(begin: datetime) -> str:
    return f"changes_change_{begin:%Y_%m}"


def _next(begin: datetime) -> datetime:
    return begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
