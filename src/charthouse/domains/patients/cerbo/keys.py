"""Keys of a patient as Cerbo shows them, and of the patient inside other objects. Source: reference
cerbo/objects.yaml."""

from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import Combinable, ExpressionWrapper
from django.db.models.functions import Cast, Coalesce, NullIf

from charthouse.domains.patients import codes
from charthouse.domains.patients.models import Coverage, Patient, PatientTag, PortalAccess
from charthouse.domains.patients.text_types import choose_text_type
from charthouse.domains.practice.cerbo.keys import (
    make_created_key,
    make_object_key,
    make_user_key,
    select_user,
)
from charthouse.engine.declaration.composites import List, MappedChoice, Parse, convert
from charthouse.engine.declaration.contact_types import PersonName, PhoneNumber
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRow, ChildRows, RelatedRow, SelfRow
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Text
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
# The words and numbers of statuses in a write → the status (reference cerbo/behaviour.md).
STATUSES = {
    **dict.fromkeys(("prospective", "-1"), "prospective"),
    **dict.fromkeys(("0", "", "active"), "active"),
    **dict.fromkeys(("inactive", "1"), "inactive"),
    **dict.fromkeys(("deceased", "dead", "2"), "deceased"),
}


def _parse_status(parse: Parse, value: Any) -> str:
    """Parse the word or number of a status. Raises InvalidValue."""
    text = {True: "1", False: "0"}[value] if isinstance(value, bool) else parse_text(value)
    if text not in STATUSES:
        raise InvalidValue(f'"{text[:100]}" is not a valid choice.')
    return STATUSES[text]


# Written as the word or number of a status, read as whether it is any other than active.
_INACTIVE = convert(Boolean(), parse=_parse_status, written={"type": "string", "enum": list(STATUSES)})


def check_time_zone(name: str) -> None:
    """Raise InvalidValue for what is no IANA name of a time zone."""
    if name not in available_timezones():
        raise InvalidValue(f'"{name[:100]}" is no time zone.')


def select_portal_access() -> "models.QuerySet[PortalAccess]":
    """Select the active access to the portal of the patient of a row."""
    return PortalAccess.objects.filter(
        practice=OuterRef("practice_id"),
        patient=OuterRef("pk"),
        archived=False,
        activated_on__isnull=False,
        disabled_on=None,
    )


def _select_is_inactive() -> Combinable:
    return ExpressionWrapper(~Q(patient_status="A"), output_field=models.BooleanField())


def _select_status() -> Combinable:
    return Case(
        When(patient_status="A", then=sql.Literal("active")),
        When(patient_status="D", then=sql.Literal("deceased")),
        When(is_prospective=True, then=sql.Literal("prospective")),
        default=sql.Literal("inactive"),
        output_field=models.TextField(),
    )


def _select_primary_phone() -> Combinable:
    numbers = ("cell_phone", "home_phone", "office_phone", "phone_other")
    return Coalesce(
        *(NullIf(F(name), Value("")) for name in numbers), sql.Literal(""), output_field=models.TextField()
    )


def _select_deleting_user() -> Combinable:
    """Select who deleted the row: nothing is written to it after that."""
    return Case(
        When(archived=True, then=Cast(select_user("updated_by_id"), models.TextField())),
        default=sql.literal(None),
        output_field=models.TextField(),
    )


def _select_provider() -> Combinable:
    """Select the id of the user who signs in as the patient's doctor."""
    users = User._default_manager.filter(
        practice=OuterRef("practice_id"), doctor_id=OuterRef("doctor_id"), role="doctor"
    )
    return Subquery(users.order_by("pk").values_list("pk")[:1])


def _make_insurance_key(name: str, rank: Coverage.Rank) -> Key:
    return Key(
        name,
        Object(
            (
                Key("plan", Text(), source="insurance_plan_name"),
                Key("group", Text(), source="insurance_group_number"),
                Key("id", Text(), source="insurance_id_number"),
                Key("type", Text(choices=codes.PLAN_TYPES), source="insurance_plan_type"),
                Key("phone", PhoneNumber(), source="insurance_phone"),
                Key("notes", Text(multiline=True), source="notes"),
            )
        ),
        source=ChildRow(Coverage, link="patient", where={"rank": rank.value}),
        doc="An object changes the fields that it names; null removes the insurance.",
    )


