"""Kinds of keys and parameters that billing alone has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.expressions import Combinable, F

from charthouse import clock
from charthouse.domains.billing.codes import PROCEDURE_TYPES
from charthouse.resource import sql
from charthouse.resource.fields import Boolean, Integer, ListOf, Ref, Text, Wrong, plain_text
from charthouse.resource.filters import DateIs, DateRange, Filter
from charthouse.resource.times import parse_date

ICD10 = re.compile(r"[A-TV-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?", re.ASCII)
# The day of a visit is that of its office's doctor.
VISIT, ZONE = "appointment__scheduled_time", "appointment__office__doctor__timezone"


@dataclass(frozen=True, kw_only=True, eq=False)
class ProcedureType(Text):
    """Shown as ``CPT(C)``; written so, or as the letter alone."""

    def parse(self, value: Any) -> str:
        text = plain_text(value)
        letter = text if text in PROCEDURE_TYPES else text[-2:-1]
        if text != letter and PROCEDURE_TYPES.get(letter) != text:
            raise Wrong(f'"{text[:100]}" is not a valid choice.')
        return letter

    def shown(self, column: Combinable) -> Combinable:
        whens = [
            When(procedure_type=letter, then=sql.Text(label)) for letter, label in PROCEDURE_TYPES.items()
        ]
        return Case(*whens, default=Value(""), output_field=models.TextField())

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*PROCEDURE_TYPES.values(), *PROCEDURE_TYPES]}


@dataclass(frozen=True, kw_only=True, eq=False)
class Pointer(Integer):
    """A place in the visit's diagnoses, counted from 1; 0 points nowhere. A write may give the ICD-10 code itself."""

    minimum: int = 0
    maximum: int = 12

    def parse(self, value: Any) -> Any:
        if isinstance(value, str) and ICD10.fullmatch(value.strip().upper()):
            code = value.strip().upper().replace(".", "")
            return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code
        return super().parse(value)


@dataclass(frozen=True, kw_only=True, eq=False)
class ListOfFour(ListOf):
    """Always four on reads; a shorter one is filled up with ``empty``."""

    empty: Any
    at_most: int = 4

    def parse(self, value: Any) -> list[Any]:
        items = super().parse(value)
        return items + [self.empty] * (self.at_most - len(items))


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled(Text):
    """A code shown as its label."""

    labels: Mapping[str, str]

    def finish(self, value: str | None) -> str | None:
        return None if value is None else self.labels.get(value, value)


@dataclass(frozen=True, kw_only=True, eq=False)
class Passed(Boolean):
    """Whether the day in the column has passed; a day that isn't set never does."""

    def finish(self, value: Any) -> bool:
        return value is not None and value < clock.now().date()


@dataclass(frozen=True, kw_only=True, eq=False)
class UtcDay(DateIs):
    """The UTC day of a moment."""

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return _moments(self.name, parse_date(text), parse_date(text))

    def where(self) -> Q:
        return _within(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class UtcDays(DateRange):
    """A range of UTC days of a moment."""

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        days = super().parse(text, given)
        return _moments(self.name, days[f"{self.name}_first"], days[f"{self.name}_last"])

    def where(self) -> Q:
        return _within(self)


def _moments(name: str, first: Any, last: Any) -> dict[str, Any]:
    try:
        return {f"{name}_from": f"{first}T00:00:00Z", f"{name}_to": f"{last + timedelta(days=1)}T00:00:00Z"}
    except OverflowError:
        raise Wrong("Enter a valid date.") from None


def _within(this: Filter) -> Q:
    moment = models.DateTimeField()
    return Q(
        **{
            f"{this.path}__gte": sql.Slot(f"{this.name}_from", moment),
            f"{this.path}__lt": sql.Slot(f"{this.name}_to", moment),
        }
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class AnyOf(Filter):
    """Comma-separated codes; rows with any of them."""

    codes: Mapping[str, str]

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        wanted = [part.strip() for part in plain_text(text).split(",") if part.strip()]
        for code in wanted:
            if code not in self.codes:
                raise Wrong(f"Select a valid choice. {code[:100]} is not one of the available choices.")
        return {self.name: wanted}

    def where(self) -> Q:
        return Q(sql.IsAny(F(self.path), sql.Slot(self.name, ArrayField(models.TextField()))))


@dataclass(frozen=True, kw_only=True, eq=False)
class Holds(Filter):
    """A text, or with ``ids`` an id, that is one of a column's array."""

    ids: bool = False

    def parse(self, text: str, given: Mapping[str, str]) -> dict[str, Any]:
        return {self.name: Ref(self.name, to="").parse(text) if self.ids else plain_text(text)}

    def where(self) -> Q:
        kind: Any = models.BigIntegerField() if self.ids else models.TextField()
        return Q(sql.IsAny(sql.Slot(self.name, kind), F(self.path)))

    def schema(self) -> dict[str, Any]:
        return {"type": "integer"} if self.ids else {"type": "string"}
