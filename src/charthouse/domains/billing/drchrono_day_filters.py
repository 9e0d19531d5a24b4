"""Parameters that day sheets alone have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable, Func
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from charthouse.domains.billing.drchrono_kinds import VISIT, ZONE
from charthouse.resource import sql
from charthouse.resource.fields import Boolean, Integer, Wrong, plain_text
from charthouse.resource.filters import Filter
from charthouse.resource.sql import Slot
from charthouse.resource.times import parse_date

# A kind of day: the condition that it isn't before (or, ``last``, not after) the day in a slot of this name.
Day = Callable[[str, bool], Q]


class _Day(Func):
    """The day of a wall clock's time."""

    template = "(%(expressions)s)::date"
    output_field = models.DateField()


class _Compared(Func):
    conditional = True
    output_field = models.BooleanField()

    def __init__(self, day: Combinable, slot: Slot, *, last: bool) -> None:
        super().__init__(day, slot)
        self.arg_joiner = " <= " if last else " >= "
        self.template = "(%(expressions)s)"


def posted(name: str, last: bool) -> Q:
    """The UTC day of the moment a row was made, over the bare column, which an index has."""
    return Q(**{f"created_at__{'lt' if last else 'gte'}": Slot(f"{name}_moment", models.DateTimeField())})


def received(column: str) -> Day:
    """A day that is a column; a row without it is in no sheet by that day."""
    return lambda name, last: Q(**{f"{column}__{'lte' if last else 'gte'}": Slot(name, models.DateField())})


def service_day(item: str) -> Day:
    """The day of service of a charge. ``item``: path to the charge."""
    return lambda name, last: Q(_Compared(day_of_service(item), Slot(name, models.DateField()), last=last))


def visit_day(name: str, last: bool) -> Q:
    """The day of a row's visit."""
    return Q(_Compared(day_of_visit(), Slot(name, models.DateField()), last=last))


def day_of_service(item: str) -> Combinable:
    """A charge's own day, or the day of its visit."""
    return Coalesce(F(f"{item}service_date"), day_of_visit(item))


def day_of_visit(item: str = "") -> Combinable:
    return _Day(sql.WallClock(F(f"{item}{VISIT}"), F(f"{item}{ZONE}")))


def day_of_posting() -> Combinable:
    return _Day(sql.WallClock(F("created_at"), "UTC"))


def moment(day: date, *, last: bool) -> str:
    """Where a UTC day begins or, ``last``, has ended. Raises Wrong."""
    try:
        return f"{day + timedelta(days=last)}T00:00:00Z"
    except OverflowError:
        raise Wrong("Enter a valid date.") from None


@dataclass(frozen=True, kw_only=True, eq=False)
class ByDay(Filter):
    """Not before a day or, ``last``, not after it. The parameter ``by`` says which of ``kinds`` of day; the first
    unless it is given. The kinds that aren't asked for are folded away when the statement is planned."""

    by: str
    kinds: Mapping[str, Day]
    last: bool = False
    required: bool = True
    json_type = {"type": "string", "format": "date"}
    ranged = True

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        day, kind = parse_date(text), given.get(self.by, "")
        return {
            self.name: day,
            f"{self.name}_moment": moment(day, last=self.last),
            f"{self.name}_by": kind if kind in self.kinds else next(iter(self.kinds)),
        }

    def where(self) -> Q:
        wanted = Slot(f"{self.name}_by", models.TextField())
        condition = Q()
        for kind, compared in self.kinds.items():
            condition |= Q(Exact(wanted, sql.Text(kind))) & compared(self.name, self.last)
        return condition


@dataclass(frozen=True, kw_only=True, eq=False)
class Word(Filter):
    """One of a few words, each with its condition."""

    words: Mapping[str, Q]
    ranged = True

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        word = plain_text(text)
        if word not in self.words:
            raise Wrong(f"Select a valid choice. {word[:100]} is not one of the available choices.")
        return {self.name: word}

    def where(self) -> Q:
        if not any(self.words.values()):
            return Q()
        wanted, condition = Slot(self.name, models.TextField()), Q()
        for word, fits in self.words.items():
            condition |= Q(Exact(wanted, sql.Text(word))) & fits
        return condition

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Among(Filter):
    """Equal to a small whole number."""

    json_type = {"type": "integer"}

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return {self.name: Integer(self.name).parse(text)}

    def where(self) -> Q:
        return Q(**{self.path: Slot(self.name, models.IntegerField())})


class _Or(Func):
    arg_joiner = " or "
    template = "(%(expressions)s)"
    conditional = True
    output_field = models.BooleanField()


@dataclass(frozen=True, kw_only=True, eq=False)
class EveryDoctors(Filter):
    """Off: the authorising doctor's rows alone; on, and by default, those of the whole practice group that sharing
    shows. ``doctor``: path to the doctor."""

    doctor: str
    doc: str = "false: the authorising doctor's rows alone, not those of the whole practice group."
    json_type = {"type": "boolean"}

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return {self.name: Boolean(self.name).parse(text)}

    def where(self) -> Q:
        own = Exact(F(f"{self.doctor}_id"), Slot("caller_doctor", models.BigIntegerField()))
        return Q(_Or(Slot(self.name, models.BooleanField()), own))