_PRIMARY_INSURANCE = _make_insurance_key("insurance", Coverage.Rank.PRIMARY)


def _make_flat_insurance_key(name: str, *, deidentified: str = SHOWN) -> Key:
    """Make a key of the primary insurance beside the patient's own keys."""

    def select() -> Combinable:
        shown = sql.json_member(_PRIMARY_INSURANCE.select(), name, as_text=True)
        return Coalesce(shown, sql.Literal(""), output_field=models.TextField())

    return Key(
        f"insurance_{name}",
        Text(),
        READ_ONLY,
        source=Expression(select),
        nullable=False,
        deidentified=deidentified,
        doc=f"Same as insurance.{name}",
    )


def _make_list_url_key(name: str, below: str) -> Key:
    return url_key(
        f"url_{name}", path_format=f"/api/v1/patients/%s/{below}", doc=f"URL of the patient's {name}."
    )


def _make_text_key(name: str, source: str = "", doc: str = "") -> Key:
    return Key(name, choose_text_type(source or name), OPTIONAL, source=source, doc=doc)


PATIENT_TAG_KEYS: tuple[Key, ...] = (
    Key("name", Text(), READ_ONLY, source="tag__name"),
    Key("tag_category", Text(), READ_ONLY, source="tag__category"),
    Key("notes", Text(), READ_ONLY),
    Key("date_applied", Timestamp(spaced=True), READ_ONLY, source="applied_at"),
)

_IDENTITY_KEYS: tuple[Key, ...] = (
    make_object_key("patient"),
    Key("id", Id(as_text=True), READ_ONLY),
    Key("first_name", PersonName(), REQUIRED),
    _make_text_key("middle_name"),
    Key("last_name", PersonName(), REQUIRED),
    _make_text_key("nicknames", "nick_name"),
    Key("dob", Date(past=True), REQUIRED, source="date_of_birth"),
    Key("sex", MappedChoice(SEXES, otherwise="?"), REQUIRED, source="gender"),
    _make_text_key("gender", "gender_said", "In the patient's own words."),
    Key("pronouns", Text(), READ_ONLY, doc="LOINC answer code."),
    Key("ethnicity", Text(choices=codes.ETHNICITIES), OPTIONAL, default="blank"),
    *(
        _make_text_key(name)
        for name in ("alt_id", "hint_id", "active_campaign_id", "stripe_api_id", "fullscript_id")
    ),
)

_CONTACT_KEYS: tuple[Key, ...] = (
    _make_text_key("email1", "email", "The primary email; invitations are sent to it."),
    _make_text_key("email2"),
    _make_text_key("skype_name"),
    _make_text_key("phone_home", "home_phone"),
    _make_text_key("phone_mobile", "cell_phone"),
    _make_text_key("phone_work", "office_phone"),
    _make_text_key("phone_other"),
    Key(
        "primary_phone",
        Text(),
        READ_ONLY,
        source=Expression(_select_primary_phone),
        nullable=False,
        deidentified=AREA_CODE,
        doc="The first available of mobile, home, work, and other.",
    ),
    _make_text_key("fax_home"),
    _make_text_key("fax_work"),
    _make_text_key("address1", "address"),
    _make_text_key("address2"),
    _make_text_key("city"),
    _make_text_key("state"),
    _make_text_key("zip", "zip_code"),
    _make_text_key("country"),
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
        doc="The same address as a single object",
    ),
)

_PAYMENT_KEYS: tuple[Key, ...] = (
    _make_flat_insurance_key("plan"),
    _make_flat_insurance_key("group", deidentified=REMOVED),
    _make_flat_insurance_key("id", deidentified=REMOVED),
    _make_flat_insurance_key("type"),
    _make_flat_insurance_key("phone"),
    _make_flat_insurance_key("notes", deidentified=REMOVED),
    _PRIMARY_INSURANCE,
    _make_insurance_key("secondary_insurance", Coverage.Rank.SECONDARY),
    _make_insurance_key("tertiary_insurance", Coverage.Rank.TERTIARY),
    _make_insurance_key("quaternary_insurance", Coverage.Rank.QUATERNARY),
    *(
        _make_text_key(name)
        for name in ("billing_plan", "billing_dependent", "group_account", "dependent_of")
    ),
)

