"""The tables of an export with their columns, derived from the models in the order of their references."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from charthouse.changes.models import Change
from charthouse.identity.models import Application, Practice
from charthouse.operation.transfer.left_out import (
    LEFT_OUT_COLUMNS,
    LEFT_OUT_ROWS,
    LEFT_OUT_TABLES,
    OF_INSTALLATION,
)
from charthouse.operation.transfer.references import LOOSE, Loose

_PRACTICE_APPS = "user_id in (select id from identity_user where practice_id = %(practice)s)"
# Loaded after all others: their rows name rows of any table.
LAST_TABLES = ("identity_archivedpart", "audit_apicall", "audit_event", "changes_change")
_FORMS: tuple[tuple[Any, str], ...] = (
    (models.JSONField, "JSON"),
    (models.BooleanField, "boolean"),
    (models.DecimalField, "decimal"),
    (models.DateTimeField, "time"),
    (models.DateField, "date"),
    (models.TimeField, "time of day"),
    (models.UUIDField, "UUID"),
    (models.AutoField, "integer"),
    (models.BigAutoField, "integer"),
    (models.IntegerField, "integer"),
    (models.CharField, "text"),
    (models.TextField, "text"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``form``: one of those in docs/export.md; ``table``: whose id it holds, by a foreign key."""

    name: str
    form: str
    is_nullable: bool
    table: str = ""
    loose: Loose | None = None

    @property
    def sql(self) -> str:
        """The column as it is selected: decimals as text, which loses no digit."""
        return f'"{self.name}"::text as "{self.name}"' if self.form == "decimal" else f'"{self.name}"'


@dataclass(frozen=True, slots=True)
class Table:
    """A table. ``where``: the condition of the rows of the practice %(practice)s; ``doc``: what its rows are;
    ``serial``: the table whose sequence gives its ids; ``practice_column``: the one with the practice's id, or ""."""

    name: str
    columns: tuple[Column, ...]
    where: str
    doc: str
    serial: str
    practice_column: str

    @property
    def references(self) -> set[str]:
        """The tables that its columns refer to, without itself."""
        found = {column.table for column in self.columns if column.table}
        found |= {column.loose.table for column in self.columns if column.loose and column.loose.table}
        return found - {self.name}


@cache
def list_tables() -> tuple[Table, ...]:
    """List the exported tables, each after those that it refers to. Raises ValueError for a model that may be of a
    practice and is not in LEFT_OUT_TABLES, and for references in a circle."""
    left = {table.name: table for table in _make_tables()}
    last = [left.pop(name) for name in LAST_TABLES]
    found: list[Table] = []
    while left:
        ready = sorted(name for name, table in left.items() if not table.references & left.keys())
        if not ready:
            raise ValueError(f"Tables refer to each other in a circle: {', '.join(sorted(left))}")
        found += [left.pop(name) for name in ready]
    return (*found, *last)


@cache
def list_left_out_tables() -> dict[str, str]:
    """Return the tables that are left out, with the reasons."""
    own = {model._meta.db_table for model in apps.get_models() if _is_of_installation(model)}
    return {**LEFT_OUT_TABLES, **dict.fromkeys(sorted(own - LEFT_OUT_TABLES.keys()), OF_INSTALLATION)}


def _is_of_installation(model: type[models.Model]) -> bool:
    """Return whether the rows of a model can't be of a practice: it has no practice and no foreign key."""
    fields = model._meta.local_concrete_fields
    return model is not Practice and not any(
        field.column == "practice_id" or isinstance(field, models.ForeignKey) for field in fields
    )


def _make_tables() -> Iterator[Table]:
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if table not in list_left_out_tables():
            where, practice_column = _select_own(model)
            if table in LEFT_OUT_ROWS:
                where += f" and {LEFT_OUT_ROWS[table][0]}"
            if model is Change:
                where += "".join(_make_history_conditions())
            doc = " ".join((model.__doc__ or "").split("\n\n")[0].split())
            # A note of an appointment has the appointment's id: both take theirs from one sequence.
            serial = "scheduling_appointment" if table == "clinical_clinicalnote" else table
            yield Table(table, tuple(_make_columns(model)), where, doc, serial, practice_column)


def _select_own(model: type[models.Model]) -> tuple[str, str]:
    """Return the condition of the practice's rows, and the column with its id. Raises ValueError."""
    if model is Practice:
        return "id = %(practice)s", "id"
    if model is Application:
        return _PRACTICE_APPS, ""
    if any(field.column == "practice_id" for field in model._meta.local_concrete_fields):
        return "practice_id = %(practice)s", "practice_id"
    raise ValueError(f"{model._meta.db_table} has no practice: say in LEFT_OUT_TABLES why it is not exported")


def _make_history_conditions() -> Iterator[str]:
    """Yield the conditions that leave the history of rows out that are left out."""
    for table, (condition, _) in LEFT_OUT_ROWS.items():
        yield (
            f" and (table_name <> '{table}' or row_id not in (select id from {table} "  # noqa: S608
            f"where practice_id = %(practice)s and not {condition}))"
        )


def _make_columns(model: type[models.Model]) -> Iterator[Column]:
    table = model._meta.db_table
    for field in model._meta.local_concrete_fields:
        if isinstance(field, models.GeneratedField) or (table, field.column) in LEFT_OUT_COLUMNS:
            continue
        target = Practice._meta.db_table if field.column == "practice_id" else ""
        if isinstance(field, models.ForeignKey):
            target = field.remote_field.model._meta.db_table
            if target in list_left_out_tables():
                raise ValueError(f"{table}.{field.column} refers to {target}, which is left out")
        yield Column(
            str(field.column), _name_form(field), field.null, target, LOOSE.get((table, str(field.column)))
        )


def _name_form(field: Any) -> str:
    if isinstance(field, models.ForeignKey):
        return "integer"
    if isinstance(field, ArrayField):
        return f"{_name_form(field.base_field)}s"
    for kind, form in _FORMS:
        if isinstance(field, kind):
            return form
    raise ValueError(f"{field}: fields of {type(field).__name__} have no form in an export")
