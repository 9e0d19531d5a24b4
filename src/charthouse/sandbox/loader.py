"""Rows into tables by COPY, as the owner of the tables.

COPY runs the constraints but none of the Python that a write passes through: defaults come from the models here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connections, models
from psycopg import sql
from psycopg.types.json import Jsonb

Progress = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


class Loader:
    """One load. ``moment``: when rows came to be that don't say it themselves.

    Ids count from 1, or from ``first`` of a model: sequences survive a load that was broken off, and the same seed
    shall give the same ids.
    """

    def __init__(self, using: str, moment: str, first: Mapping[type[models.Model], int]) -> None:
        self.connection = connections[using]
        self.moment = moment
        self.next: dict[type[models.Model], int] = defaultdict(lambda: 1, first)

    def ids(self, model: type[models.Model], count: int) -> range:
        """The next so many ids."""
        start = self.next[model]
        self.next[model] = start + count
        return range(start, start + count)

    def copy(
        self, model: type[models.Model], rows: Iterable[dict[str, Any]], practice: int | None = None
    ) -> list[int]:
        """Rows by attribute name (``doctor_id``), without an id or all with one; what they leave out gets the
        model's default. Their ids."""
        listed = list(rows)
        if not listed:
            return []
        if "id" not in listed[0]:
            for row, row_id in zip(listed, self.ids(model, len(listed)), strict=True):
                row["id"] = row_id
        columns = [
            (column.attname, self._default(column, practice)) for column in model._meta.concrete_fields
        ]
        json = [at for at, c in enumerate(model._meta.concrete_fields) if isinstance(c, models.JSONField)]
        self.connection.ensure_connection()
        with self.connection.connection.cursor() as cursor, cursor.copy(_statement(model)) as copy:
            write = copy.write_row
            for row in listed:
                get = row.get
                values = [get(name, default) for name, default in columns]
                for at in json:
                    values[at] = None if values[at] is None else Jsonb(values[at])
                write(values)
        return [row["id"] for row in listed]

    def _default(self, column: "models.Field[Any, Any]", practice: int | None) -> Any:
        if column.attname == "practice_id":
            return practice
        return self.moment if column.attname in ("created_at", "updated_at") else column.get_default()

    @contextmanager
    def bare(self, loaded: Iterable[type[models.Model]]) -> Iterator[None]:
        """Load these tables without their secondary indexes and foreign keys, which are made again, and checked,
        in one go at the end: several times quicker than row by row. Within a transaction."""
        tables = [model._meta.db_table for model in loaded]
        with self.connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")  # a table can't change while checks of it wait
            cursor.execute(_ASIDE, [tables])
            aside = cursor.fetchall()
            for drop, _ in aside:
                cursor.execute(drop)
            yield
            cursor.execute("set local maintenance_work_mem = '256MB'")
            for _, make in aside:
                cursor.execute(make)

    def finish(self) -> None:
        """Ids given from here on lie above those loaded; the planner knows the tables."""
        with self.connection.cursor() as cursor:
            for model, following in self.next.items():
                table = self.connection.ops.quote_name(model._meta.db_table)
                cursor.execute("select setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, following - 1])
                cursor.execute(f"analyze {table}")


# (drop, make) of the indexes that no constraint needs, then of the foreign keys.
_ASIDE = """
with loaded as (select unnest(%s::text[])::regclass as oid),
keys as (
    select 1 as step, conname::text as name,
           format('alter table %%s drop constraint %%I', conrelid::regclass, conname) as gone,
           format('alter table %%s add constraint %%I ', conrelid::regclass, conname)
               || pg_get_constraintdef(c.oid) as made
      from pg_constraint c join loaded on conrelid = loaded.oid where contype = 'f'
),
indexes as (
    select 0, indexrelid::regclass::text, format('drop index %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
      from pg_index join loaded on indrelid = loaded.oid
     where not indisunique and not exists (select from pg_constraint where conindid = indexrelid)
)
select gone, made from (select * from keys union all select * from indexes) found order by step, name
"""


def _statement(model: type[models.Model]) -> sql.Composed:
    names = [sql.Identifier(str(column.column)) for column in model._meta.concrete_fields]
    return sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(model._meta.db_table), sql.SQL(",").join(names)
    )
