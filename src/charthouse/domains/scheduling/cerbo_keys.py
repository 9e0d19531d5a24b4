"""Keys and parameters of Cerbo's appointments. Facts: reference cerbo/objects.yaml."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce

from charthouse.domains.patients.cerbo_keys import patient_details
from charthouse.domains.practice.cerbo import USER
from charthouse.domains.practice.cerbo_keys import API_MADE, by, created, deleted, tag
from charthouse.domains.scheduling.models import TelehealthVisit
from charthouse.domains.scheduling.wallclock import add_minutes
from charthouse.engine.declaration.composites import Converted, List, MappedChoice
from charthouse.engine.declaration.filters import Condition
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows, SelfRow
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Timestamp, parse_date
from charthouse.engine.declaration.types import Boolean, Integer, References, Text, Type
from charthouse.engine.declaration.values import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    WRITE_ONLY,
    InvalidValue,
    parse_text,
)
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.files.types import url_key

User = get_user_model()

# Cerbo's words → the words that are kept, which are DrChrono's. All others are the same in both.
STATUSES = {
    "scheduled": "",
    "confirmed": "Confirmed",
    "checked-in": "Checked In",
    "in-room": "In Room",
    "cancelled": "Cancelled",
}


# Words that Cerbo has none for, and a practice's own, are as they are.
_STATUS = MappedChoice(STATUSES, otherwise=None)


def of_doctor(doctor: Any) -> "models.QuerySet[Any]":
    """Who signs in as a doctor, inside the SELECT of a row of the practice."""
    rows = User._default_manager.filter(practice=OuterRef("practice_id"), doctor_id=doctor, role="doctor")
    return rows.order_by("pk")


# -- parameters -------------------------------------------------------------------------------------------------


_DAY = {"type": "string", "format": "date"}


def _read_start_date(text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    statuses = given.get("status[]") or ()
    return {
        "start_date": _parse_midnight(text),
        "with_cancelled": bool(given.get("include_cancelled")) or "cancelled" in statuses,
        "with_blocks": bool(given.get("include_work_schedule")),
    }


def _match_start_date() -> Q:
    """Cancelled ones, and blocks of time that are neither of a patient nor of a type, are left out unless other
    parameters ask for them."""
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
    """The beginning of a day, UTC. Raises InvalidValue."""
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
    doc="The first day, UTC.",
)
END_DATE = Condition(
    "end_date",
    read=_read_end_date,
    condition=_match_end_date,
    described=_DAY,
    replan=True,
    required=True,
    doc="The last day, UTC.",
)
STATUS_IN = Condition(
    "status[]",
    read=_read_statuses,
    condition=_match_statuses,
    described={"type": "array", "items": {"type": "string"}},
    repeated=True,
    doc="May be given several times.",
)


def provider_is() -> Q:
    users = User._default_manager.filter(
        practice=OuterRef("practice_id"),
        pk=BoundParameter("provider_id", models.BigIntegerField()),
        role="doctor",
        doctor_id=OuterRef("doctor_id"),
    )
    return Q(Exists(users))


# -- appointments -----------------------------------------------------------------------------------------------


def _end() -> Combinable:
    return sql.format_utc(add_minutes(F("scheduled_time"), F("duration")))


def _type() -> Combinable:
    return Coalesce(F("profile__name"), sql.Literal(""), output_field=models.TextField())


def _every() -> Combinable:
    every = Coalesce(F("recurs_every"), F("base_recurring_appointment__recurs_every"), Value(0))
    return Cast(every, models.TextField())


_IN_SERIES = Q(recur_end_date__isnull=False) | Q(base_recurring_appointment__isnull=False)


def _in_series(then: Combinable) -> Combinable:
    return Case(When(_IN_SERIES, then=then), default=sql.literal(None), output_field=models.TextField())


def _join(column: str) -> Combinable:
    return sql.template("array_to_string(%s, ',')", F(column), output_field=sql.TEXT)


def _week_days() -> Combinable:
    base = "base_recurring_appointment__recurring_days"
    return Case(
        When(recur_end_date__isnull=False, then=_join("recurring_days")),
        When(base_recurring_appointment__isnull=False, then=_join(base)),
        default=sql.literal(None),
        output_field=models.TextField(),
    )


def _group() -> Combinable:
    return _in_series(Cast(Coalesce(F("base_recurring_appointment_id"), F("id")), models.TextField()))


def _video() -> "models.QuerySet[TelehealthVisit]":
    return TelehealthVisit.objects.filter(
        practice=OuterRef("practice_id"), appointment=OuterRef("pk"), archived=False
    )


def _parse_is_video(inner: Type, value: Any) -> bool:
    """Written as whether it is a video visit, read as an object."""
    return Boolean().parse(value)


def _find_no_references(inner: Type, value: Any) -> References:
    return ()


def _list_providers() -> "models.QuerySet[Any]":
    """The users who sign in as the doctor of a row."""
    return of_doctor(OuterRef("doctor_id"))


_OF_USER = ("first_name", "middle_name", "last_name", "prefix", "suffix", "npi", "email")
_PROVIDER: tuple[Key, ...] = (
    tag("user"),
    Key("id", Id(), READ_ONLY),
    *(declared for declared in USER if declared.name in _OF_USER),
    Key("is_resouce", Boolean(), READ_ONLY, source=Expression(lambda: sql.literal(False)), nullable=False),
    Key(
        "associated_by",
        Integer(),
        READ_ONLY,
        source=Expression(lambda: Coalesce(OuterRef("created_by_id"), Value(API_MADE))),
        nullable=False,
    ),
    Key(
        "date_associated",
        Timestamp(spaced=True),
        READ_ONLY,
        source=Expression(lambda: sql.format_utc(OuterRef("created_at"))),
        nullable=False,
    ),
    Key("is_active_user", Boolean(), READ_ONLY, source="is_active"),
    url_key("url_user_details", where="/api/v1/users/%s"),
)


def user_ids(name: str, **options: Any) -> Key:
    """Ids of users, as a body gives them."""
    return Key(name, List(Integer(minimum=0, maximum=2**63 - 1), max_items=100), **options)


APPOINTMENT: tuple[Key, ...] = (
    tag("appointment"),
    Key("id", Id(), READ_ONLY),
    Key("title", Text(), REQUIRED, source="reason"),
    Key("appointment_status", _STATUS, READ_ONLY, source="status"),
    Key(
        "status",
        _STATUS,
        WRITE_ONLY,
        doc="scheduled, confirmed, checked-in, in-room, cancelled, or a word of the practice's own.",
    ),
    Key("appointment_location", Text(), READ_ONLY, source="office__name"),
    Key("appointment_type", Text(), REQUIRED, source=Expression(_type), nullable=False, doc="A type's name."),
    Key("appointment_note", Text(), REQUIRED, source="notes"),
    Key("start_date_time", Timestamp(spaced=True), REQUIRED, source="scheduled_time", doc="UTC."),
    Key(
        "end_date_time",
        Timestamp(spaced=True),
        REQUIRED,
        source=Expression(_end),
        nullable=False,
        doc="At most a day later.",
    ),
    user_ids(
        "provider_ids",
        access=WRITE_ONLY,
        source=UNSTORED,
        required_unless="provider_ids[]",
        doc="One user who is a doctor.",
    ),
    user_ids("provider_ids[]", access=WRITE_ONLY, source=UNSTORED, doc="As provider_ids."),
    Key("pt_id", Reference("patients"), WRITE_ONLY, source="patient", doc="Whose visit it is."),
    Key(
        "recurrance_interval",
        Text(),
        READ_ONLY,
        source=Expression(_every),
        nullable=False,
        doc="Weeks; 0: no series.",
    ),
    Key("recurrance_type", Text(), READ_ONLY, source=Expression(lambda: _in_series(sql.Literal("weekly")))),
    Key(
        "recurrance_value",
        Text(),
        READ_ONLY,
        source=Expression(_week_days),
        doc="Days of the week, 0 Monday to 6 Sunday.",
    ),
    Key("recurrance_group_id", Text(), READ_ONLY, source=Expression(_group), doc="The first of the series."),
    by("addedby", "created_by_id"),
    created(),
    Key("dateupdated", Timestamp(spaced=True), READ_ONLY, source="updated_at", doc="UTC."),
    deleted(),
    patient_details(),
    Key(
        "associated_providers",
        List(Object(_PROVIDER)),
        READ_ONLY,
        source=ChildRows(User, match=_list_providers),
    ),
    Key(
        "telemedicine",
        Converted(
            Object(
                (
                    Key(
                        "is_telemedicine",
                        Boolean(),
                        READ_ONLY,
                        source=Expression(lambda: Exists(_video())),
                        nullable=False,
                    ),
                    Key(
                        "telemedicine_url",
                        Text(),
                        READ_ONLY,
                        source=Expression(
                            lambda: Subquery(_video().order_by("pk").values_list("telehealth_url")[:1])
                        ),
                        doc="Empty while no video service is set up.",
                    ),
                )
            ),
            parse_with=_parse_is_video,
            find_references_with=_find_no_references,
        ),
        OPTIONAL,
        source=SelfRow(),
        doc="Written: whether it is a video visit; left out of a create, as its type says.",
    ),
)
