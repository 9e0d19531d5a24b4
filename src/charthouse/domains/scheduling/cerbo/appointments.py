"""Appointments as Cerbo shows them. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0190-appointments-in-both-apis.md"""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce

from charthouse.domains.patients.cerbo.keys import make_patient_details_key
from charthouse.domains.practice.cerbo.keys import (
    API_MADE,
    PAGES,
    make_created_key,
    make_deleted_key,
    make_object_key,
    make_policy,
    make_user_key,
)
from charthouse.domains.practice.cerbo.users import USER_KEYS
from charthouse.domains.scheduling import hooks
from charthouse.domains.scheduling.cerbo import booking
from charthouse.domains.scheduling.cerbo.filters import (
    END_DATE,
    START_DATE,
    STATUS_IN,
    STATUSES,
    match_provider,
)
from charthouse.domains.scheduling.expressions import join_array
from charthouse.domains.scheduling.models import Appointment, TelehealthVisit
from charthouse.domains.scheduling.providers import select_users_of_doctor
from charthouse.domains.scheduling.wall_clock import add_minutes
from charthouse.engine.declaration.composites import List, MappedChoice, Parse, convert
from charthouse.engine.declaration.events import plain_events
from charthouse.engine.declaration.filters import Condition, Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows, SelfRow
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import UNSTORED, Expression
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, References, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED, WRITE_ONLY
from charthouse.engine.sql import expressions as sql
from charthouse.files.types import url_key

User = get_user_model()


# Statuses that Cerbo has no word for, and a practice's own, are shown as they are.
_STATUS = MappedChoice(STATUSES, otherwise=None)


def _select_end() -> Combinable:
    return sql.format_utc(add_minutes(F("scheduled_time"), F("duration")))


def _select_type() -> Combinable:
    return Coalesce(F("profile__name"), sql.Literal(""), output_field=models.TextField())


def _select_interval() -> Combinable:
    every = Coalesce(F("recurs_every"), F("base_recurring_appointment__recurs_every"), Value(0))
    return Cast(every, models.TextField())


_IN_SERIES = Q(recur_end_date__isnull=False) | Q(base_recurring_appointment__isnull=False)


def _when_in_series(then: Combinable) -> Combinable:
    return Case(When(_IN_SERIES, then=then), default=sql.literal(None), output_field=models.TextField())


def _select_week_days() -> Combinable:
    base = "base_recurring_appointment__recurring_days"
    return Case(
        When(recur_end_date__isnull=False, then=join_array("recurring_days", ",")),
        When(base_recurring_appointment__isnull=False, then=join_array(base, ",")),
        default=sql.literal(None),
        output_field=models.TextField(),
    )


def _select_group() -> Combinable:
    return _when_in_series(Cast(Coalesce(F("base_recurring_appointment_id"), F("id")), models.TextField()))


def _select_video_visits() -> "models.QuerySet[TelehealthVisit]":
    return TelehealthVisit.objects.filter(
        practice=OuterRef("practice_id"), appointment=OuterRef("pk"), archived=False
    )


def _parse_is_video(parse: Parse, value: Any) -> bool:
    """Parse whether it is a video visit; or the object as which it is read."""
    return Boolean().parse(value.get("is_telemedicine") if isinstance(value, Mapping) else value)


def _find_no_references(value: Any) -> References:
    return ()


def _list_providers() -> "models.QuerySet[Any]":
    """List the users who sign in as the doctor of a row."""
    return select_users_of_doctor(OuterRef("doctor_id"))


# Clients send an appointment back as they read it, with what they have nothing to say about left empty.
EMPTY: tuple[Any, ...] = ("", None, [])
_USER_KEY_NAMES = ("first_name", "middle_name", "last_name", "prefix", "suffix", "npi", "email")
_PROVIDER_KEYS: tuple[Key, ...] = (
    make_object_key("user"),
    Key("id", Id(), READ_ONLY),
    *(declared for declared in USER_KEYS if declared.name in _USER_KEY_NAMES),
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
    url_key("url_user_details", path_format="/api/v1/users/%s"),
)


def make_user_ids_key(name: str, **options: Any) -> Key:
    """Make a key of the ids of users, as a body gives them."""
    return Key(name, List(Integer(minimum=0, maximum=2**63 - 1), max_items=100), **options)


