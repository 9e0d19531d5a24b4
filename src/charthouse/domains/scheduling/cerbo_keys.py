"""Keys and parameters of Cerbo's appointments. Facts: reference cerbo/objects.yaml."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import Combinable, Func
from django.db.models.functions import Cast, Coalesce

from charthouse.domains.patients.cerbo_keys import patient_details
from charthouse.domains.practice.cerbo import USER
from charthouse.domains.practice.cerbo_keys import API_MADE, by, created, deleted, tag
from charthouse.domains.scheduling.models import TelehealthVisit
from charthouse.domains.scheduling.wallclock import Later
from charthouse.files.fields import Address
from charthouse.resource import sql
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    WRITE_ONLY,
    Access,
    Boolean,
    Field,
    Id,
    Integer,
    ListOf,
    Ref,
    Text,
    Wrong,
    plain_text,
)
from charthouse.resource.filters import Filter
from charthouse.resource.joined import Coded, Parts
from charthouse.resource.nested import Many
from charthouse.resource.sql import Slot
from charthouse.resource.times import Moment, parse_date

User = get_user_model()

# Cerbo's words → the words that are kept, which are DrChrono's. All others are the same in both.
STATUSES = {
    "scheduled": "",
    "confirmed": "Confirmed",
    "checked-in": "Checked In",
    "in-room": "In Room",
    "cancelled": "Cancelled",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Status(Coded):
    """A status; words that Cerbo has none for, and a practice's own, are as they are."""

    codes: Mapping[str, str]

    def parse(self, value: Any) -> str:
        text = plain_text(value)
        return self.codes.get(text, text)

    def sql(self) -> Combinable:
        whens = [When(**{self.path: kept}, then=sql.Text(word)) for word, kept in self.codes.items()]
        return Case(*whens, default=F(self.path), output_field=models.TextField())

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}

    written_schema = schema


@dataclass(frozen=True, kw_only=True, eq=False)
class Video(Parts):
    """Written as whether it is a video visit, read as an object."""

    access: Access = OPTIONAL
    stored: bool = False

    def parse(self, value: Any) -> bool:
        return Boolean(self.name).parse(value)

    def references(self, value: Any) -> Iterable[Any]:
        return ()

    def written_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Providers(Many):
    """The users who sign in as the doctor of a row."""

    access: Access = READ_ONLY

    def rows(self) -> "models.QuerySet[Any]":
        return of_doctor(OuterRef("doctor_id"))


def of_doctor(doctor: Any) -> "models.QuerySet[Any]":
    """Who signs in as a doctor, inside the SELECT of a row of the practice."""
    rows = User._default_manager.filter(practice=OuterRef("practice_id"), doctor_id=doctor, role="doctor")
    return rows.order_by("pk")


# -- parameters -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstDay(Filter):
    """The first day, UTC, of those whose appointments are listed. Cancelled ones, and blocks of time that are neither
    of a patient nor of a type, are left out unless other parameters ask for them."""

    json_type = {"type": "string", "format": "date"}
    ranged = True

    def parse(self, text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        asked = given.get("status[]") or ()
        return {
            self.name: _midnight(text),
            "with_cancelled": bool(given.get("include_cancelled")) or "cancelled" in asked,
            "with_blocks": bool(given.get("include_work_schedule")),
        }

    def where(self) -> Q:
        on = models.BooleanField()
        return (
            Q(scheduled_time__gte=Slot(self.name, models.DateTimeField()))
            & (~Q(status="Cancelled") | Q(_Said(Slot("with_cancelled", on))))
            & (Q(patient__isnull=False) | Q(profile__isnull=False) | Q(_Said(Slot("with_blocks", on))))
        )


class _Said(Func):
    template = "(%(expressions)s)"
    conditional = True
    output_field = models.BooleanField()


@dataclass(frozen=True, kw_only=True, eq=False)
class LastDay(Filter):
    """The last day, UTC."""

    json_type = {"type": "string", "format": "date"}
    ranged = True

    def parse(self, text: str, given: Mapping[str, Any]) -> dict[str, Any]:
        try:
            after = _midnight(text) + timedelta(days=1)
        except OverflowError:
            raise Wrong("Enter a valid date.") from None
        first = given.get("start_date")
        if isinstance(first, str) and first[:10] > text[:10]:
            raise Wrong("The range ends before it begins.")
        return {self.name: after}

    def where(self) -> Q:
        return Q(scheduled_time__lt=Slot(self.name, models.DateTimeField()))


def _midnight(text: str) -> datetime:
    return datetime.combine(parse_date(text), time(), UTC)


@dataclass(frozen=True, kw_only=True, eq=False)
class Statuses(Filter):
    """One of these statuses."""

    repeated = True

    def parse(self, text: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        words = [plain_text(word) for word in (text if isinstance(text, list) else [text])[:100]]
        return {self.name: [STATUSES.get(word, word) for word in words]}

    def where(self) -> Q:
        return Q(sql.IsAny(F("status"), Slot(self.name, ArrayField(models.TextField()))))

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "string"}}


