"""Patients and what belongs to them as DrChrono shows them. Facts: reference drchrono/resources.yaml."""

from dataclasses import dataclass, replace
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q

from charthouse.domains.patients import actions, codes, described, insurance, portal
from charthouse.domains.patients.models import (
    AttachedFlag,
    Coverage,
    CustomDemographic,
    CustomDemographicValue,
    FlagType,
    Patient,
)
from charthouse.files.fields import File
from charthouse.resource import sql
from charthouse.resource.declare import Hidden, Resource
from charthouse.resource.events import Event, plain
from charthouse.resource.fields import (
    OPTIONAL,
    READ_ONLY,
    REQUIRED,
    WRITE_ONLY,
    Boolean,
    Color,
    Decimal,
    Field,
    Id,
    Integer,
    ListOf,
    Ref,
    Text,
)
from charthouse.resource.filters import Chosen, Contains, DateIs, Filter, Flag, Is, RefIs, Since
from charthouse.resource.nested import Many, RelatedIds
from charthouse.resource.sql import Slot
from charthouse.resource.times import Date, Timestamp

SHARED = "share_patients"


@dataclass(frozen=True, kw_only=True, eq=False)
class FlagTypes(Many):
    """The types that a patient can be flagged with, and those the patient carries: their doctor's, the attached."""

    def rows(self) -> "models.QuerySet[Any]":
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


def _chart_id() -> Field:
    return Text("chart_id", OPTIONAL, kept=True, doc="Made from last and first name when it is left out.")


def _allow_duplicates() -> Field:
    return Boolean(
        "allow_duplicates",
        WRITE_ONLY,
        stored=False,
        addition=True,
        doc="Where the practice refuses duplicates (409): create the patient all the same.",
    )


def _texts(*names: str, addition: bool = False) -> tuple[Field, ...]:
    return tuple(Text(name, OPTIONAL, addition=addition) for name in names)


_WHO: tuple[Field, ...] = (
    Id("id"),
    Ref("doctor", REQUIRED, to="doctors", doc="The primary provider."),
    _chart_id(),
    *_texts("first_name", "middle_name", "last_name", "nick_name"),
    Date("date_of_birth", OPTIONAL),
    Text("gender", REQUIRED, choices=codes.GENDERS),
    Text("social_security_number", OPTIONAL),
    Text("race", OPTIONAL, choices=codes.RACES, default="blank"),
    Text("ethnicity", OPTIONAL, choices=codes.ETHNICITIES, default="blank"),
    Text("preferred_language", OPTIONAL, pattern=codes.LANGUAGE, default="blank", doc="ISO 639 alpha-3."),
    Text("patient_status", OPTIONAL, choices=codes.STATUSES, default="A", doc="Active, inactive, deceased."),
    File("patient_photo", OPTIONAL),
    Date("patient_photo_date", OPTIONAL, kept=True, requires="patient_photo"),
    Date("date_of_death", OPTIONAL, addition=True),
    Text("pronouns", OPTIONAL, choices=codes.PRONOUNS, addition=True, doc="LOINC answer code."),
    *described.FIELDS,
)

_REACHED: tuple[Field, ...] = (
    *_texts("address", "city"),
    Text("state", OPTIONAL, doc="Two-letter abbreviation."),
    *_texts("zip_code", "email", "home_phone", "cell_phone"),
    *_texts("office_phone", addition=True),
    Boolean("disable_sms_messages", OPTIONAL, default=False),
    *_texts("emergency_contact_name", "emergency_contact_phone", "emergency_contact_relation"),
    *_texts("employer", "employer_address", "employer_city"),
    Text("employer_state", OPTIONAL, doc="Two-letter abbreviation."),
    *_texts("employer_zip_code"),
    *_texts("responsible_party_name", "responsible_party_relation"),
    *_texts("responsible_party_phone", "responsible_party_email"),
)

