"""Reading the change feed without ever missing a row.

Ids and times are given out before a transaction commits, so a row may appear behind one that was read already.
Transaction numbers help: PostgreSQL knows below which number all transactions have ended, the *horizon*. What lies
below it is complete for good.

* ``after`` gives changes in the order of (transaction, id) up to the horizon: a reader that keeps its place in that
  order meets each committed change exactly once. For readers who may wait for a transaction that is still open.
* ``periods.touched`` goes by time, without waiting.

All run as the web role, for the practice that has been established, except where ``using`` says otherwise.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import DEFAULT_DB_ALIAS, connections

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


def history(table: str, row: int, *, before: int | None = None, limit: int = 50) -> list[Change]:
    """What happened to a row of the established practice, the latest first; ``before``: only ids below this one."""
    changes = Change.objects.filter(table_name=table, row_id=row)
    if before is not None:
        changes = changes.filter(id__lt=before)
    return list(changes.order_by("-id")[:limit])


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
