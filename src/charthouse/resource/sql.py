"""The few SQL expressions that declarations need and Django doesn't have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Field as Column
from django.db.models.expressions import Combinable, Expression, Func, RawSQL

# Slots that the engine itself binds; no query parameter may have such a name, for its value would be lost.
RESERVED = frozenset(
    {"practice", "caller_doctor", "caller", "caller_app", "id", "after", "before", "offset", "limit"}
)


@dataclass(frozen=True, slots=True)
class Hole:
    """A place in a compiled statement's parameters, filled by name at each run."""

    name: str


class Slot(Expression):
    """A value that is bound when the compiled statement runs; ``output_field`` gives its SQL type."""

    def __init__(self, name: str, output_field: "Column[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return f"%s::{self.output_field.cast_db_type(connection) or 'text'}", [Hole(self.name)]


TEXT: Any = models.TextField()
BOOLEAN: Any = models.BooleanField()
INTEGER: Any = models.IntegerField()
DATE: Any = models.DateField()


class Template(Func):
    """A piece of SQL with an expression in the place of each ``%s``; a literal percent sign is written ``%%``."""

    def __init__(self, text: str, *arguments: Any, output_field: "Column[Any, Any]") -> None:
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


def template(text: str, *arguments: Any, output_field: "Column[Any, Any]") -> Combinable:
    """Compose an SQL expression: ``template("trunc(%s, 2)::text", F("amount"), output_field=TEXT)``. Strings among the
    arguments name columns, as everywhere in the ORM."""
    return Template(text, *arguments, output_field=output_field)


class Truncated(Func):
    """A numeric as text with exactly two decimals, cut, not rounded."""

    template = "trunc(%(expressions)s, 2)::text"
    output_field = models.TextField()


class WallClock(Func):
    """A moment as ``timestamp`` of a zone, to the second. ``zone`` is a literal name or a column that holds one."""

    template = "date_trunc('second', %(expressions)s)"
    arg_joiner = " at time zone "
    output_field = models.DateTimeField()

    def __init__(self, moment: Combinable, zone: Combinable | str) -> None:
        super().__init__(moment, Text(zone) if isinstance(zone, str) else zone)


class Spaced(Func):
    """A moment as text, ``YYYY-MM-DD HH:MM:SS`` of UTC."""

    template = "to_char(%(expressions)s at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    output_field = models.TextField()


class Json(Func):
    """``json_build_object``: keys are wire names, values any expressions."""

    function = "json_build_object"
    output_field = models.JSONField()

    def __init__(self, **members: Any) -> None:
        super().__init__(*(part for key, value in members.items() for part in (Text(key), value)))


class Text(Expression):
    """A text literal, written into the statement (names out of declarations only, never a caller's)."""

    output_field = models.TextField()

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "'" + self.text.replace("'", "''").replace("%", "%%") + "'", []


class AsJson(Func):
    """A JSON column as ``json``, which reaches the response without being read."""

    template = "(%(expressions)s)::json"
    output_field = models.JSONField()


class JsonList(Func):
    """``json_agg`` of the rows of a subquery in an order; ``[]`` when there are none."""

    output_field = models.JSONField()

    def __init__(self, item: Combinable, order: Sequence[Combinable] = ()) -> None:
        super().__init__(item, *order)

    def as_sql(self, compiler: Any, connection: Any, *names: Any, **extra: Any) -> Any:
        parts, params = [], []
        for expression in self.source_expressions:
            part, part_params = compiler.compile(expression)
            parts.append(part)
            params += part_params
        order = f" order by {', '.join(parts[1:])}" if parts[1:] else ""
        return f"coalesce(json_agg({parts[0]}{order}), '[]'::json)", params


def ungrouped(rows: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
    """An aggregate over all rows of a subquery: Django would group by the outer row's columns."""
    rows.query.group_by = None
    return rows


def constant(value: Any) -> Combinable:
    """A declaration's own value inside a statement."""
    if isinstance(value, str):
        return Text(value)
    return RawSQL("null" if value is None else str(value).lower(), ())  # noqa: S611 - a declaration's own value


class IsAny(Func):
    """Whether a value is one of an array."""

    arity = 2
    template = "(%(expressions)s))"
    arg_joiner = " = any("
    conditional = True
    output_field = models.BooleanField()
