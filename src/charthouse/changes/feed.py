"""Reading the change feed without missing a row.

Ids and times are assigned before a transaction commits, so a row may appear before one that was read already.
Transaction ids help: PostgreSQL knows the id below which all transactions have ended, the *horizon*. Changes below it
are complete. What is stored and compared are transaction *numbers*, which go on growing when the record is restored on
another server (``identity.incarnations``); they are called ``txid`` all the same.

* ``read_after`` returns changes in the order of (transaction, id) up to the horizon: a reader that stores its position
  in that order reads each committed change exactly once, but waits for open transactions.
* ``periods.list_changed_rows`` reads by time, without waiting.

Everything runs as the web role for the current tenant, except where ``using`` says otherwise.
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
    """A position in the feed: directly after this change of this transaction (its number)."""

    txid: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """One change. See ``models.Change`` for the fields."""

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


def read_after(
    position: Position, *, tables: Iterable[str] = (), limit: int = 1000, using: str = DEFAULT_DB_ALIAS
) -> tuple[list[ChangeEntry], Position]:
    """Return up to ``limit`` changes after a position and below the horizon, in order, and the position to continue
    from, which skips changes of other tables. ``tables`` empty: all tables."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "with horizon as materialized "  # noqa: S608
            "(select identity_transaction_number(pg_snapshot_xmin(pg_current_snapshot())) as txid), "
            f"found as (select {_COLUMNS} from changes_change "
            "where (txid, id) > (%s::text::xid8, %s) and txid < (select txid from horizon) "
            "and (%s or table_name = any(%s)) order by txid, id limit %s) "
            "select (select txid::text::bigint from horizon), found.* from (select) always left join found on true",
            [str(position.txid), position.id, not (names := list(tables)), names, limit],
        )
        rows = cursor.fetchall()
    entries = [_parse_entry(row[1:]) for row in rows if row[1] is not None]
    if len(entries) == limit:
        return entries, entries[-1].position
    return entries, max(position, Position(rows[0][0] - 1, 2**63 - 1))


def read_preceding(entries: list[ChangeEntry], using: str = DEFAULT_DB_ALIAS) -> list[ChangeEntry]:
    """Return the committed changes of the same rows that were written before one of these changes, by transactions that
    began after the last of theirs and so come later in the feed: a transaction may change a row that a younger one has
    created."""
    if not entries:
        return []
    last = {(entry.practice, entry.table, entry.row): entry.position.id for entry in entries}
    columns = ", ".join(f"c.{name.strip()}" for name in _COLUMNS.split(","))
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"select {columns} "  # noqa: S608
            "from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[]) r(practice, name, row, last) "
            "join changes_change c on c.practice_id = r.practice and c.table_name = r.name and c.row_id = r.row "
            "and c.id < r.last where c.txid > %s::text::xid8",
            [
                [practice for practice, _, _ in last],
                [table for _, table, _ in last],
                [row for _, _, row in last],
                list(last.values()),
                str(max(entry.position.txid for entry in entries)),
            ],
        )
        return [_parse_entry(row) for row in cursor.fetchall()]


def list_row_history(table: str, row: int, *, before: int | None = None, limit: int = 50) -> list[Change]:
    """List the changes of a row of the current tenant, newest first. ``before``: only ids below this one."""
    changes = Change.objects.filter(table_name=table, row_id=row)
    if before is not None:
        changes = changes.filter(id__lt=before)
    return list(changes.order_by("-id")[:limit])


def _parse_entry(row: tuple[Any, ...]) -> ChangeEntry:
    txid, change, at, practice, table, row_id, operation, was, becomes, *caller = row
    return ChangeEntry(
        Position(txid, change),
        at,
        practice,
        table,
        row_id,
        operation,
        _decode_columns(was),
        _decode_columns(becomes),
        *caller,
    )


def _decode_columns(text: str | None) -> dict[str, Any] | None:
    return None if text is None else dict(msgspec.json.decode(text))
