"""Parameters that day sheets alone have."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from charthouse.domains.billing.drchrono_kinds import VISIT, ZONE
from charthouse.engine.declaration.filters import Condition
from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.types import Boolean, Integer
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter

# A kind of day: the condition that it is not before (or, ``last``, not after) the day in a parameter of this name.
Day = Callable[[str, bool], Q]


def _compare(day: Combinable, parameter: BoundParameter, *, last: bool) -> Combinable:
    text = "(%s <= %s)" if last else "(%s >= %s)"
    return sql.template(text, day, parameter, output_field=sql.BOOLEAN)


def _take_day(wall_clock: Combinable) -> Combinable:
    return sql.template("(%s)::date", wall_clock, output_field=sql.DATE)


def posted(name: str, last: bool) -> Q:
    """The UTC day of the moment a row was made, over the bare column, which an index has."""
    return Q(
        **{f"created_at__{'lt' if last else 'gte'}": BoundParameter(f"{name}_moment", models.DateTimeField())}
    )


def received(column: str) -> Day:
    """A day that is a column; a row without it is in no sheet by that day."""
    return lambda name, last: Q(
        **{f"{column}__{'lte' if last else 'gte'}": BoundParameter(name, models.DateField())}
    )


def service_day(item: str) -> Day:
    """The day of service of a charge. ``item``: path to the charge."""
    return lambda name, last: Q(
        _compare(day_of_service(item), BoundParameter(name, models.DateField()), last=last)
    )


def visit_day(name: str, last: bool) -> Q:
    """The day of a row's visit."""
    return Q(_compare(day_of_visit(), BoundParameter(name, models.DateField()), last=last))


def day_of_service(item: str) -> Combinable:
    """A charge's own day, or the day of its visit."""
    return Coalesce(F(f"{item}service_date"), day_of_visit(item))


def day_of_visit(item: str = "") -> Combinable:
    return _take_day(sql.to_wall_clock(F(f"{item}{VISIT}"), F(f"{item}{ZONE}")))


def day_of_posting() -> Combinable:
    return _take_day(sql.to_wall_clock(F("created_at"), "UTC"))


def moment(day: date, *, last: bool) -> str:
    """Where a UTC day begins or, ``last``, has ended. Raises InvalidValue."""
    try:
        return f"{day + timedelta(days=last)}T00:00:00Z"
    except OverflowError:
        raise InvalidValue("Enter a valid date.") from None


def make_day_filter(
    name: str, by: str, kinds: Mapping[str, Day], *, last: bool = False, doc: str = ""
) -> Condition:
    """A required parameter: not before a day or, ``last``, not after it.

    The parameter ``by`` says which of ``kinds`` of day; the first unless it is given. The kinds that are not asked for
    are folded away when the statement is planned.
    """

    def read(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        day, kind = parse_date(text), given.get(by, "")
        return {
            name: day,
            f"{name}_moment": moment(day, last=last),
            f"{name}_by": kind if kind in kinds else next(iter(kinds)),
        }

    def match() -> Q:
        wanted = BoundParameter(f"{name}_by", models.TextField())
        condition = Q()
        for kind, compared in kinds.items():
            condition |= Q(Exact(wanted, sql.Literal(kind))) & compared(name, last)
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
    """A parameter: one of a few words, each with its condition."""

    def read(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        word = parse_text(text)
        if word not in words:
            raise InvalidValue(f"Select a valid choice. {word[:100]} is not one of the available choices.")
        return {name: word}

    def match() -> Q:
        if not any(words.values()):
            return Q()
        wanted, condition = BoundParameter(name, models.TextField()), Q()
        for word, selected in words.items():
            condition |= Q(Exact(wanted, sql.Literal(word))) & selected
        return condition

    described: Schema = {"type": "string", "enum": list(words)}
    return Condition(name, read=read, condition=match, described=described, replan=True, doc=doc)


def make_number_filter(name: str, *, source: str = "", doc: str = "") -> Condition:
    """A parameter: equal to a small whole number."""
    return Condition(
        name,
        read=lambda text, given: {name: Integer().parse(text)},
        condition=lambda: Q(**{source or name: BoundParameter(name, models.IntegerField())}),
        described={"type": "integer"},
        source=source,
        doc=doc,
    )


def make_doctors_filter(name: str, doctor: str) -> Condition:
    """A parameter. Off: the authorizing doctor's rows alone; on, and by default, those of the whole practice group that
    sharing shows. ``doctor``: path to the doctor."""

    def match() -> Q:
        own = Exact(F(f"{doctor}_id"), BoundParameter("caller_doctor", models.BigIntegerField()))
        asked = BoundParameter(name, models.BooleanField())
        return Q(sql.template("(%s or %s)", asked, own, output_field=sql.BOOLEAN))

    return Condition(
        name,
        read=lambda text, given: {name: Boolean().parse(text)},
        condition=match,
        described={"type": "boolean"},
        doc="false: the authorising doctor's rows alone, not those of the whole practice group.",
    )
