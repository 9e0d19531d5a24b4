"""Keys of a patient as Cerbo shows them, and the patient inside other objects. Facts: reference cerbo/objects.yaml."""

from collections.abc import Callable
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
from charthouse.engine.declaration.composites import Converted, List, MappedChoice
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRow, ChildRows, RelatedRow, SelfRow
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Text, Type
from charthouse.engine.declaration.values import (
    AREA_CODE,
    OPTIONAL,
    READ_ONLY,
    REMOVED,
    REQUIRED,
    SHOWN,
    InvalidValue,
    parse_text,
)
from charthouse.engine.sql import expressions as sql
from charthouse.files.types import url_key

User = get_user_model()

SEXES = {"M": "Male", "F": "Female", "?": "Other"}
# What a write calls a status → the status that is kept (reference cerbo/behaviour.md).
STATUSES = {
    **dict.fromkeys(("prospective", "-1"), "prospective"),
    **dict.fromkeys(("0", "", "active"), "active"),
    **dict.fromkeys(("inactive", "1"), "inactive"),
    **dict.fromkeys(("deceased", "dead", "2"), "deceased"),
}


def _parse_status(inner: Type, value: Any) -> str:
    """The word or number of a status → the status. Raises InvalidValue."""
    text = {True: "1", False: "0"}[value] if isinstance(value, bool) else parse_text(value)
    if text not in STATUSES:
        raise InvalidValue(f'"{text[:100]}" is not a valid choice.')
    return STATUSES[text]


# Written as the word or number of a status, read as whether it is any but active.
_INACTIVE = Converted(Boolean(), parse_with=_parse_status, written={"type": "string", "enum": list(STATUSES)})


def _check_zone(name: str) -> None:
    """Raises InvalidValue for what is no IANA name of a time zone."""
    if name not in available_timezones():
        raise InvalidValue(f'"{name[:100]}" is no time zone.')


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
        When(patient_status="A", then=sql.Literal("active")),
        When(patient_status="D", then=sql.Literal("deceased")),
        When(is_prospective=True, then=sql.Literal("prospective")),
        default=sql.Literal("inactive"),
        output_field=models.TextField(),
    )


def _primary_phone() -> Combinable:
    numbers = ("cell_phone", "home_phone", "office_phone", "phone_other")
    return Coalesce(
        *(NullIf(F(name), Value("")) for name in numbers), sql.Literal(""), output_field=models.TextField()
    )


def _provider() -> Combinable:
    """The user who signs in as the patient's doctor."""
    users = User._default_manager.filter(
        practice=OuterRef("practice_id"), doctor_id=OuterRef("doctor_id"), role="doctor"
    )
    return Subquery(users.order_by("pk").values_list("pk")[:1])


def _covered(name: str, column: str, *, left: str = SHOWN) -> Key:
    """A key of the primary insurance, flat."""

    def shown() -> Combinable:
        coverages = Coverage.objects.filter(
            practice=OuterRef("practice_id"), patient=OuterRef("pk"), rank=1, archived=False
        )
        return Coalesce(
            Subquery(coverages.values_list(column)[:1]), sql.Literal(""), output_field=models.TextField()
        )

    return Key(
        f"insurance_{name}",
        Text(),
        READ_ONLY,
        source=Expression(shown),
        nullable=False,
        deidentified=left,
        doc=f"As insurance.{name}",
    )


def _insurance(name: str, rank: Coverage.Rank) -> Key:
    return Key(
        name,
        Object(
            (
                Key("plan", Text(), source="insurance_plan_name"),
                Key("group", Text(), source="insurance_group_number"),
                Key("id", Text(), source="insurance_id_number"),
                Key("type", Text(choices=codes.PLAN_TYPES), source="insurance_plan_type"),
                Key("phone", Text(), source="insurance_phone"),
                Key("notes", Text(), source="notes"),
            )
        ),
        source=ChildRow(Coverage, link="patient", where={"rank": rank.value}),
        doc="An object changes the keys that it names; null takes the insurance away.",
    )


def _about(name: str, below: str) -> Key:
    return url_key(f"url_{name}", where=f"/api/v1/patients/%s/{below}", doc=f"Where its {name} are listed.")


def _text(name: str, source: str = "", doc: str = "") -> Key:
    return Key(name, Text(), OPTIONAL, source=source, doc=doc)


PATIENT_TAG: tuple[Key, ...] = (
    Key("name", Text(), READ_ONLY, source="tag__name"),
    Key("tag_category", Text(), READ_ONLY, source="tag__category"),
    Key("notes", Text(), READ_ONLY),
    Key("date_applied", Timestamp(spaced=True), READ_ONLY, source="applied_at"),
)

_WHO: tuple[Key, ...] = (
    tag("patient"),
    Key("id", Id(as_text=True), READ_ONLY),
    Key("first_name", Text(), REQUIRED),
    _text("middle_name"),
    Key("last_name", Text(), REQUIRED),
    _text("nicknames", "nick_name"),
    Key("dob", Date(), REQUIRED, source="date_of_birth"),
    Key("sex", MappedChoice(SEXES, otherwise="?"), REQUIRED, source="gender"),
    _text("gender", "gender_said", "In the patient's own words."),
    Key("pronouns", Text(), READ_ONLY, doc="LOINC answer code."),
    Key("ethnicity", Text(choices=codes.ETHNICITIES), OPTIONAL, default="blank"),
    *(_text(name) for name in ("alt_id", "hint_id", "active_campaign_id", "stripe_api_id", "fullscript_id")),
)

