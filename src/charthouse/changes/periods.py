"""Reading the change feed by time: what changed in a period, without waiting for what is still being written.

A change has the time of its write, and can be seen once its transaction has committed, which may be later than the end
of the period is asked for. So each asked end is kept as an *edge*, with what was seen then (PostgreSQL's snapshot). A
change is before an edge if its time is and the edge's snapshot sees it: that never changes any more. What was written
before an edge and not seen is *late*, and told with the period that begins there. So:

* periods that follow on each other tell each change exactly once, however many callers ask, and however many write;
* what was told of a period is told whenever it is asked for again;
* a period that begins beside the end of one before it misses nothing late either, and may tell it twice.

An end of more than ``AHEAD`` in the future is no edge: who goes on from it misses what is written until then.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from charthouse import clock

AHEAD = timedelta(minutes=1)  # of callers' clocks
LOCK = 0x6368_0004


class Touched(NamedTuple):
    """A row that changed in a period: the operations of its first change in it and of its last."""

    table: str
    row: int
    first: str
    last: str


# Written in the period; or before it, and late at its start: at the last edge up to there or, since then, at the next.
_TOLD = """
with told as (
    select table_name, row_id, id, operation from changes_change
     where practice_id = %(practice)s and at >= %(start)s and at < %(end)s and table_name = any(%(tables)s)
       and pg_visible_in_snapshot(txid, %(seen)s::pg_snapshot)
    union all
    select table_name, row_id, id, operation from changes_change
     where practice_id = %(practice)s and txid >= pg_snapshot_xmin(%(before)s::pg_snapshot)
       and at < %(start)s and table_name = any(%(tables)s)
       and not pg_visible_in_snapshot(txid, case when at < %(edge)s then %(before)s else %(since)s end::pg_snapshot)
       and pg_visible_in_snapshot(txid, %(seen)s::pg_snapshot)
)
select table_name, row_id, (array_agg(operation order by id))[1], (array_agg(operation order by id desc))[1]
  from told group by table_name, row_id
"""
_ON = "select snapshot from changes_edge where practice_id = %s and at = %s"
_NEXT = (
    "select snapshot from changes_edge where practice_id = %s and at >= %s and not early order by at limit 1"
)
_LAST = (
    "select at, snapshot from changes_edge where practice_id = %s and at <= %s and (not early or at = %s) "
    "order by at desc limit 1"
)


def touched(practice: int, tables: Sequence[str], start: datetime, end: datetime) -> list[Touched]:
    """Rows of these tables of the practice, which is established, that changed from ``start`` to before ``end``, each
    once, in no particular order. ``first`` is "insert" of what was added, ``last`` is "delete" of what is gone."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        seen = _seen(cursor, practice, end)
        since = _one(cursor, _NEXT, practice, start) or seen
        cursor.execute(_LAST, [practice, start, start])
        edge, before = cursor.fetchone() or (start, since)
        cursor.execute(
            _TOLD,
            {
                "practice": practice,
                "tables": list(tables),
                "start": start,
                "end": end,
                "seen": seen,
                "edge": edge,
                "before": before,
                "since": since,
            },
        )
        return [Touched(*row) for row in cursor.fetchall()]


def _seen(cursor: Any, practice: int, end: datetime) -> str:
    """What is seen of what was written before ``end``, which is noted: as much as at the next edge, else all."""
    if noted := _one(cursor, _ON, practice, end):
        return noted
    ahead = end - clock.now()
    if ahead > AHEAD:
        return str(_one(cursor, "select pg_current_snapshot()::text"))
    with transaction.atomic():
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [LOCK, practice % 2**31])
        # Each of these sees what was noted under the lock before, and takes its snapshot after that.
        cursor.execute(
            f"insert into changes_edge (practice_id, at, snapshot, early) select %s, %s, "
            f"coalesce(({_NEXT}), pg_current_snapshot()::text), %s on conflict do nothing",
            [practice, end, practice, end, ahead > timedelta(0)],
        )
        return str(_one(cursor, _ON, practice, end))


def _one(cursor: Any, statement: str, *values: Any) -> str | None:
    cursor.execute(statement, values)
    row = cursor.fetchone()
    return None if row is None else str(row[0])
