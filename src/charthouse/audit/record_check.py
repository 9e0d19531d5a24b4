"""The record against the change feed: a row that was written while the trigger was off differs from what the feed says.

The feed is sealed, the record is not. Columns that the feed leaves out can't be checked, nor can tables that have no
trigger (``followed = False``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections

from charthouse.identity import rowsecurity

DATABASE = "owner"


@dataclass(frozen=True, slots=True)
class UnfollowedChange:
    """Rows of a table of a practice that the feed knows differently. ``row`` is the first of them."""

    practice: int
    table: str
    row: int
    count: int
    what: str

    def __str__(self) -> str:
        return f"{self.count} rows of {self.table} {self.what} past the change feed, the first is {self.row}"


def find_unfollowed_changes(practice: int | None = None) -> Iterator[UnfollowedChange]:
    """Yield what was written past the feed, in one practice or in all."""
    with connections[DATABASE].cursor() as cursor:
        tables = list(rowsecurity.iterate_followed_tables(cursor))
        filled = _list_filled_tables(cursor, [table for table, _, _ in tables])
        for table, followed, left_out in tables:
            if followed and table in filled:
                values = {"table": table, "left_out": list(left_out), "practice": practice}
                cursor.execute(_SQL.format(table=table), values)
                for whose, what, count, row in cursor.fetchall():
                    yield UnfollowedChange(whose, table, row, count, what)


def _list_filled_tables(cursor: Any, tables: Sequence[str]) -> set[str]:
    """List the tables that have a row, in the record or in the feed."""
    parts = " union all ".join(
        f"(select '{table}' where exists (select from \"{table}\"))"  # noqa: S608
        for table in tables
    )
    cursor.execute(f"select distinct table_name from changes_change union {parts}")  # noqa: S608
    return {table for (table,) in cursor.fetchall()}


# The state that the feed says a row has is the last value of each of its columns. Changes of one row wait for each
# other, so their order is that of their ids.
_SQL = """
    with feed as materialized (
        select practice_id, row_id, id, after - %(left_out)s::text[] as after from changes_change
         where table_name = %(table)s and (%(practice)s::bigint is null or practice_id = %(practice)s)
    ), ends as (
        select distinct on (practice_id, row_id) practice_id, row_id, after is null as is_deleted
          from feed order by practice_id, row_id, id desc
    ), columns as (
        select distinct on (practice_id, row_id, key) practice_id, row_id, key, value
          from feed, jsonb_each(after) order by practice_id, row_id, key, id desc
    ), states as (
        select practice_id, row_id, jsonb_object_agg(key, value) as state from columns group by 1, 2
    ), compared as (
        select coalesce(t.practice_id, e.practice_id) as practice, coalesce(t.id, e.row_id) as row,
               case when t.id is null then case when not e.is_deleted then 'were deleted' end
                    when e.row_id is null or e.is_deleted then 'were inserted'
                    when jsonb_populate_record(t, s.state) is distinct from t then 'were changed' end as what
          from ends e left join states s using (practice_id, row_id)
          full join "{table}" t on t.practice_id = e.practice_id and t.id = e.row_id
         where coalesce(t.practice_id, e.practice_id) = coalesce(%(practice)s, t.practice_id, e.practice_id)
    )
    select practice, what, count(*), min(row) from compared where what is not null group by 1, 2 order by 1, 2
"""