_STATUS_KEYS: tuple[Key, ...] = (
    Key(
        "portal_access",
        Boolean(),
        READ_ONLY,
        source=Expression(lambda: Exists(select_portal_access())),
        nullable=False,
        doc="Whether the patient can sign in to the portal.",
    ),
    Key(
        "inactive",
        _INACTIVE,
        OPTIONAL,
        source=Expression(_select_is_inactive),
        nullable=False,
        default="active",
        example="deceased",
        doc=(
            "When written: prospective or -1, 0 or empty, inactive or 1, deceased, dead or 2. When "
            "read: true unless active."
        ),
    ),
    Key("inactive_date", Date(), READ_ONLY),
    Key(
        "patient_status_description",
        Text(choices=("active", "inactive", "prospective", "deceased")),
        READ_ONLY,
        source=Expression(_select_status),
        nullable=False,
    ),
    _make_text_key("drivers_license_number"),
    _make_text_key("drivers_license_state"),
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
        source=Expression(_select_provider),
        nullable=True,
        doc="A user who is a doctor. Default on create: the doctor of the practice's primary user.",
    ),
    Key("timezone", Text(check=check_time_zone), OPTIONAL, doc="IANA time zone.", example="America/Denver"),
    Key("tags", List(Object(PATIENT_TAG_KEYS)), READ_ONLY, source=ChildRows(PatientTag, link="patient")),
    make_user_key("addedby", as_text=True),
    Key(
        "deletedby",
        Text(),
        READ_ONLY,
        source=Expression(_select_deleting_user),
        nullable=True,
        doc=(
            "A user id; 99999 for an API user; null if the patient isn't deleted. Webhooks include "
            "deleted patients."
        ),
    ),
    make_created_key(),
    Key("lastupdated", Timestamp(spaced=True), READ_ONLY, source="updated_at"),
    make_user_key("updatedby", "updated_by_id", as_text=True),
    Key(
        "dateupdated", Timestamp(spaced=True), READ_ONLY, source="updated_at", doc="Same as lastupdated, UTC."
    ),
    _make_list_url_key("charges", "charges"),
    _make_list_url_key("documents", "documents"),
    _make_list_url_key("encounters", "encounters"),
    _make_list_url_key("finances", "invoices"),
    _make_list_url_key("orders", "orders"),
    url_key(
        "url_schedule", path_format="/api/v1/appointments?pt_id=%s", doc="URL of the patient's appointments."
    ),
)

PATIENT_KEYS = (*_IDENTITY_KEYS, *_CONTACT_KEYS, *_PAYMENT_KEYS, *_STATUS_KEYS)

SUMMARY_KEYS: tuple[Key, ...] = (
    make_object_key("patient"),
    Key("id", Id(as_text=True), READ_ONLY),
    Key("first_name", Text(), READ_ONLY),
    Key("middle_name", Text(), READ_ONLY),
    Key("last_name", Text(), READ_ONLY),
    Key("dob", Date(), READ_ONLY, source="date_of_birth"),
    Key("sex", MappedChoice(SEXES, otherwise="?"), READ_ONLY, source="gender"),
    Key("email1", Text(), READ_ONLY, source="email"),
    url_key("url_patient_details", path_format="/api/v1/patients/%s"),
)


def make_patient_details_key(
    via: str = "patient", *, match: "Callable[[], models.QuerySet[Any]] | None" = None, doc: str = ""
) -> Key:
    """Make the key of a summary of the patient that a row is about. ``via`` and ``match``: as in RelatedRow."""
    source = RelatedRow(Patient, via=via, match=match)
    return Key("patient_details", Object(SUMMARY_KEYS), READ_ONLY, source=source, doc=doc)
