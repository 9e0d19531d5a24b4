"""Filters of charges and estimates by day in the Cerbo API."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

from django.db import models
from django.db.models import Q

from charthouse.engine.declaration.filters import Condition, Filter
from charthouse.engine.declaration.json_schema import Schema
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.sql.expressions import BoundParameter

CREATED, TRANSACTION = "created", "transaction"


def _parse_date_method(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if text not in (CREATED, TRANSACTION):
        raise InvalidValue(f"Select a valid choice. {text[:100]} is not one of the available choices.")
    return {}


def _parse_day(name: str, text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    day = parse_date(text)
    try:
        after = datetime.combine(day + timedelta(days=1), time(), UTC)
    except OverflowError:
        raise InvalidValue("Enter a valid date.") from None
    return {
        name: day,
        f"{name}_midnight": datetime.combine(day, time(), UTC),
        f"{name}_over": after,
        "by_transaction": given.get("date_method") == TRANSACTION,
    }


def _parse_last_day(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    found = _parse_day("end_date", text, given)
    try:
        is_reversed = found["end_date"] < parse_date(given.get("start_date"))
    except InvalidValue:
        is_reversed = False  # that error is reported elsewhere
    if is_reversed:
        raise InvalidValue("The range ends before it begins.")
    return found


def _match_either(transaction: Q, creation: Q) -> Q:
    chosen = Q(BoundParameter("by_transaction", models.BooleanField()))
    return (chosen & transaction) | (~chosen & creation)


def _match_first_day() -> Q:
    day = BoundParameter("start_date", models.DateField())
    midnight = BoundParameter("start_date_midnight", models.DateTimeField())
    return _match_either(Q(transaction_date__gte=day), Q(created_at__gte=midnight))


def _match_last_day() -> Q:
    day = BoundParameter("end_date", models.DateField())
    over = BoundParameter("end_date_over", models.DateTimeField())
    return _match_either(Q(transaction_date__lte=day), Q(created_at__lt=over))


_DATE: Schema = {"type": "string", "format": "date"}

# ``date_method`` says which day of a row the other two compare. Days are UTC.
DAY_FILTERS: tuple[Filter, ...] = (
    Condition(
        "date_method",
        read=_parse_date_method,
        described={"type": "string", "enum": [CREATED, TRANSACTION], "default": CREATED},
        doc="Whether dates refer to creation (UTC) or to the transaction.",
    ),
    Condition(
        "start_date",
        read=partial(_parse_day, "start_date"),
        condition=_match_first_day,
        described=_DATE,
        replan=True,
        doc="First day.",
    ),
    Condition(
        "end_date",
        read=_parse_last_day,
        condition=_match_last_day,
        described=_DATE,
        replan=True,
        doc="Last day.",
    ),
)