APPOINTMENT_KEYS: tuple[Key, ...] = (
    make_object_key("appointment"),
    Key("id", Id(), READ_ONLY),
    Key("title", Text(multiline=True), REQUIRED, source="reason"),
    Key("appointment_status", _STATUS, READ_ONLY, source="status"),
    Key(
        "status",
        _STATUS,
        WRITE_ONLY,
        unsaid=EMPTY,
        doc=("scheduled, confirmed, checked-in, in-room, cancelled, or one of the practice's own statuses."),
    ),
    Key("appointment_location", Text(), READ_ONLY, source="office__name"),
    Key(
        "appointment_type",
        Text(),
        REQUIRED,
        source=Expression(_select_type),
        nullable=False,
        unsaid=EMPTY,
        doc="Name of an appointment type.",
    ),
    Key("appointment_note", Text(multiline=True), REQUIRED, source="notes"),
    Key(
        "start_date_time",
        Timestamp(spaced=True),
        REQUIRED,
        source="scheduled_time",
        unsaid=EMPTY,
        doc="UTC.",
    ),
    Key(
        "end_date_time",
        Timestamp(spaced=True),
        REQUIRED,
        source=Expression(_select_end),
        nullable=False,
        unsaid=EMPTY,
        doc="At most one day after the start.",
    ),
    make_user_ids_key(
        "provider_ids",
        access=WRITE_ONLY,
        source=UNSTORED,
        required_unless="provider_ids[]",
        unsaid=EMPTY,
        doc="One user who is a doctor.",
    ),
    make_user_ids_key(
        "provider_ids[]", access=WRITE_ONLY, source=UNSTORED, unsaid=EMPTY, doc="Same as provider_ids."
    ),
    Key(
        "pt_id",
        Reference("patients"),
        WRITE_ONLY,
        source="patient",
        unsaid=("",),
        doc="The patient; null if not assigned yet.",
    ),
    Key(
        "recurrance_interval",
        Text(),
        READ_ONLY,
        source=Expression(_select_interval),
        nullable=False,
        doc="Number of weeks; 0 means no series.",
    ),
    Key(
        "recurrance_type",
        Text(),
        READ_ONLY,
        source=Expression(lambda: _when_in_series(sql.Literal("weekly"))),
    ),
    Key(
        "recurrance_value",
        Text(),
        READ_ONLY,
        source=Expression(_select_week_days),
        doc="Days of the week, 0 Monday to 6 Sunday.",
    ),
    Key(
        "recurrance_group_id",
        Text(),
        READ_ONLY,
        source=Expression(_select_group),
        doc="The first appointment of the series.",
    ),
    make_user_key("addedby", "created_by_id"),
    make_created_key(),
    Key("dateupdated", Timestamp(spaced=True), READ_ONLY, source="updated_at", doc="UTC."),
    make_deleted_key(),
    make_patient_details_key(),
    Key(
        "associated_providers",
        List(Object(_PROVIDER_KEYS)),
        READ_ONLY,
        source=ChildRows(User, match=_list_providers),
    ),
    Key(
        "telemedicine",
        convert(
            Object(
                (
                    Key(
                        "is_telemedicine",
                        Boolean(),
                        READ_ONLY,
                        source=Expression(lambda: Exists(_select_video_visits())),
                        nullable=False,
                    ),
                    Key(
                        "telemedicine_url",
                        Text(),
                        READ_ONLY,
                        source=Expression(
                            lambda: Subquery(
                                _select_video_visits().order_by("pk").values_list("telehealth_url")[:1]
                            )
                        ),
                        doc="Empty if no video service is configured.",
                    ),
                )
            ),
            parse=_parse_is_video,
            find_references=_find_no_references,
        ),
        OPTIONAL,
        source=SelfRow(),
        unsaid=EMPTY,
        doc=(
            "When written: whether it is a video visit, or the object as it was read. Default on "
            "create: the type's setting."
        ),
    ),
)


_EXAMPLE: dict[str, Any] = {
    "title": "Annual physical",
    "appointment_type": "Physical exam",
    "appointment_note": "Fasting",
    "start_date_time": "2030-03-04 15:00:00",
    "end_date_time": "2030-03-04 15:30:00",
    "provider_ids": [12],
    "pt_id": 1042,
}


appointments = Resource(
    path="appointments",
    model=Appointment,
    doc="Appointments of the providers. If the time is taken, the request returns 409.",
    methods="GET POST PATCH DELETE",
    policy=make_policy("appointments"),
    page_size=PAGES,
    rows=Q(archived=False, is_virtual_base=False),
    keys=APPOINTMENT_KEYS,
    filters=(
        START_DATE,
        END_DATE,
        STATUS_IN,
        Condition(
            "provider_id",
            read=lambda text, given: {"provider_id": Reference("users").parse(text)},
            condition=match_provider,
            described={"type": "integer"},
            doc="A user id.",
        ),
        Filter("pt_id", Reference("patients"), source="patient"),
        Flag("include_cancelled", on_for="any", doc="Any value includes cancelled appointments."),
        Flag(
            "include_work_schedule",
            on_for="any",
            doc="Any value includes blocks of time without a patient or type.",
        ),
    ),
    checks=(booking.book,),
    after=(hooks.finish_booking, booking.update_video_visit, booking.send_notices),
    events=plain_events("schedule.created", "schedule.modified", "schedule.deleted", own="delete"),
    example=_EXAMPLE,
)

RESOURCES = [appointments]
