"""Filters of the day sheets."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.lookups import Exact

from charthouse.domains.billing.service_days import (
    cast_date,
    select_service_day,
    select_visit_day,
)
from charthouse.engine.declaration.filters import Condition
from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.types import Boolean, Integer
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter

# A condition: a row's day is not before (``last``: not after) the day in the parameter of a name.
DayCondition = Callable[[str, bool], Q]


def _compare(day: Combinable, parameter: BoundParameter, *, last: bool) -> Combinable:
    text = "(%s <= %s)" if last else "(%s >= %s)"
    return sql.template(text, day, parameter, output_field=sql.BOOLEAN)


def match_posting_day(name: str, last: bool) -> Q:
    """Match the UTC day of creation, as a range of the column, which an index covers."""
    return Q(
        **{f"created_at__{'lt' if last else 'gte'}": BoundParameter(f"{name}_moment", models.DateTimeField())}
    )


def match_column_day(column: str) -> DayCondition:
    """Return the condition on a date column; rows without a date do not match."""
    return lambda name, last: Q(
        **{f"{column}__{'lte' if last else 'gte'}": BoundParameter(name, models.DateField())}
    )


def match_service_day(item: str) -> DayCondition:
    """Return the condition on the day of service. ``item``: path to the line item."""
    return lambda name, last: Q(
        _compare(select_service_day(item), BoundParameter(name, models.DateField()), last=last)
    )


def match_visit_day(name: str, last: bool) -> Q:
    """Match the day of the visit."""
    return Q(_compare(select_visit_day(), BoundParameter(name, models.DateField()), last=last))


def select_posting_day() -> Combinable:
    """Return the UTC day of creation."""
    return cast_date(sql.to_wall_clock(F("created_at"), "UTC"))


def format_boundary(day: date, *, last: bool) -> str:
    """Return the start of a UTC day, or its end if ``last``, as a timestamp. Raises InvalidValue."""
    try:
        return f"{day + timedelta(days=last)}T00:00:00Z"
    except OverflowError:
        raise InvalidValue("Enter a valid date.") from None


def make_day_filter(
    name: str, by: str, kinds: Mapping[str, DayCondition], *, last: bool = False, doc: str = ""
) -> Condition:
    """Return a required filter: rows not before a day or, ``last``, not after it.

    The parameter ``by`` chooses one of ``kinds`` of day, the first by default. The planner removes the
    conditions of the others.
    """

    def read(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        day, kind = parse_date(text), given.get(by, "")
        return {
            name: day,
            f"{name}_moment": format_boundary(day, last=last),
            f"{name}_by": kind if kind in kinds else next(iter(kinds)),
        }

    def match() -> Q:
        parameter = BoundParameter(f"{name}_by", models.TextField())
        condition = Q()
        for kind, compared in kinds.items():
            condition |= Q(Exact(parameter, sql.Literal(kind))) & compared(name, last)
        return condition

    return Condition(
        name,
        read=read,
        condition=match,
        described={"type": "string", "format": "date"},
        required=True,
        replan=True,
        doc=doc,
    )


def make_word_filter(name: str, words: Mapping[str, Q], *, doc: str = "") -> Condition:
    """Return a filter: a choice of words, each with its condition."""

    def read(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        word = parse_text(text)
        if word not in words:
            raise InvalidValue(f"Select a valid choice. {word[:100]} is not one of the available choices.")
        return {name: word}

    def match() -> Q:
        if not any(words.values()):
            return Q()
        parameter, condition = BoundParameter(name, models.TextField()), Q()
        for word, selected in words.items():
            condition |= Q(Exact(parameter, sql.Literal(word))) & selected
        return condition

    described: Schema = {"type": "string", "enum": list(words)}
    return Condition(name, read=read, condition=match, described=described, replan=True, doc=doc)


def make_number_filter(name: str, *, source: str = "", doc: str = "") -> Condition:
    """Return a filter: equal to a small integer."""
    return Condition(
        name,
        read=lambda text, given: {name: Integer().parse(text)},
        condition=lambda: Q(**{source or name: BoundParameter(name, models.IntegerField())}),
        described={"type": "integer"},
        source=source,
        doc=doc,
    )


def make_doctors_filter(name: str, doctor: str) -> Condition:
    """Return a filter: false for the rows of the authorizing doctor alone, true (the default) for those of
    all doctors that sharing shows. ``doctor``: path to the doctor."""

    def match() -> Q:
        own = Exact(F(f"{doctor}_id"), BoundParameter("caller_doctor", models.BigIntegerField()))
        parameter = BoundParameter(name, models.BooleanField())
        return Q(sql.template("(%s or %s)", parameter, own, output_field=sql.BOOLEAN))

    return Condition(
        name,
        read=lambda text, given: {name: Boolean().parse(text)},
        condition=match,
        described={"type": "boolean"},
        doc="false: only the authorizing doctor's rows, not those of the whole practice group.",
    )
