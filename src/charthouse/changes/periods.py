"""Reading the change feed by time: the changes of a period, without waiting for open transactions.

A change carries the time of its write and becomes visible when its transaction commits, which may be after the end of
the period was requested. So each requested end is stored as an *edge* with PostgreSQL's snapshot of that request, in
transaction numbers. A change lies before an edge if its time does and the edge's snapshot sees it: that never changes
again. A change written before an edge but not visible then is *late*, and is reported with the period that begins at
the edge. So:

* consecutive periods report each change exactly once, whatever the number of callers and writers;
* a period that is requested again reports the same changes;
* a period that does not begin at an earlier period's end misses no late change either, but may report one twice.

An end more than ``MAX_CLOCK_SKEW`` in the future is not stored: a period that begins at it misses changes written
before it. A stored one was requested before the clock was set back: its snapshot says nothing of what is written until
then, and only counts for periods that begin at it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from charthouse import clock

MAX_CLOCK_SKEW = timedelta(minutes=1)  # of callers' clocks ahead of this one
EDGE_LOCK = 0x6368_0004
BASELINE = "baseline"  # of the readers: the position after what the record began with


class ChangedRow(NamedTuple):
    """A row that changed in a period, with the operations of its first and last change in it."""

    table: str
    row: int
    first: str
    last: str


# Written in the period; or before it, and late at its start: by the last edge up to it, or by the next one since.
_CHANGED_ROWS = """
with baseline as (
    select coalesce((select change_id from changes_reader where name = %(baseline)s), 0) as id
), reported as (
    select table_name, row_id, id, operation from changes_change
     where practice_id = %(practice)s and at >= %(start)s and at < %(end)s and table_name = any(%(tables)s)
       and id > (select id from baseline)
       and pg_visible_in_snapshot(txid, %(seen)s::pg_snapshot)
    union all
    select table_name, row_id, id, operation from changes_change
     where practice_id = %(practice)s and txid >= pg_snapshot_xmin(%(before)s::pg_snapshot)
       and at < %(start)s and table_name = any(%(tables)s)
       and id > (select id from baseline)
       and not pg_visible_in_snapshot(txid, case when at < %(edge)s then %(before)s else %(since)s end::pg_snapshot)
       and pg_visible_in_snapshot(txid, %(seen)s::pg_snapshot)
)
select table_name, row_id, (array_agg(operation order by id))[1], (array_agg(operation order by id desc))[1]
  from reported group by table_name, row_id
"""
_SET_ASIDE = (
    "update changes_edge set former = coalesce(former, snapshot), snapshot = '' "
    "where practice_id = %s and at > %s and snapshot <> ''"
)
_SNAPSHOT_AT = "select snapshot from changes_edge where practice_id = %s and at = %s and snapshot <> ''"
_NEXT_SNAPSHOT = (
    "select snapshot from changes_edge where practice_id = %s and at >= %s and not early and snapshot <> '' "
    "order by at limit 1"
)
_LAST_EDGE = (
    "select at, case when at = %s then coalesce(former, snapshot) else snapshot end from changes_edge "
    "where practice_id = %s and at <= %s and (at = %s or not early and snapshot <> '') order by at desc limit 1"
)


def begin_here() -> None:
    """Report no change before this one in any period: what was written so far is what the record began with."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "insert into changes_reader (name, txid, change_id) "
            "select %s, identity_transaction_number(pg_current_xact_id())::text::bigint, coalesce(max(id), 0) "
            "from changes_change "
            "on conflict (name) do update set txid = excluded.txid, change_id = excluded.change_id",
            [BASELINE],
        )


def list_changed_rows(
    practice: int, tables: Sequence[str], start: datetime, end: datetime
) -> list[ChangedRow]:
    """List the rows of these tables of the practice (the current tenant) that changed from ``start`` to before ``end``,
    each once, in no particular order. ``first`` is "insert" for an added row, ``last`` is "delete" for a deleted
    one."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(_SET_ASIDE, [practice, clock.now() + MAX_CLOCK_SKEW])
        seen = _snapshot_end(cursor, practice, end)
        since = _fetch_text(cursor, _NEXT_SNAPSHOT, practice, start) or seen
        cursor.execute(_LAST_EDGE, [start, practice, start, start])
        edge, before = cursor.fetchone() or (start, since)
        cursor.execute(
            _CHANGED_ROWS,
            {
                "practice": practice,
                "baseline": BASELINE,
                "tables": list(tables),
                "start": start,
                "end": end,
                "seen": seen,
                "edge": edge,
                "before": before,
                "since": since,
            },
        )
        return [ChangedRow(*row) for row in cursor.fetchall()]


def _snapshot_end(cursor: Any, practice: int, end: datetime) -> str:
    """Return the snapshot of the edge at ``end``, stored now if there is none: that of the next edge, else the current
    one."""
    if noted := _fetch_text(cursor, _SNAPSHOT_AT, practice, end):
        return noted
    ahead = end - clock.now()
    if ahead > MAX_CLOCK_SKEW:
        return str(_fetch_text(cursor, "select identity_current_snapshot()::text"))
    with transaction.atomic():
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [EDGE_LOCK, practice % 2**31])
        # Each statement sees the edges stored under the lock before, and takes its snapshot after them.
        cursor.execute(
            f"insert into changes_edge (practice_id, at, snapshot, early) select %s, %s, "
            f"coalesce(({_NEXT_SNAPSHOT}), identity_current_snapshot()::text), %s "
            "on conflict (practice_id, at) do update set snapshot = excluded.snapshot, early = excluded.early "
            "where changes_edge.snapshot = ''",
            [practice, end, practice, end, ahead > timedelta(0)],
        )
        return str(_fetch_text(cursor, _SNAPSHOT_AT, practice, end))


def _fetch_text(cursor: Any, statement: str, *values: Any) -> str | None:
    cursor.execute(statement, values)
    row = cursor.fetchone()
    return None if row is None else str(row[0])
