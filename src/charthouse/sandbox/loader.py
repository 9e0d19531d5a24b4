"""Loading rows into tables with COPY, as the owner of the tables.

COPY checks the constraints and fires the triggers, but runs no Python of the models: defaults are filled in here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connections, models
from psycopg import sql
from psycopg.types.json import Jsonb

from charthouse.engine.sql.statements import list_written_columns
from charthouse.identity import rowsecurity

Row = dict[str, Any]  # by attribute of the model (``doctor_id``); dates and times may be ISO text
Progress = Callable[[str, int, int], None]  # called with (step, parts done, parts in all)


class Loader:
    """One load on the connection ``using``. ``timestamp``: created_at and updated_at of rows that have none.

    Ids count from 1, or from ``first_ids`` of a model, and are not taken from the sequences: these keep their values
    when a load is rolled back, and the same seed must give the same ids. ``models``: those loaded so far, even without
    rows.
    """

    def __init__(self, using: str, timestamp: str, first_ids: Mapping[type[models.Model], int]) -> None:
        self.connection = connections[using]
        self.timestamp = timestamp
        self.models: set[type[models.Model]] = set()
        self.next_ids: dict[type[models.Model], int] = defaultdict(lambda: 1, first_ids)

    def reserve_ids(self, model: type[models.Model], count: int) -> range:
        """Take the next ids of a model."""
        start = self.next_ids[model]
        self.next_ids[model] = start + count
        return range(start, start + count)

    def copy(self, model: type[models.Model], rows: Iterable[Row], practice: int | None = None) -> list[int]:
        """Load rows, in which either all or none have an ``id``, and return their ids.

        Rows without an id get one, in place. Attributes that a row lacks get the default of the model.
        """
        self.models.add(model)
        rows = list(rows)
        if not rows:
            return []
        if "id" not in rows[0]:
            for row, row_id in zip(rows, self.reserve_ids(model, len(rows)), strict=True):
                row["id"] = row_id
        columns = [
            (column.attname, self._get_default(column, practice)) for column in list_written_columns(model)
        ]
        json = [
            index
            for index, column in enumerate(list_written_columns(model))
            if isinstance(column, models.JSONField)
        ]
        self.connection.ensure_connection()
        with self.connection.connection.cursor() as cursor, cursor.copy(_compose_copy(model)) as copy:
            write = copy.write_row
            for row in rows:
                get = row.get
                values = [get(name, default) for name, default in columns]
                for index in json:
                    values[index] = None if values[index] is None else Jsonb(values[index])
                write(values)
        return [row["id"] for row in rows]

    def _get_default(self, column: "models.Field[Any, Any]", practice: int | None) -> Any:
        if column.attname == "practice_id":
            return practice
        return self.timestamp if column.attname in ("created_at", "updated_at") else column.get_default()

    @contextmanager
    def without_indexes(self, loaded: Iterable[type[models.Model]]) -> Iterator[None]:
        """Drop the secondary indexes and foreign keys of these tables, and create them again at the end of the block.

        Building and checking them once is several times faster than row by row. Needs a transaction.
        """
        tables = [model._meta.db_table for model in loaded]
        with self.connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")  # a table with pending checks can't be altered
            cursor.execute(_INDEXES_AND_FOREIGN_KEYS, [tables])
            statements = cursor.fetchall()
            for drop, _ in statements:
                cursor.execute(drop)
            yield
            cursor.execute("set local maintenance_work_mem = '256MB'")
            for _, create in statements:
                cursor.execute(create)

    @contextmanager
    def recording_changes_once(self) -> Iterator[None]:
        """Record all rows of the block as created in the change feed at its end, not row by row, which is four times
        faster. The tables must be empty before. Needs a transaction."""
        with self.connection.cursor() as cursor:
            followed = [found for found in rowsecurity.iterate_followed_tables(cursor) if found[1]]
            for table, *_ in followed:
                cursor.execute(f'alter table "{table}" disable trigger record_change')
            yield
            cursor.execute("set constraints all immediate")  # a table with pending checks can't be altered
            for table, _, unfollowed in followed:
                cursor.execute(_RECORD_CREATION.format(table=table), [table, list(unfollowed)])
                cursor.execute(f'alter table "{table}" enable trigger record_change')

    def finish(self) -> None:
        """Set the sequences behind the loaded ids and analyze the tables."""
        with self.connection.cursor() as cursor:
            for model, next_id in self.next_ids.items():
                table = self.connection.ops.quote_name(model._meta.db_table)
                cursor.execute("select setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, next_id - 1])
                cursor.execute(f"analyze {table}")


# Statements that drop and create the indexes that no constraint needs, then the foreign keys.
_INDEXES_AND_FOREIGN_KEYS = """
with loaded as (select unnest(%s::text[])::regclass as oid),
keys as (
    select 1 as step, conname::text as name,
           format('alter table %%s drop constraint %%I', conrelid::regclass, conname) as drop_statement,
           format('alter table %%s add constraint %%I ', conrelid::regclass, conname)
               || pg_get_constraintdef(c.oid) as create_statement
      from pg_constraint c join loaded on conrelid = loaded.oid where contype = 'f'
),
indexes as (
    select 0, indexrelid::regclass::text, format('drop index %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
      from pg_index join loaded on indrelid = loaded.oid
     where not indisunique and not exists (select from pg_constraint where conindid = indexrelid)
)
select drop_statement, create_statement
  from (select * from keys union all select * from indexes) found order by step, name
"""

# As the trigger ``changes_record`` writes them.
_RECORD_CREATION = """
insert into changes_change (practice_id, at, txid, table_name, row_id, operation, after)
select practice_id, clock_timestamp(), (select identity_transaction_number(pg_current_xact_id())), %s, id, 'insert',
       to_jsonb(created) - %s::text[]
  from "{table}" created where practice_id is not null
"""


def _compose_copy(model: type[models.Model]) -> sql.Composed:
    names = [sql.Identifier(str(column.column)) for column in list_written_columns(model)]
    return sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(model._meta.db_table), sql.SQL(",").join(names)
    )
