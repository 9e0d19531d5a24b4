"""Keys of a patient as Cerbo shows them, and the patient inside other objects. Facts: reference cerbo/objects.yaml."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Coalesce, NullIf

from charthouse.domains.patients import codes
from charthouse.domains.patients.models import Coverage, Patient, PatientTag, PortalAccess
from charthouse.domains.practice.cerbo_keys import by, created, tag
from charthouse.files.fields import Address
from charthouse.resource import sql
from charthouse.resource.anonymous import AREA, KEPT, NOTHING
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    Boolean,
    Field,
    Id,
    Ref,
    Text,
    Wrong,
    plain_text,
)
from charthouse.resource.joined import Coded, Linked, Parts
from charthouse.resource.nested import Many, One
from charthouse.resource.times import Date, Moment

User = get_user_model()

SEXES = {"M": "Male", "F": "Female", "?": "Other"}
# What a write calls a status → the status that is kept (reference cerbo/behaviour.md).
STATUSES = {
    **dict.fromkeys(("prospective", "-1"), "prospective"),
    **dict.fromkeys(("0", "", "active"), "active"),
    **dict.fromkeys(("inactive", "1"), "inactive"),
    **dict.fromkeys(("deceased", "dead", "2"), "deceased"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Inactive(Field):
    """Written as the word or number of a status, read as whether it is any but active."""

    json_type = {"type": "boolean"}

    def parse(self, value: Any) -> str:
        text = {True: "1", False: "0"}[value] if isinstance(value, bool) else plain_text(value)
        if text not in STATUSES:
            raise Wrong(f'"{text[:100]}" is not a valid choice.')
        return STATUSES[text]

    def written_schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(STATUSES)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Zone(Text):
    """The IANA name of a time zone."""

    def parse(self, value: Any) -> str:
        text = super().parse(value)
        if text and text not in available_timezones():
            raise Wrong(f'"{text[:100]}" is no time zone.')
        return text


def zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def access() -> "models.QuerySet[PortalAccess]":
    """The access to the portal that the patient of a row has."""
    return PortalAccess.objects.filter(
        practice=OuterRef("practice_id"),
        patient=OuterRef("pk"),
        archived=False,
        activated_on__isnull=False,
        disabled_on=None,
    )


def _is_not_active() -> Combinable:
    return ExpressionWrapper(~Q(patient_status="A"), output_field=models.BooleanField())


def _status() -> Combinable:
    return Case(
        When(patient_status="A", then=sql.Text("active")),
        When(patient_status="D", then=sql.Text("deceased")),
        When(is_prospective=True, then=sql.Text("prospective")),
        default=sql.Text("inactive"),
        output_field=models.TextField(),
    )


def _primary_phone() -> Combinable:
    numbers = ("cell_phone", "home_phone", "office_phone", "phone_other")
    return Coalesce(
        *(NullIf(F(name), Value("")) for name in numbers), sql.Text(""), output_field=models.TextField()
    )


def _provider() -> Combinable:
    """The user who signs in as the patient's doctor."""
    users = User._default_manager.filter(
        practice=OuterRef("practice_id"), doctor_id=OuterRef("doctor_id"), role="doctor"
    )
    return Subquery(users.order_by("pk").values_list("pk")[:1])


def _covered(name: str, column: str, *, left: str = KEPT) -> Field:
    """A key of the primary insurance, flat."""

    def shown() -> Combinable:
        coverages = Coverage.objects.filter(
            practice=OuterRef("practice_id"), patient=OuterRef("pk"), rank=1, archived=False
        )
        return Coalesce(
            Subquery(coverages.values_list(column)[:1]), sql.Text(""), output_field=models.TextField()
        )

    return Text(
        f"insurance_{name}", READ_ONLY, computed=shown, nullable=False, left=left, doc=f"As insurance.{name}"
    )


def _insurance(name: str, rank: Coverage.Rank) -> Field:
    return One(
        name,
        to=Coverage,
        link="patient",
        where={"rank": rank.value},
        fields=(
            Text("plan", source="insurance_plan_name"),
            Text("group", source="insurance_group_number"),
            Text("id", source="insurance_id_number"),
            Text("type", source="insurance_plan_type", choices=codes.PLAN_TYPES),
            Text("phone", source="insurance_phone"),
            Text("notes", source="notes"),
        ),
        doc="An object changes the keys that it names; null takes the insurance away.",
    )


def _about(name: str, below: str) -> Field:
    return Address(f"url_{name}", where=f"/api/v1/patients/%s/{below}", doc=f"Where its {name} are listed.")


def _text(name: str, source: str = "", doc: str = "") -> Field:
    return Text(name, OPTIONAL, source=source, doc=doc)


PATIENT_TAG: tuple[Field, ...] = (
    Text("name", READ_ONLY, source="tag__name"),
    Text("tag_category", READ_ONLY, source="tag__category"),
    Text("notes", READ_ONLY),
    Moment("date_applied", READ_ONLY, source="applied_at"),
)

