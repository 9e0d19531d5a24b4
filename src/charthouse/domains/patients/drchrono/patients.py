"""Patients as DrChrono shows them. Source: reference drchrono/resources.yaml."""

from dataclasses import replace
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from charthouse.domains.patients import codes, deletion, hooks
from charthouse.domains.patients.drchrono.insurances import (
    make_auto_accident_key,
    make_coverage_key,
    make_referring_doctor_key,
    make_workers_comp_key,
)
from charthouse.domains.patients.drchrono.label_keys import LABEL_KEYS
from charthouse.domains.patients.merges import find_kept
from charthouse.domains.patients.models import (
    AttachedFlag,
    Coverage,
    CustomDemographicValue,
    FlagType,
    Patient,
)
from charthouse.domains.patients.search_filters import CONTAINS_NAME
from charthouse.domains.patients.text_types import choose_text_type
from charthouse.domains.practice.drchrono.filters import make_integer_filter
from charthouse.domains.practice.drchrono.related_ids import select_related_ids
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.contact_types import EmailAddress, PersonName
from charthouse.engine.declaration.events import Event, plain_events
from charthouse.engine.declaration.filters import (
    EQUALS_FOLDED,
    SINCE,
    Filter,
    Flag,
    OnDay,
)
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.objects import Object
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.related import ChildRows
from charthouse.engine.declaration.resources import Resource, Visibility
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED, WRITE_ONLY
from charthouse.engine.sql import expressions as sql
from charthouse.engine.sql.expressions import BoundParameter
from charthouse.files.types import File

SHARING = "share_patients"


def _list_flag_types() -> "models.QuerySet[FlagType]":
    """List the types of flags for a patient: those of the patient's doctor, and those that are attached."""
    attached = AttachedFlag.objects.filter(
        practice=OuterRef("practice"),
        patient=OuterRef(OuterRef("pk")),
        flag_type=OuterRef("pk"),
        archived=False,
    )
    return FlagType.objects.filter(
        Q(doctor=OuterRef("doctor_id")) | Exists(attached),
        practice=OuterRef("practice_id"),
        archived=False,
    )


def _make_chart_id_key() -> Key:
    return Key(
        "chart_id",
        Text(),
        OPTIONAL,
        keep_on_put=True,
        doc="If omitted, generated from last and first name.",
    )


def _make_allow_duplicates_key() -> Key:
    return Key(
        "allow_duplicates",
        Boolean(),
        WRITE_ONLY,
        source=UNSTORED,
        in_query=True,
        addition=True,
        doc="Create the patient even if the practice refuses duplicates (409).",
    )


def _make_text_keys(*names: str, addition: bool = False) -> tuple[Key, ...]:
    return tuple(Key(name, choose_text_type(name), OPTIONAL, addition=addition) for name in names)


_IDENTITY_KEYS: tuple[Key, ...] = (
    Key("id", Id(), READ_ONLY),
    Key("doctor", Reference("doctors"), REQUIRED, doc="The primary provider."),
    _make_chart_id_key(),
    *_make_text_keys("first_name", "middle_name", "last_name", "nick_name"),
    Key("date_of_birth", Date(past=True), OPTIONAL),
    Key("gender", Text(choices=codes.GENDERS), REQUIRED),
    Key("social_security_number", Text(), OPTIONAL),
    Key("race", Text(choices=codes.RACES), OPTIONAL, default="blank"),
    Key("ethnicity", Text(choices=codes.ETHNICITIES), OPTIONAL, default="blank"),
    Key(
        "preferred_language", Text(pattern=codes.LANGUAGE), OPTIONAL, default="blank", doc="ISO 639 alpha-3."
    ),
    Key(
        "patient_status",
        Text(choices=codes.STATUSES),
        OPTIONAL,
        default="A",
        doc="Active, inactive, deceased.",
    ),
    Key("patient_photo", File(), OPTIONAL, keep_on_put=True),
    Key("patient_photo_date", Date(past=True), OPTIONAL, keep_on_put=True, requires="patient_photo"),
    Key("date_of_death", Date(past=True), OPTIONAL, addition=True),
    Key("pronouns", Text(choices=codes.PRONOUNS), OPTIONAL, addition=True, doc="LOINC answer code."),
    *LABEL_KEYS,
)