_CARED_FOR: tuple[Field, ...] = (
    Text("default_pharmacy", OPTIONAL, doc="NCPDP id."),
    ListOf("preferred_pharmacies", OPTIONAL, item=Text("", max_length=20), addition=True, doc="NCPDP ids."),
    Text("primary_care_physician", OPTIONAL, doc="Name of the referring doctor."),
    Text("referring_source", OPTIONAL),
    insurance.referring_doctor(),
    RelatedIds(
        "offices", READ_ONLY, over="appointments__office", base=Patient, doc="Where they had appointments."
    ),
    *_texts("medication_history_consent", addition=True),
    Many(
        "custom_demographics",
        OPTIONAL,
        verbose=True,
        to=CustomDemographicValue,
        link="patient",
        key="field_type",
        order=("field_type_id",),
        fields=(
            Ref("field_type", REQUIRED, to="custom_demographics"),
            Text("value", OPTIONAL, example="Owns"),
            Timestamp("updated_at", READ_ONLY),
        ),
        doc="Values by field; fields that a write doesn't name keep theirs.",
    ),
    FlagTypes(
        "patient_flags",
        READ_ONLY,
        verbose=True,
        to=FlagType,
        link="",
        fields=(
            Id("id"),
            Text("name", READ_ONLY),
            Text("color", READ_ONLY),
            Integer("priority", READ_ONLY),
            Ref("doctor", READ_ONLY, to="doctors"),
            Boolean("archived", READ_ONLY),
            Timestamp("created_at", READ_ONLY),
            Timestamp("updated_at", READ_ONLY),
        ),
        doc="Flag types that are there for this patient.",
    ),
    Many(
        "patient_flags_attached",
        OPTIONAL,
        verbose=True,
        to=AttachedFlag,
        link="patient",
        replace=True,
        fields=(
            Id("id"),
            Ref("flag_type", REQUIRED, to="patient_flag_types"),
            Text("flag_text", OPTIONAL),
            Boolean("archived", READ_ONLY),
            Timestamp("created_at", READ_ONLY),
            Timestamp("updated_at", READ_ONLY),
        ),
        doc="A written list takes the place of the one that is there; flags are kept by naming their id.",
    ),
)

_PAID_BY: tuple[Field, ...] = (
    Text(
        "patient_payment_profile",
        OPTIONAL,
        choices=codes.PAYMENT_PROFILES,
        doc="Insurance, Auto Accident and Worker's Comp need a primary or secondary insurance.",
    ),
    Decimal("copay", OPTIONAL, addition=True),
    insurance.coverage("primary_insurance", Coverage.Rank.PRIMARY),
    insurance.coverage("secondary_insurance", Coverage.Rank.SECONDARY),
    insurance.coverage("tertiary_insurance", Coverage.Rank.TERTIARY),
    insurance.auto_accident(),
    insurance.workers_comp(),
)


def _at_offices(slot: Slot) -> Q:
    """Patients with an appointment at one of these offices. The relation is scheduling's, so found by name."""
    relation: Any = Patient._meta.get_field("appointments")
    appointments = relation.related_model._default_manager.filter(
        sql.IsAny(models.F("office_id"), slot),
        practice=OuterRef("practice_id"),
        patient=OuterRef("pk"),
        archived=False,
    )
    return Q(Exists(appointments))


_SEARCH: tuple[Filter, ...] = (
    DateIs("date_of_birth"),
    RefIs("doctor", to="doctors"),
    Contains("first_name"),
    Is("gender", choices=codes.GENDERS),
    Contains("last_name"),
    Since("since"),
)

