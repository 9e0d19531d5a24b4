"""Rows into tables by COPY, as the owner of the tables.

COPY runs the constraints but none of the Python that a write passes through: defaults come from the models here.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from django.db import connections, models
from psycopg import sql
from psycopg.types.json import Jsonb

Progress = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


class Loader:
    """One load into an empty or growing database, on connection ``using``. ``moment``: when rows came to be that
    don't say it themselves."""

    def __init__(self, using: str, moment: str) -> None:
        self.connection = connections[using]
        self.moment = moment

    def copy(self, model: type[models.Model], rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows by attribute name (``doctor_id``); left out are the model's defaults, and ids the database gives."""
        listed = list(rows)
        if not listed:
            return
        columns = [
            (column.attname, self._default(column), isinstance(column, models.JSONField))
            for column in model._meta.concrete_fields
            if not column.primary_key or column.attname in listed[0]
        ]
        names = [model._meta.get_field(name).column for name, _, _ in columns]
        statement = sql.SQL("copy {} ({}) from stdin").format(
            sql.Identifier(model._meta.db_table), sql.SQL(",").join(map(sql.Identifier, names))
        )
        self.connection.ensure_connection()
        plain = [(name, default) for name, default, _ in columns]
        wrapped = [at for at, column in enumerate(columns) if column[2]]
        with self.connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
            write = copy.write_row
            for row in listed:
                values = [row.get(name, default) for name, default in plain]
                for at in wrapped:
                    values[at] = Jsonb(values[at])
                write(values)

    def _default(self, column: "models.Field[Any, Any]") -> Any:
        return self.moment if column.attname in ("created_at", "updated_at") else _default(column)

    def finish(self, loaded: Iterable[type[models.Model]]) -> None:
        """Ids given from here on lie above those loaded; the planner knows the tables."""
        with self.connection.cursor() as cursor:
            for model in loaded:
                table = model._meta.db_table
                cursor.execute(
                    "select setval(pg_get_serial_sequence(%s, 'id'), (select coalesce(max(id), 1) from {}))".format(  # noqa: S608
                        self.connection.ops.quote_name(table)
                    ),
                    [table],
                )
                cursor.execute(f"analyze {self.connection.ops.quote_name(table)}")


@cache
def _default(column: "models.Field[Any, Any]") -> Any:
    return column.get_default()
