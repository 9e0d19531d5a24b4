"""Filters of appointments in Cerbo's API. Source: reference cerbo/operations.yaml."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from charthouse.engine.declaration.filters import Condition
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue, parse_text
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter

User = get_user_model()

# Cerbo's words for statuses → the words that are stored, which are DrChrono's. Others are the same in both APIs.
STATUSES = {
    "scheduled": "",
    "confirmed": "Confirmed",
    "checked-in": "Checked In",
    "in-room": "In Room",
    "cancelled": "Cancelled",
}


_DAY = {"type": "string", "format": "date"}


def _read_start_date(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    statuses = given.get("status[]") or ()
    return {
        "start_date": _parse_midnight(text),
        "with_cancelled": bool(given.get("include_cancelled")) or "cancelled" in statuses,
        "with_blocks": bool(given.get("include_work_schedule")),
    }


def _match_start_date() -> Q:
    """Match appointments from a day on. Cancelled ones, and blocks of time that have neither a patient nor a type, are
    left out unless other parameters ask for them."""
    return (
        Q(scheduled_time__gte=BoundParameter("start_date", sql.TIMESTAMP))
        & (~Q(status="Cancelled") | _is_true("with_cancelled"))
        & (Q(patient__isnull=False) | Q(profile__isnull=False) | _is_true("with_blocks"))
    )


def _is_true(parameter: str) -> Q:
    return Q(sql.template("(%s)", BoundParameter(parameter, sql.BOOLEAN), output_field=sql.BOOLEAN))


def _read_end_date(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        after = _parse_midnight(text) + timedelta(days=1)
    except OverflowError:
        raise InvalidValue("Enter a valid date.") from None
    first = given.get("start_date")
    if isinstance(first, str) and first[:10] > text[:10]:
        raise InvalidValue("The range ends before it begins.")
    return {"end_date": after}


def _match_end_date() -> Q:
    return Q(scheduled_time__lt=BoundParameter("end_date", sql.TIMESTAMP))


def _parse_midnight(text: str) -> datetime:
    """Parse a day as its first moment, UTC. Raises InvalidValue."""
    return datetime.combine(parse_date(text), time(), UTC)


def _read_statuses(text: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    words = [parse_text(word) for word in (text if isinstance(text, list) else [text])[:100]]
    return {"status[]": [STATUSES.get(word, word) for word in words]}


def _match_statuses() -> Q:
    return Q(sql.is_any(F("status"), BoundParameter("status[]", ArrayField(models.TextField()))))


START_DATE = Condition(
    "start_date",
    read=_read_start_date,
    condition=_match_start_date,
    described=_DAY,
    replan=True,
    required=True,
    doc="First day, UTC.",
)


END_DATE = Condition(
    "end_date",
    read=_read_end_date,
    condition=_match_end_date,
    described=_DAY,
    replan=True,
    required=True,
    doc="Last day, UTC.",
)


STATUS_IN = Condition(
    "status[]",
    read=_read_statuses,
    condition=_match_statuses,
    described={"type": "array", "items": {"type": "string"}},
    repeated=True,
    doc="Can be repeated.",
)


def match_provider() -> Q:
    """Match appointments of the doctor as whom a user signs in."""
    users = User._default_manager.filter(
        practice=OuterRef("practice_id"),
        pk=BoundParameter("provider_id", models.BigIntegerField()),
        role="doctor",
        doctor_id=OuterRef("doctor_id"),
    )
    return Q(Exists(users))