patients = Resource(
    path="patients",
    model=Patient,
    doc="Patients of the practice group's doctors.",
    methods="GET POST PUT PATCH DELETE",
    scopes=("patients",),
    permissions=("Manage Patients",),
    sharing=SHARED,
    owner="doctor",
    rows=Q(archived=False),
    hidden=Hidden(~Q(patient_status="A"), unless="show_inactive", usable=True),
    fields=(
        *_WHO,
        *_REACHED,
        *_CARED_FOR,
        *_PAID_BY,
        Timestamp("created_at", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
        _allow_duplicates(),
    ),
    filters=(
        *_SEARCH,
        Is("email"),
        Is("ethnicity"),
        Is("race"),
        Is("preferred_language"),
        Chosen("offices", matches=_at_offices, doc="Ids of offices, separated by commas."),
        Flag("show_inactive", doc="Adds inactive and deceased patients."),
        Is("chart_id", addition=True),
        Since("created_at", source="created_at", addition=True, doc="Created at or after."),
    ),
    checks=(
        actions.insured,
        actions.allowed_values_only,
        actions.keep_status,
        actions.refuse_duplicate,
        actions.number_chart,
    ),
    events=(
        *plain("PATIENT_CREATE", "PATIENT_MODIFY", "PATIENT_DELETE", ours="delete"),
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

# The hosted API's URLs below one patient take these as well: a patient who doesn't fit them isn't found.
NARROWS = tuple(
    replace(patients.filters_by_name[name], addition=True)
    for name in (
        "first_name", "last_name", "preferred_language", "doctor", "gender", "since", "date_of_birth", "race",
        "chart_id", "email", "ethnicity",
    )
)  # fmt: skip

patients_summary = Resource(
    path="patients_summary",
    model=Patient,
    doc="The same patients by name, birthday and chart alone; reading them needs no permission.",
    methods="GET POST PUT PATCH DELETE",
    scopes=("patients:summary",),
    permissions=("Manage Patients",),
    permissions_on="writes",
    sharing=SHARED,
    owner="doctor",
    rows=Q(archived=False),
    hidden=Hidden(~Q(patient_status="A"), unless="show_inactive", usable=True),
    fields=(
        Id("id"),
        Ref("doctor", REQUIRED, to="doctors"),
        _chart_id(),
        *_texts("first_name", "last_name"),
        Date("date_of_birth", REQUIRED),
        Text("gender", REQUIRED, choices=codes.GENDERS),
        _allow_duplicates(),
    ),
    filters=(*_SEARCH, Flag("show_inactive", addition=True, doc="Adds inactive and deceased patients.")),
    checks=(actions.refuse_duplicate, actions.number_chart),
    example={
        "doctor": 1,
        "first_name": "Amara",
        "last_name": "Okafor",
        "gender": "Female",
        "date_of_birth": "1987-04-12",
    },
)

patient_flag_types = Resource(
    path="patient_flag_types",
    model=FlagType,
    doc="Marks that a doctor's patients can carry.",
    methods="GET POST PUT PATCH",
    scopes=("patients", "settings"),
    permissions=("Manage Patients", "Settings"),
    sharing=SHARED,
    owner="doctor",
    fields=(
        Id("id"),
        Ref("doctor", REQUIRED, to="doctors"),
        Text("name", OPTIONAL),
        Color("color", OPTIONAL),
        Integer("priority", OPTIONAL),
        Boolean("archived", READ_ONLY),
        Timestamp("created_at", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
    ),
    filters=(RefIs("doctor", to="doctors"),),
    example={"doctor": 1, "name": "Fall risk", "color": "#CC3300", "priority": 1},
)

custom_demographics = Resource(
    path="custom_demographics",
    model=CustomDemographic,
    doc="Fields that a practice adds to its patients' demographics.",
    methods="GET POST PUT PATCH",
    scopes=("patients", "settings"),
    permissions=("Manage Patients", "Settings"),
    sharing=SHARED,
    owner="doctor",
    fields=(
        Id("id"),
        Ref("doctor", REQUIRED, to="doctors"),
        Text("name", REQUIRED),
        Text("template_name", OPTIONAL, pattern="[A-Za-z0-9_]*", doc="How clinical note templates name it."),
        ListOf(
            "allowed_values",
            OPTIONAL,
            item=Text("", max_length=200),
            commas=True,
            doc="A list, or text separated by commas. None: any text is allowed.",
        ),
        Text("description", OPTIONAL),
        Boolean("archived", OPTIONAL, default=False),
    ),
    filters=(RefIs("doctor", to="doctors"), Flag("show_archived", doc="Adds archived fields.")),
    hidden=Hidden(Q(archived=True), unless="show_archived"),
    example={"doctor": 1, "name": "Housing", "allowed_values": ["Owns", "Rents"], "template_name": "housing"},
)


RESOURCES = [
    patients,
    patients_summary,
    patient_flag_types,
    custom_demographics,
    insurance.insurances,
    insurance.custom_insurance_plan_names,
]
FUNCTIONS = portal.FUNCTIONS