_CONTACT_KEYS: tuple[Key, ...] = (
    *_make_text_keys("address", "city"),
    Key("state", Text(), OPTIONAL, doc="Two-letter abbreviation."),
    *_make_text_keys("zip_code", "email", "home_phone", "cell_phone"),
    *_make_text_keys("office_phone", addition=True),
    Key("disable_sms_messages", Boolean(), OPTIONAL, default=False),
    *_make_text_keys("emergency_contact_name", "emergency_contact_phone", "emergency_contact_relation"),
    *_make_text_keys("employer", "employer_address", "employer_city"),
    Key("employer_state", Text(), OPTIONAL, doc="Two-letter abbreviation."),
    *_make_text_keys("employer_zip_code"),
    *_make_text_keys("responsible_party_name", "responsible_party_relation"),
    *_make_text_keys("responsible_party_phone", "responsible_party_email"),
)

_CARE_KEYS: tuple[Key, ...] = (
    Key("default_pharmacy", Text(), OPTIONAL, doc="NCPDP ID."),
    Key("preferred_pharmacies", List(Text(max_length=20)), OPTIONAL, addition=True, doc="NCPDP IDs."),
    Key("primary_care_physician", Text(), OPTIONAL, doc="Name of the referring doctor."),
    Key("referring_source", Text(), OPTIONAL),
    make_referring_doctor_key(),
    Key(
        "offices",
        List(Integer(), named="list of ids"),
        READ_ONLY,
        source=select_related_ids(Patient, "appointments", "office"),
        doc="Offices where the patient had appointments.",
        nullable=False,
    ),
    *_make_text_keys("medication_history_consent", addition=True),
    Key(
        "custom_demographics",
        List(
            Object(
                (
                    Key("field_type", Reference("custom_demographics"), REQUIRED),
                    Key("value", Text(multiline=True), OPTIONAL, example="Owns"),
                    Key("updated_at", Timestamp(), READ_ONLY),
                )
            )
        ),
        OPTIONAL,
        source=ChildRows(
            CustomDemographicValue, link="patient", order=("field_type_id",), match_by="field_type"
        ),
        verbose=True,
        doc="Values by field; fields that a write omits keep their values.",
    ),
    Key(
        "patient_flags",
        List(
            Object(
                (
                    Key("id", Id(), READ_ONLY),
                    Key("name", Text(), READ_ONLY),
                    Key("color", Text(), READ_ONLY),
                    Key("priority", Integer(), READ_ONLY),
                    Key("doctor", Reference("doctors"), READ_ONLY),
                    Key("archived", Boolean(), READ_ONLY),
                    Key("created_at", Timestamp(), READ_ONLY),
                    Key("updated_at", Timestamp(), READ_ONLY),
                )
            )
        ),
        READ_ONLY,
        source=ChildRows(FlagType, match=_list_flag_types),
        verbose=True,
        doc="Flag types available for this patient.",
    ),
    Key(
        "patient_flags_attached",
        List(
            Object(
                (
                    Key("id", Id(), READ_ONLY),
                    Key("flag_type", Reference("patient_flag_types"), REQUIRED),
                    Key("flag_text", Text(multiline=True), OPTIONAL),
                    Key("archived", Boolean(), READ_ONLY),
                    Key("created_at", Timestamp(), READ_ONLY),
                    Key("updated_at", Timestamp(), READ_ONLY),
                )
            )
        ),
        OPTIONAL,
        source=ChildRows(AttachedFlag, link="patient", replace_all=True),
        verbose=True,
        doc="Replaces the existing list; include a flag's id to keep the flag.",
    ),
)

_PAYMENT_KEYS: tuple[Key, ...] = (
    Key(
        "patient_payment_profile",
        Text(choices=codes.PAYMENT_PROFILES),
        OPTIONAL,
        doc="Insurance, Auto Accident, and Worker's Comp require a primary or secondary insurance.",
    ),
    Key("copay", Decimal(minimum=0), OPTIONAL, addition=True),
    make_coverage_key("primary_insurance", Coverage.Rank.PRIMARY),
    make_coverage_key("secondary_insurance", Coverage.Rank.SECONDARY),
    make_coverage_key("tertiary_insurance", Coverage.Rank.TERTIARY),
    make_auto_accident_key(),
    make_workers_comp_key(),
)


def _match_offices(office_ids: BoundParameter) -> Q:
    """Match patients with an appointment at one of these offices. The relation belongs to scheduling, so it is found by
    name."""
    relation: Any = Patient._meta.get_field("appointments")
    appointments = relation.related_model._default_manager.filter(
        sql.is_any(models.F("office_id"), office_ids),
        practice=OuterRef("practice_id"),
        patient=OuterRef("pk"),
        archived=False,
    )
    return Q(Exists(appointments))


