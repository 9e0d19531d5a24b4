"""Reading the change feed without ever missing a row.

Ids and times are given out before a transaction commits, so a row may appear behind one that was read already.
Transaction numbers help: PostgreSQL knows below which number all transactions have ended, the *horizon*. What lies
below it is complete for good.

* ``after`` gives changes in the order of (transaction, id) up to the horizon: a reader that keeps its place in that
  order meets each committed change exactly once. For readers who may wait for a transaction that is still open.
* ``touched`` goes by time, without waiting: of the changes since a moment, it also takes those that had begun before
  it but weren't committed by then. Whoever asks period by period gets each change at least once. For that, each
  call, and a periodic job, notes the horizon of the moment.

All run as the web role, for the practice that has been established, except where ``using`` says otherwise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import DEFAULT_DB_ALIAS, connections

from charthouse import clock
from charthouse.changes.models import Change


class Position(NamedTuple):
    """A place in the feed: right behind this change of this transaction."""

    txid: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One change; see ``models.Change``."""

    position: Position
    at: datetime
    practice: int
    table: str
    row: int
    operation: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    user: int | None
    app: int | None
    api_user: int | None
    request: UUID | None


class Touched(NamedTuple):
    """A row that changed in a period: the operations of its first change in it and of its last."""

    table: str
    row: int
    first: str
    last: str


_COLUMNS = (
    "txid::text::bigint, id, at, practice_id, table_name, row_id, operation, before, after, "
    "user_id, app_id, api_user_id, request"
)


def after(
    position: Position, *, tables: Iterable[str] = (), limit: int = 1000, using: str = DEFAULT_DB_ALIAS
) -> tuple[list[Entry], Position]:
    """Up to ``limit`` changes behind a position that are complete for good, in order, and the position to go on
    from, which also passes over changes of other tables. ``tables`` empty means all."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "with horizon as materialized (select pg_snapshot_xmin(pg_current_snapshot()) as txid), "  # noqa: S608
            f"found as (select {_COLUMNS} from changes_change "
            "where (txid, id) > (%s::text::xid8, %s) and txid < (select txid from horizon) "
            "and (%s or table_name = any(%s)) order by txid, id limit %s) "
            "select (select txid::text::bigint from horizon), found.* from (select) always left join found on true",
            [str(position.txid), position.id, not (names := list(tables)), names, limit],
        )
        rows = cursor.fetchall()
    entries = [_entry(row[1:]) for row in rows if row[1] is not None]
    if len(entries) == limit:
        return entries, entries[-1].position
    return entries, max(position, Position(rows[0][0] - 1, 2**63 - 1))


def touched(tables: Sequence[str], start: datetime, end: datetime) -> list[Touched]:
    """Rows of these tables of the established practice that changed from ``start`` to before ``end``, each once, in
    no particular order. What was committed only after somebody could have asked for the period before is in it, too;
    so are, now and then, a few rows that changed up to ten seconds earlier. Columns named ``first`` and ``last`` tell
    what was added (first is "insert") and what is gone (last is "delete")."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("select max(txid) from changes_horizon where at <= %s", [start])
        (seen,) = cursor.fetchone()
        note_horizon()
        cursor.execute(
            "select table_name, row_id, (array_agg(operation order by id))[1], "
            "(array_agg(operation order by id desc))[1] from changes_change "
            "where table_name = any(%s) and at < %s and (at >= %s or %s) and txid >= %s::text::xid8 "
            "group by table_name, row_id",
            [list(tables), end, start, seen is not None, str(seen or 0)],
        )
        return [Touched(*row) for row in cursor.fetchall()]


def history(table: str, row: int, *, before: int | None = None, limit: int = 50) -> list[Change]:
    """What happened to a row of the established practice, the latest first; ``before``: only ids below this one."""
    changes = Change.objects.filter(table_name=table, row_id=row)
    if before is not None:
        changes = changes.filter(id__lt=before)
    return list(changes.order_by("-id")[:limit])


def note_horizon(using: str = DEFAULT_DB_ALIAS) -> None:
    """Keep which transactions have been seen by whoever asks from now on."""
    with connections[using].cursor() as cursor:
        cursor.execute("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (txid,) = cursor.fetchone()
        cursor.execute(  # the moment after, so that nothing older is behind the horizon
            "insert into changes_horizon (at, txid) values (%s, %s) on conflict (at) do nothing",
            [clock.now(), txid],
        )


def _entry(row: tuple[Any, ...]) -> Entry:
    txid, change, at, practice, table, row_id, operation, was, becomes, *caller = row
    return Entry(
        Position(txid, change),
        at,
        practice,
        table,
        row_id,
        operation,
        _columns(was),
        _columns(becomes),
        *caller,
    )


def _columns(text: str | None) -> dict[str, Any] | None:
    return None if text is None else dict(msgspec.json.decode(text))