_REACHED: tuple[Key, ...] = (
    _text("email1", "email", "The primary one: invitations go there."),
    _text("email2"),
    _text("skype_name"),
    _text("phone_home", "home_phone"),
    _text("phone_mobile", "cell_phone"),
    _text("phone_work", "office_phone"),
    _text("phone_other"),
    Key(
        "primary_phone",
        Text(),
        READ_ONLY,
        source=Expression(_primary_phone),
        nullable=False,
        deidentified=AREA_CODE,
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
    Key(
        "address",
        Object(
            (
                Key("address1", Text(), READ_ONLY, source="address"),
                Key("address2", Text(), READ_ONLY),
                Key("zip", Text(), READ_ONLY, source="zip_code"),
                Key("city", Text(), READ_ONLY),
                Key("state", Text(), READ_ONLY),
                Key("country", Text(), READ_ONLY),
            )
        ),
        READ_ONLY,
        source=SelfRow(),
        doc="The same address as one object",
    ),
)

_PAID_BY: tuple[Key, ...] = (
    _covered("plan", "insurance_plan_name"),
    _covered("group", "insurance_group_number", left=REMOVED),
    _covered("id", "insurance_id_number", left=REMOVED),
    _covered("type", "insurance_plan_type"),
    _covered("phone", "insurance_phone"),
    _covered("notes", "notes", left=REMOVED),
    _insurance("insurance", Coverage.Rank.PRIMARY),
    _insurance("secondary_insurance", Coverage.Rank.SECONDARY),
    _insurance("tertiary_insurance", Coverage.Rank.TERTIARY),
    _insurance("quaternary_insurance", Coverage.Rank.QUATERNARY),
    *(_text(name) for name in ("billing_plan", "billing_dependent", "group_account", "dependent_of")),
)

_KEPT: tuple[Key, ...] = (
    Key(
        "portal_access",
        Boolean(),
        READ_ONLY,
        source=Expression(lambda: Exists(access())),
        nullable=False,
        doc="Whether the patient can sign in to the portal.",
    ),
    Key(
        "inactive",
        _INACTIVE,
        OPTIONAL,
        source=Expression(_is_not_active),
        nullable=False,
        default="active",
        example="deceased",
        doc="Written: prospective or -1, 0 or empty, inactive or 1, deceased, dead or 2. Read: true unless active.",
    ),
    Key("inactive_date", Date(), READ_ONLY),
    Key(
        "patient_status_description",
        Text(choices=("active", "inactive", "prospective", "deceased")),
        READ_ONLY,
        source=Expression(_status),
        nullable=False,
    ),
    _text("drivers_license_number"),
    _text("drivers_license_state"),
    Key(
        "opt_in_preferences",
        Object(
            (
                Key(
                    "marketing",
                    Object(
                        (
                            Key("email", Text(), READ_ONLY, source="marketing_email"),
                            Key("sms", Text(), READ_ONLY, source="marketing_sms"),
                        )
                    ),
                    READ_ONLY,
                    source=SelfRow(),
                ),
            )
        ),
        READ_ONLY,
        source=SelfRow(),
    ),
    Key(
        "primary_provider_id",
        Reference("users"),
        OPTIONAL,
        source=Expression(_provider),
        nullable=True,
        doc="A user who is a doctor; left out of a create, the practice's primary user's doctor.",
    ),
    Key("timezone", Text(check=_check_zone), OPTIONAL, doc="IANA name.", example="America/Denver"),
    Key("tags", List(Object(PATIENT_TAG)), READ_ONLY, source=ChildRows(PatientTag, link="patient")),
    by("addedby", as_text=True),
    Key(
        "deletedby",
        Text(),
        READ_ONLY,
        source=Expression(lambda: sql.literal(None)),
        doc="Null: a deleted patient is not shown.",
    ),
    created(),
    Key("lastupdated", Timestamp(spaced=True), READ_ONLY, source="updated_at"),
    by("updatedby", "updated_by_id", as_text=True),
    Key("dateupdated", Timestamp(spaced=True), READ_ONLY, source="updated_at", doc="As lastupdated, UTC."),
    _about("charges", "charges"),
    _about("documents", "documents"),
    _about("encounters", "encounters"),
    _about("finances", "invoices"),
    _about("orders", "orders"),
    url_key("url_schedule", where="/api/v1/appointments?pt_id=%s", doc="Where its appointments are listed."),
)

PATIENT = (*_WHO, *_REACHED, *_PAID_BY, *_KEPT)

SUMMARY: tuple[Key, ...] = (
    tag("patient"),
    Key("id", Id(as_text=True), READ_ONLY),
    Key("first_name", Text(), READ_ONLY),
    Key("middle_name", Text(), READ_ONLY),
    Key("last_name", Text(), READ_ONLY),
    Key("dob", Date(), READ_ONLY, source="date_of_birth"),
    Key("sex", MappedChoice(SEXES, otherwise="?"), READ_ONLY, source="gender"),
    Key("email1", Text(), READ_ONLY, source="email"),
    url_key("url_patient_details", where="/api/v1/patients/%s"),
)


def patient_details(
    via: str = "patient", *, match: "Callable[[], models.QuerySet[Any]] | None" = None, doc: str = ""
) -> Key:
    """The patient that a row is about, in short. ``via`` and ``match`` as RelatedRow has them."""
    source = RelatedRow(Patient, via=via, match=match)
    return Key("patient_details", Object(SUMMARY), READ_ONLY, source=source, doc=doc)