def provider_is() -> Q:
    users = User._default_manager.filter(
        practice=OuterRef("practice_id"),
        pk=Slot("provider_id", models.BigIntegerField()),
        role="doctor",
        doctor_id=OuterRef("doctor_id"),
    )
    return Q(Exists(users))


# -- appointments -----------------------------------------------------------------------------------------------


def _end() -> Combinable:
    return sql.Spaced(Later(F("scheduled_time"), F("duration")))


def _type() -> Combinable:
    return Coalesce(F("profile__name"), sql.Text(""), output_field=models.TextField())


def _every() -> Combinable:
    every = Coalesce(F("recurs_every"), F("base_recurring_appointment__recurs_every"), Value(0))
    return Cast(every, models.TextField())


_IN_SERIES = Q(recur_end_date__isnull=False) | Q(base_recurring_appointment__isnull=False)


def _in_series(then: Combinable) -> Combinable:
    return Case(When(_IN_SERIES, then=then), default=sql.constant(None), output_field=models.TextField())


class _Commas(Func):
    template = "array_to_string(%(expressions)s, ',')"
    output_field = models.TextField()


def _week_days() -> Combinable:
    base = F("base_recurring_appointment__recurring_days")
    return Case(
        When(recur_end_date__isnull=False, then=_Commas(F("recurring_days"))),
        When(base_recurring_appointment__isnull=False, then=_Commas(base)),
        default=sql.constant(None),
        output_field=models.TextField(),
    )


def _group() -> Combinable:
    return _in_series(Cast(Coalesce(F("base_recurring_appointment_id"), F("id")), models.TextField()))


def _video() -> "models.QuerySet[TelehealthVisit]":
    return TelehealthVisit.objects.filter(
        practice=OuterRef("practice_id"), appointment=OuterRef("pk"), archived=False
    )


_OF_USER = ("first_name", "middle_name", "last_name", "prefix", "suffix", "npi", "email")
_PROVIDER: tuple[Field, ...] = (
    tag("user"),
    Id("id"),
    *(declared for declared in USER if declared.name in _OF_USER),
    Boolean("is_resouce", READ_ONLY, computed=lambda: sql.constant(False), nullable=False),
    Integer(
        "associated_by",
        READ_ONLY,
        computed=lambda: Coalesce(OuterRef("created_by_id"), Value(API_MADE)),
        nullable=False,
    ),
    Moment("date_associated", READ_ONLY, computed=lambda: sql.Spaced(OuterRef("created_at")), nullable=False),
    Boolean("is_active_user", READ_ONLY, source="is_active"),
    Address("url_user_details", where="/api/v1/users/%s"),
)


def user_ids(name: str, **options: Any) -> Field:
    """Ids of users, as a body gives them."""
    item = Integer("id", minimum=0, maximum=2**63 - 1)
    return ListOf(name, item=item, at_most=100, **options)


APPOINTMENT: tuple[Field, ...] = (
    tag("appointment"),
    Id("id"),
    Text("title", REQUIRED, source="reason"),
    Status("appointment_status", READ_ONLY, source="status", codes=STATUSES),
    Status(
        "status",
        WRITE_ONLY,
        codes=STATUSES,
        doc="scheduled, confirmed, checked-in, in-room, cancelled, or a word of the practice's own.",
    ),
    Text("appointment_location", READ_ONLY, source="office__name"),
    Text("appointment_type", REQUIRED, stored=False, computed=_type, nullable=False, doc="A type's name."),
    Text("appointment_note", REQUIRED, source="notes"),
    Moment("start_date_time", REQUIRED, source="scheduled_time", doc="UTC."),
    Moment(
        "end_date_time", REQUIRED, stored=False, computed=_end, nullable=False, doc="At most a day later."
    ),
    user_ids(
        "provider_ids",
        access=WRITE_ONLY,
        stored=False,
        required_unless="provider_ids[]",
        doc="One user who is a doctor.",
    ),
    user_ids("provider_ids[]", access=WRITE_ONLY, stored=False, doc="As provider_ids."),
    Ref("pt_id", WRITE_ONLY, source="patient", to="patients", doc="Whose visit it is."),
    Text("recurrance_interval", READ_ONLY, computed=_every, nullable=False, doc="Weeks; 0: no series."),
    Text("recurrance_type", READ_ONLY, computed=lambda: _in_series(sql.Text("weekly"))),
    Text("recurrance_value", READ_ONLY, computed=_week_days, doc="Days of the week, 0 Monday to 6 Sunday."),
    Text("recurrance_group_id", READ_ONLY, computed=_group, doc="The first of the series."),
    by("addedby", "created_by_id"),
    created(),
    Moment("dateupdated", READ_ONLY, source="updated_at", doc="UTC."),
    deleted(),
    patient_details(),
    Providers("associated_providers", to=User, link="", fields=_PROVIDER),
    Video(
        "telemedicine",
        fields=(
            Boolean("is_telemedicine", READ_ONLY, computed=lambda: Exists(_video()), nullable=False),
            Text(
                "telemedicine_url",
                READ_ONLY,
                computed=lambda: Subquery(_video().order_by("pk").values_list("telehealth_url")[:1]),
                doc="Empty while no video service is set up.",
            ),
        ),
        doc="Written: whether it is a video visit; left out of a create, as its type says.",
    ),
)