_SEARCH_FILTERS: tuple[Filter, ...] = (
    Filter("date_of_birth", Date(), OnDay()),
    Filter("doctor", Reference("doctors")),
    Filter("first_name", PersonName(), CONTAINS_NAME, source="first_name_folded"),
    Filter("gender", Text(choices=codes.GENDERS)),
    Filter("last_name", PersonName(), CONTAINS_NAME, source="last_name_folded"),
    Filter("since", Timestamp(), SINCE, source="updated_at"),
)

patients = Resource(
    path="patients",
    model=Patient,
    doc="Patients of the practice group's doctors.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(scopes=("patients",), permissions=("Manage Patients",), sharing=SHARING, owner="doctor"),
    rows=Q(archived=False),
    find_merged=find_kept,
    visibility=Visibility(~Q(patient_status="A"), shown_by="show_inactive", referable=True),
    keys=(
        *_IDENTITY_KEYS,
        *_CONTACT_KEYS,
        *_CARE_KEYS,
        *_PAYMENT_KEYS,
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
        _make_allow_duplicates_key(),
    ),
    filters=(
        *_SEARCH_FILTERS,
        Filter("email", EmailAddress(), EQUALS_FOLDED, source="email_folded"),
        Filter("ethnicity"),
        Filter("race"),
        Filter("preferred_language"),
        make_integer_filter("offices", matches=_match_offices, doc="Office ids, separated by commas."),
        Flag("show_inactive", doc="Includes inactive and deceased patients."),
        Filter("chart_id", addition=True),
        Filter(
            "created_at",
            Timestamp(),
            SINCE,
            source="created_at",
            addition=True,
            doc="Created at or after this time.",
        ),
    ),
    checks=(
        deletion.announce_deletion,
        hooks.check_life,
        hooks.check_payment_profile,
        hooks.check_custom_demographics,
        hooks.update_status,
        hooks.settle_death,
        hooks.refuse_duplicate,
        hooks.number_chart,
    ),
    events=(
        *plain_events("PATIENT_CREATE", "PATIENT_MODIFY", "PATIENT_DELETE", own="delete"),
        Event("PATIENT_FLAG_CREATE", "insert", of=AttachedFlag, by="patient_id"),
        Event("PATIENT_FLAG_MODIFY", "update", of=AttachedFlag, by="patient_id"),
        Event("PATIENT_FLAG_MODIFY", "delete", of=AttachedFlag, by="patient_id"),
    ),
    example={
        "doctor": 1,
        "first_name": "Amara",
        "last_name": "Okafor",
        "gender": "Female",
        "date_of_birth": "1987-04-12",
        "cell_phone": "555-201-4433",
        "primary_insurance": {"insurance_company": "Aetna", "insurance_id_number": "W123456789"},
    },
)

# URLs below one patient take these parameters in the hosted API as well: a patient that they don't match isn't found.
ROW_FILTERS = tuple(
    replace(patients.filters_by_name[name], addition=True)
    for name in (
        "first_name", "last_name", "preferred_language", "doctor", "gender", "since", "date_of_birth", "race",
        "chart_id", "email", "ethnicity",
    )
)  # fmt: skip

patients_summary = Resource(
    path="patients_summary",
    model=Patient,
    doc=("The same patients with only name, birthday, and chart; reading them requires no permission."),
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("patients:summary",),
        permissions=("Manage Patients",),
        reads_need_none=True,
        sharing=SHARING,
        owner="doctor",
    ),
    rows=Q(archived=False),
    find_merged=find_kept,
    visibility=Visibility(~Q(patient_status="A"), shown_by="show_inactive", referable=True),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        _make_chart_id_key(),
        *_make_text_keys("first_name", "last_name"),
        Key("date_of_birth", Date(past=True), REQUIRED),
        Key("gender", Text(choices=codes.GENDERS), REQUIRED),
        _make_allow_duplicates_key(),
    ),
    filters=(
        *_SEARCH_FILTERS,
        Flag("show_inactive", addition=True, doc="Includes inactive and deceased patients."),
    ),
    checks=(
        deletion.announce_deletion,
        hooks.check_life,
        hooks.refuse_duplicate,
        hooks.number_chart,
    ),
    example={
        "doctor": 1,
        "first_name": "Amara",
        "last_name": "Okafor",
        "gender": "Female",
        "date_of_birth": "1987-04-12",
    },
)

RESOURCES = [patients, patients_summary]
