"""Types and parameters that several resources of billing share."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.expressions import Combinable, F

from charthouse import clock
from charthouse.domains.billing.codes import PROCEDURE_TYPES
from charthouse.engine.declaration.composites import Converted, List
from charthouse.engine.declaration.filters import Condition, InDays
from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.times import Date, parse_date
from charthouse.engine.declaration.types import Boolean, Integer, Text, Type
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql

ICD10 = re.compile(r"[A-TV-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?", re.ASCII)
# The day of a visit is that of its office's doctor.
VISIT, ZONE = "appointment__scheduled_time", "appointment__office__doctor__timezone"


# -- types ------------------------------------------------------------------------------------------------------


def _parse_procedure_type(inner: Type, value: Any) -> str:
    text = parse_text(value)
    letter = text if text in PROCEDURE_TYPES else text[-2:-1]
    if text != letter and PROCEDURE_TYPES.get(letter) != text:
        raise InvalidValue(f'"{text[:100]}" is not a valid choice.')
    return letter


def _select_procedure_type(column: Combinable) -> Combinable:
    whens = [
        When(procedure_type=letter, then=sql.Literal(label)) for letter, label in PROCEDURE_TYPES.items()
    ]
    return Case(*whens, default=Value(""), output_field=models.TextField())


def make_procedure_type(*, blank: bool = False) -> Type:
    """Shown as ``CPT(C)``; written so, or as the letter alone. ``blank``: "" may be shown."""
    accepted = [*PROCEDURE_TYPES.values(), *PROCEDURE_TYPES]
    return Converted(
        Text(choices=tuple(PROCEDURE_TYPES.values())),
        parse_with=_parse_procedure_type,
        select_with=_select_procedure_type,
        read={"type": "string", "enum": [*accepted, ""] if blank else accepted},
        written={"type": "string", "enum": accepted},
    )


def _parse_pointer(inner: Type, value: Any) -> Any:
    if isinstance(value, str) and ICD10.fullmatch(value.strip().upper()):
        code = value.strip().upper().replace(".", "")
        return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code
    return inner.parse(value)


# A place in the visit's diagnoses, counted from 1; 0 points nowhere. A write may give the ICD-10 code itself.
POINTER = Converted(Integer(minimum=0, maximum=12), parse_with=_parse_pointer)


def make_list_of_four(item: Type, fill: Any) -> List:
    """Always four on reads; a shorter one is filled up."""
    return List(item, fill=fill, max_items=4)


def _find_label(labels: Mapping[str, str], value: str | None) -> str | None:
    return None if value is None else labels.get(value, value)


def make_labeled(labels: Mapping[str, str]) -> Type:
    """A code shown as its label."""
    return Converted(Text(), render_with=partial(_find_label, labels))


def _is_past(day: date | None) -> bool:
    return day is not None and day < clock.now().date()


# Whether the day in the column has passed; a day that is not set never does.
PAST = Converted(Boolean(), render_with=_is_past)


# -- parameters -------------------------------------------------------------------------------------------------


def make_utc_day(name: str, *, source: str = "", doc: str = "") -> Condition:
    """A parameter: the UTC day of a timestamp."""

    def read(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        day = parse_date(text)
        return _bind_utc_days(name, day, day)

    described: Schema = {"type": "string", "format": "date"}
    return _make_utc_filter(name, source=source, doc=doc, read=read, described=described)


def make_utc_days(name: str, *, source: str = "", doc: str = "") -> Condition:
    """A parameter: a range of UTC days of a timestamp."""

    def read(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        days = InDays().parse(Date(), name, text)
        return _bind_utc_days(name, days[f"{name}_first"], days[f"{name}_last"])

    described: Schema = {"type": "string", "format": "date-range"}
    return _make_utc_filter(name, source=source, doc=doc, read=read, described=described, replan=True)


def _make_utc_filter(name: str, *, source: str, **options: Any) -> Condition:
    def match() -> Q:
        path = source or name
        return Q(
            **{
                f"{path}__gte": sql.BoundParameter(f"{name}_from", sql.TIMESTAMP),
                f"{path}__lt": sql.BoundParameter(f"{name}_to", sql.TIMESTAMP),
            }
        )

    return Condition(name, condition=match, source=source, **options)


def _bind_utc_days(name: str, first: date, last: date) -> dict[str, Any]:
    try:
        return {f"{name}_from": f"{first}T00:00:00Z", f"{name}_to": f"{last + timedelta(days=1)}T00:00:00Z"}
    except OverflowError:
        raise InvalidValue("Enter a valid date.") from None


def make_code_filter(name: str, codes: Mapping[str, str], *, source: str, doc: str) -> Condition:
    """A parameter: comma-separated codes; rows with any of them."""

    def read(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        wanted = [part.strip() for part in parse_text(text).split(",") if part.strip()]
        for code in wanted:
            if code not in codes:
                raise InvalidValue(
                    f"Select a valid choice. {code[:100]} is not one of the available choices."
                )
        return {name: wanted}

    def match() -> Q:
        return Q(sql.is_any(F(source), sql.BoundParameter(name, ArrayField(models.TextField()))))

    return Condition(name, read=read, condition=match, source=source, doc=doc)
