"""SQL expressions that declarations need and the ORM does not have."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Field as ModelField
from django.db.models.expressions import Combinable, Expression, Func, RawSQL

TEXT: Any = models.TextField()
BOOLEAN: Any = models.BooleanField()
INTEGER: Any = models.IntegerField()
DATE: Any = models.DateField()
TIMESTAMP: Any = models.DateTimeField()
JSON: Any = models.JSONField()

# Parameters that the engine itself binds; no query parameter may have such a name, for its value would be lost.
RESERVED = frozenset(
    {"practice", "caller_doctor", "caller", "caller_app", "id", "after", "before", "offset", "limit"}
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a compiled statement, whose value is given by name at each run."""

    name: str


class BoundParameter(Expression):
    """A value that is given when the compiled statement runs; ``output_field`` determines its SQL type."""

    def __init__(self, name: str, output_field: "ModelField[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return f"%s::{self.output_field.cast_db_type(connection) or 'text'}", [Parameter(self.name)]


class Literal(Expression):
    """A text literal inside the statement: names from declarations only, never a caller's text."""

    output_field = models.TextField()

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "'" + self.text.replace("'", "''").replace("%", "%%") + "'", []


class Template(Func):
    """A piece of SQL with an expression in the place of each ``%s``; a literal percent sign is written ``%%``."""

    def __init__(self, text: str, *arguments: Any, output_field: "ModelField[Any, Any]") -> None:
        super().__init__(*arguments, output_field=output_field)
        self.text = text

    def as_sql(self, compiler: Any, connection: Any, *names: Any, **extra: Any) -> Any:
        first, *rest = self.text.split("%s")
        sql, parameters = [first], []
        for expression, following in zip(self.source_expressions, rest, strict=True):
            text, more = compiler.compile(expression)
            sql += (text, following)
            parameters += more
        return "".join(sql), parameters


def template(text: str, *arguments: Any, output_field: "ModelField[Any, Any]") -> Combinable:
    """Compose an SQL expression: ``template("trunc(%s, 2)::text", F("amount"), output_field=TEXT)``.

    Strings among the arguments name columns, as everywhere in the ORM.
    """
    return Template(text, *arguments, output_field=output_field)


class NamedTemplate(Func):
    """The same with names, each of which may stand in several places: ``%(zone)s``."""

    def __init__(self, text: str, *, output_field: "ModelField[Any, Any]", **arguments: Combinable) -> None:
        super().__init__(*arguments.values(), output_field=output_field)
        self.text, self.names = text, tuple(arguments)

    def as_sql(self, compiler: Any, connection: Any, *names: Any, **extra: Any) -> Any:
        compiled = dict(zip(self.names, map(compiler.compile, self.source_expressions), strict=True))
        sql = ""
        parameters: list[Any] = []
        for index, part in enumerate(re.split(r"%\((\w+)\)s", self.text)):
            text, more = compiled[part] if index % 2 else (part, ())
            sql += text
            parameters += more
        return sql, parameters


def named_template(text: str, *, output_field: "ModelField[Any, Any]", **arguments: Combinable) -> Combinable:
    """Compose an SQL expression whose text uses an argument more than once:
    ``named_template("%(day)s::date = %(day)s", day=F("starts_at"), output_field=BOOLEAN)``."""
    return NamedTemplate(text, output_field=output_field, **arguments)


def literal(value: Any) -> Combinable:
    """Write a declaration's own text, number, boolean or None into the statement."""
    if isinstance(value, str):
        return Literal(value)
    return RawSQL("null" if value is None else str(value).lower(), ())  # noqa: S611 - a declaration's own value


def format_truncated(number: Combinable) -> Combinable:
    """Format a numeric as text with exactly two decimals, cut, not rounded."""
    return template("trunc(%s, 2)::text", number, output_field=TEXT)


def to_wall_clock(timestamp: Combinable, zone: Combinable | str) -> Combinable:
    """Convert a timestamp to the wall clock of a zone, to the second. ``zone``: an IANA name, or a column with one."""
    named = Literal(zone) if isinstance(zone, str) else zone
    return template("date_trunc('second', %s at time zone %s)", timestamp, named, output_field=TIMESTAMP)


def format_utc(timestamp: Combinable) -> Combinable:
    """Format a timestamp as ``YYYY-MM-DD HH:MM:SS``, UTC."""
    text = "to_char(%s at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    return template(text, timestamp, output_field=TEXT)


def is_any(value: Any, array: Any) -> Combinable:
    """Whether a value is one of an array's."""
    return template("(%s = any(%s))", value, array, output_field=BOOLEAN)


def cast_json(column: Combinable) -> Combinable:
    """A ``jsonb`` column as ``json``, which reaches the response without being read."""
    return template("(%s)::json", column, output_field=JSON)


def json_object(**members: Any) -> Combinable:
    """Build a JSON object: keys are wire names, values any expressions."""
    parts = [part for key, value in members.items() for part in (Literal(key), value)]
    return template(f"json_build_object({', '.join(['%s'] * len(parts))})", *parts, output_field=JSON)


def json_list(item: Combinable, order: Sequence[Combinable] = ()) -> Combinable:
    """Aggregate the rows of a subquery to a JSON array, in an order; ``[]`` where there are none."""
    by = f" order by {', '.join(['%s'] * len(order))}" if order else ""
    return template(f"coalesce(json_agg(%s{by}), '[]'::json)", item, *order, output_field=JSON)


def json_by(name: Combinable, item: Combinable) -> Combinable:
    """Aggregate the rows of a subquery to a JSON object: each row's item under its name, which no two rows have."""
    return template("json_object_agg(%s, %s)", name, item, output_field=JSON)


def json_member(value: Combinable, name: str, *, as_text: bool = False) -> Combinable:
    """Select the member of a JSON object, or its text; null where it has none."""
    operator, kind = ("->>", TEXT) if as_text else ("->", JSON)
    return template(f"(%s {operator} %s)", value, Literal(name), output_field=kind)


def ungroup(rows: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
    """Aggregate over all rows of a subquery: Django would group by the outer row's columns."""
    rows.query.group_by = None
    return rows