_WHO: tuple[Field, ...] = (
    tag("patient"),
    Id("id", as_text=True),
    Text("first_name", REQUIRED),
    _text("middle_name"),
    Text("last_name", REQUIRED),
    _text("nicknames", "nick_name"),
    Date("dob", REQUIRED, source="date_of_birth"),
    Coded("sex", REQUIRED, source="gender", codes=SEXES, otherwise="?"),
    _text("gender", "gender_said", "In the patient's own words."),
    Text("pronouns", READ_ONLY, doc="LOINC answer code."),
    Text("ethnicity", OPTIONAL, choices=codes.ETHNICITIES, default="blank"),
    *(_text(name) for name in ("alt_id", "hint_id", "active_campaign_id", "stripe_api_id", "fullscript_id")),
)

_REACHED: tuple[Field, ...] = (
    _text("email1", "email", "The primary one: invitations go there."),
    _text("email2"),
    _text("skype_name"),
    _text("phone_home", "home_phone"),
    _text("phone_mobile", "cell_phone"),
    _text("phone_work", "office_phone"),
    _text("phone_other"),
    Text(
        "primary_phone",
        READ_ONLY,
        computed=_primary_phone,
        nullable=False,
        left=AREA,
        doc="The first there is of mobile, home, work and other.",
    ),
    _text("fax_home"),
    _text("fax_work"),
    _text("address1", "address"),
    _text("address2"),
    _text("city"),
    _text("state"),
    _text("zip", "zip_code"),
    _text("country"),
    Parts(
        "address",
        doc="The same address as one object",
        fields=(
            Text("address1", READ_ONLY, source="address"),
            Text("address2", READ_ONLY),
            Text("zip", READ_ONLY, source="zip_code"),
            Text("city", READ_ONLY),
            Text("state", READ_ONLY),
            Text("country", READ_ONLY),
        ),
    ),
)

_PAID_BY: tuple[Field, ...] = (
    _covered("plan", "insurance_plan_name"),
    _covered("group", "insurance_group_number", left=NOTHING),
    _covered("id", "insurance_id_number", left=NOTHING),
    _covered("type", "insurance_plan_type"),
    _covered("phone", "insurance_phone"),
    _covered("notes", "notes", left=NOTHING),
    _insurance("insurance", Coverage.Rank.PRIMARY),
    _insurance("secondary_insurance", Coverage.Rank.SECONDARY),
    _insurance("tertiary_insurance", Coverage.Rank.TERTIARY),
    _insurance("quaternary_insurance", Coverage.Rank.QUATERNARY),
    *(_text(name) for name in ("billing_plan", "billing_dependent", "group_account", "dependent_of")),
)

_KEPT: tuple[Field, ...] = (
    Boolean(
        "portal_access",
        READ_ONLY,
        computed=lambda: Exists(access()),
        nullable=False,
        doc="Whether the patient can sign in to the portal.",
    ),
    Inactive(
        "inactive",
        OPTIONAL,
        stored=False,
        computed=_is_not_active,
        nullable=False,
        default="active",
        example="deceased",
        doc="Written: prospective or -1, 0 or empty, inactive or 1, deceased, dead or 2. Read: true unless active.",
    ),
    Date("inactive_date", READ_ONLY),
    Text(
        "patient_status_description",
        READ_ONLY,
        computed=_status,
        nullable=False,
        choices=("active", "inactive", "prospective", "deceased"),
    ),
    _text("drivers_license_number"),
    _text("drivers_license_state"),
    Parts(
        "opt_in_preferences",
        fields=(
            Parts(
                "marketing",
                fields=(
                    Text("email", READ_ONLY, source="marketing_email"),
                    Text("sms", READ_ONLY, source="marketing_sms"),
                ),
            ),
        ),
    ),
    Ref(
        "primary_provider_id",
        OPTIONAL,
        to="users",
        stored=False,
        computed=_provider,
        nullable=True,
        doc="A user who is a doctor; left out of a create, the practice's primary user's doctor.",
    ),
    Zone("timezone", OPTIONAL, doc="IANA name.", example="America/Denver"),
    Many("tags", READ_ONLY, to=PatientTag, link="patient", fields=PATIENT_TAG),
    by("addedby", as_text=True),
    Text(
        "deletedby",
        READ_ONLY,
        computed=lambda: sql.constant(None),
        doc="Null: a deleted patient is not shown.",
    ),
    created(),
    Moment("lastupdated", READ_ONLY, source="updated_at"),
    by("updatedby", "updated_by_id", as_text=True),
    Moment("dateupdated", READ_ONLY, source="updated_at", doc="As lastupdated, UTC."),
    _about("charges", "charges"),
    _about("documents", "documents"),
    _about("encounters", "encounters"),
    _about("finances", "invoices"),
    _about("orders", "orders"),
    Address("url_schedule", where="/api/v1/appointments?pt_id=%s", doc="Where its appointments are listed."),
)

PATIENT = (*_WHO, *_REACHED, *_PAID_BY, *_KEPT)

SUMMARY: tuple[Field, ...] = (
    tag("patient"),
    Id("id", as_text=True),
    Text("first_name", READ_ONLY),
    Text("middle_name", READ_ONLY),
    Text("last_name", READ_ONLY),
    Date("dob", READ_ONLY, source="date_of_birth"),
    Coded("sex", READ_ONLY, source="gender", codes=SEXES, otherwise="?"),
    Text("email1", READ_ONLY, source="email"),
    Address("url_patient_details", where="/api/v1/patients/%s"),
)


def patient_details(via: str = "patient", **options: Any) -> Field:
    """The patient that a row is about, in short."""
    return Linked("patient_details", to=Patient, via=via, fields=SUMMARY, **options)
