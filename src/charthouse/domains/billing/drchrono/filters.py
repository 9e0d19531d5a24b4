"""Filters that the billing resources of the DrChrono API share."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import F

from charthouse.engine.declaration.filters import Condition, InDays
from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.times import Date, parse_date
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql


def make_utc_day_filter(name: str, *, source: str = "", doc: str = "") -> Condition:
    """Return a filter: the UTC day of a timestamp."""

    def read(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        day = parse_date(text)
        return _bind_utc_days(name, day, day)

    described: Schema = {"type": "string", "format": "date"}
    return _make_utc_filter(name, source=source, doc=doc, read=read, described=described)


def make_utc_days_filter(name: str, *, source: str = "", doc: str = "") -> Condition:
    """Return a filter: a range of UTC days of a timestamp."""

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
    """Return a filter: rows with one of some codes, separated by commas."""

    def read(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        codes_wanted = [part.strip() for part in parse_text(text).split(",") if part.strip()]
        for code in codes_wanted:
            if code not in codes:
                raise InvalidValue(
                    f"Select a valid choice. {code[:100]} is not one of the available choices."
                )
        return {name: codes_wanted}

    def match() -> Q:
        return Q(sql.is_any(F(source), sql.BoundParameter(name, ArrayField(models.TextField()))))

    return Condition(name, read=read, condition=match, source=source, doc=doc)
