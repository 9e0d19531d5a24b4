"""What only Cerbo's API shows, as people write it in the console: lists of the practice, and what its patients have of
them. That API writes some of it and reads the rest."""

from typing import Any

from django.db.models import Q

from charthouse import clock
from charthouse.domains.clinical.kept import (
    APPLIES_TO,
    FreeTextNote,
    FreeTextNoteType,
    HealthReading,
    HealthTracker,
)
from charthouse.domains.documents.models import PatientImage
from charthouse.domains.medications.models import Drug, PatientSupplement, Supplement
from charthouse.domains.patients.cerbo_actions import note_needs_tag
from charthouse.domains.patients.facilities import (
    LABORATORY,
    PHARMACY,
    SPECIALIST,
    Facility,
    PatientFacility,
)
from charthouse.domains.patients.models import PatientTag, Tag
from charthouse.files.fields import File
from charthouse.resource.change import Change
from charthouse.resource.declare import ALWAYS, Resource
from charthouse.resource.fields import OPTIONAL, REQUIRED, Boolean, Field, Id, Integer, Ref, Text
from charthouse.resource.times import Date, Timestamp

OLDEST = 150  # years
MOST_PICTURE = 16 * 1024 * 1024  # bytes, as Cerbo takes
CLINICAL = "Access Clinical Notes"


def _list(path: str, model: Any, permission: str, *fields: Field, **more: Any) -> Resource:
    """A list that the practice sets up, of no one doctor."""
    return Resource(
        path=path,
        model=model,
        doc=f"{path.replace('_', ' ').capitalize()}, as people of the practice set them up.",
        methods="GET POST PATCH DELETE",
        scopes=("settings",),
        permissions=(permission, "Settings"),
        sharing=ALWAYS,
        owner=None,
        fields=(Id("id"), *fields),
        rows=Q(archived=False),
        **more,
    )


def _of_patients(
    path: str, model: Any, permissions: tuple[str, ...], *fields: Field, **more: Any
) -> Resource:
    """Rows of patients, seen by those who see the patient."""
    return Resource(
        path=path,
        model=model,
        doc=f"{path.replace('_', ' ').capitalize()}, as people write them in the chart.",
        methods="GET POST PATCH DELETE",
        scopes=("patients",),
        permissions=("Manage Patients", *permissions),
        sharing="share_patients",
        owner="patient__doctor",
        fields=(Id("id"), Ref("patient", REQUIRED, to="patients"), *fields),
        rows=Q(archived=False),
        **more,
    )


def _name(doc: str = "") -> Field:
    return Text("name", REQUIRED, blank=False, doc=doc)


def _not_to_come(name: str) -> Any:
    """A check that a moment, or a day, isn't in the future."""

    def check(change: Change) -> None:
        value = change.values.get(name)
        now = clock.now()
        if value is not None and value > (now if hasattr(value, "hour") else now.date()):
            change.wrong(name, "This date lies in the future.")

    return check


def _ages(change: Change) -> None:
    start, end = change.get("start_age"), change.get("end_age")
    if start is not None and end is not None and end < start:
        change.wrong("end_age", "The end lies before the start.")


def _no_pharmacy(change: Change) -> None:
    facility = change.values.get("facility")
    if Facility.objects.filter(practice=change.actor.practice, pk=facility or 0, kind=PHARMACY).exists():
        change.wrong("facility", "The pharmacy of a patient stands in the patient's own details.")


LISTS = (
    _list(
        "formulary",
        Drug,
        CLINICAL,
        _name(),
        Text("product_name"),
        Text("generic_name"),
        Text("strength"),
        Text("dose_form"),
        Text("route"),
        Text("rxnorm", doc="Medications with this code are this drug."),
        Text("ndc"),
        Text("va_id"),
        Text("medispan_id"),
        Text("ndcndf_id"),
        Boolean("is_favorite"),
        example={"name": "Metformin 500 mg tablet"},
    ),
    _list(
        "supplement_list",
        Supplement,
        CLINICAL,
        _name(),
        Text("nicknames", doc="Other words that find it."),
        Text("kind"),
        Text("vendor_code"),
        Text("code"),
        Text("description"),
        Text("external_ref_id"),
        Boolean("inactive", doc="No longer recommended."),
        example={"name": "Magnesium glycinate 400 mg"},
    ),
    _list(
        "directory",
        Facility,
        "Manage Patients",
        Text("kind", REQUIRED, choices=(LABORATORY, PHARMACY, SPECIALIST)),
        _name(),
        Text("company_brand", doc="Of a laboratory: the company whose branch it is."),
        Text("specialty", doc="Of a specialist."),
        Text("address1"),
        Text("city"),
        Text("state"),
        Text("zip_code"),
        Text("phone"),
        Text("fax"),
        Text("email"),
        Text("ncpdp_id", doc="Of a pharmacy: the id by which patients name it."),
        example={"name": "Foothill Diagnostics", "kind": LABORATORY},
    ),
    _list(
        "note_headings",
        FreeTextNoteType,
        CLINICAL,
        _name(),
        unique={"note_type_once": ("name", "This heading exists already.")},
        example={"name": "Social history"},
    ),
    _list(
        "health_trackers",
        HealthTracker,
        CLINICAL,
        _name(),
        Text("description"),
        Text("frequency", REQUIRED, blank=False, doc="Such as: Every 2 years."),
        Text("applies_to", REQUIRED, choices=APPLIES_TO, default="all"),
        Text("sex", OPTIONAL, choices=("", "Female", "Male")),
        Integer("start_age", minimum=0, maximum=OLDEST),
        Integer("end_age", minimum=0, maximum=OLDEST),
        Text("icd_codes"),
        Text("overrides"),
        checks=(_ages,),
        example={"name": "Mammogram", "frequency": "Every 2 years", "applies_to": "all"},
    ),
    _list(
        "tag_list",
        Tag,
        "Manage Patients",
        _name("No two tags have the same."),
        Text("category", REQUIRED, blank=False),
        Text("description", REQUIRED),
        Text("color", REQUIRED, pattern="[0-9a-fA-F]{6}"),
        Boolean("displays_on_dash"),
        Boolean("note_displays_on_dashboard"),
        Boolean("displays_on_calendar"),
        checks=(note_needs_tag,),
        unique={"tag_name_once": ("name", "A tag with this name exists already.")},
        example={"name": "VIP", "category": "Care", "description": "Calls go through.", "color": "b2f07e"},
    ),
)

OF_PATIENTS = (
    _of_patients(
        "supplements_taken",
        PatientSupplement,
        (CLINICAL,),
        Ref("supplement", REQUIRED, to="supplement_list"),
        Text("dose"),
        Text("frequency"),
        Date("start_date"),
        Text("notes"),
        Timestamp("discontinued_at", doc="UTC."),
        Text("discontinued_note"),
        checks=(_not_to_come("discontinued_at"),),
        example={"supplement": 1, "patient": 1},
    ),
    _of_patients(
        "free_texts",
        FreeTextNote,
        (CLINICAL,),
        Ref("note_type", REQUIRED, to="note_headings"),
        Text("note", REQUIRED, blank=False, max_length=100_000),
        unique={"one_free_note_a_heading": ("note_type", "The patient has a note under this heading.")},
        example={"note_type": 1, "patient": 1, "note": "Lives alone."},
    ),
    _of_patients(
        "health_readings",
        HealthReading,
        (CLINICAL,),
        Ref("tracker", REQUIRED, to="health_trackers"),
        Date("date", REQUIRED),
        Text("notes"),
        checks=(_not_to_come("date"),),
        example={"tracker": 1, "patient": 1, "date": "2026-03-02"},
    ),
    _of_patients(
        "pictures",
        PatientImage,
        (),
        File("file", REQUIRED, kinds=("image",), max_size=MOST_PICTURE, doc="JPEG, PNG or GIF."),
        Text("photo_type", REQUIRED, choices=("medical", "personal"), default="medical"),
        Text("name"),
        Text("notes"),
        Timestamp("taken_at", doc="UTC."),
        checks=(_not_to_come("taken_at"),),
        example={"patient": 1, "photo_type": "medical"},
    ),
    _of_patients(
        "tags_of_patients",
        PatientTag,
        (),
        Ref("tag", REQUIRED, to="tag_list"),
        Text("notes"),
        unique={"tag_once_on_patient": ("tag", "The patient has this tag.")},
        example={"tag": 1, "patient": 1},
    ),
    _of_patients(
        "facilities_of_patients",
        PatientFacility,
        (),
        Ref("facility", REQUIRED, to="directory"),
        Integer(
            "priority_order", OPTIONAL, minimum=1, maximum=1000, default=1, doc="1 is the first to go to."
        ),
        Text("note"),
        checks=(_no_pharmacy,),
        unique={"facility_once_of_patient": ("facility", "It is among the patient's facilities.")},
        example={"facility": 1, "patient": 1},
    ),
)

RESOURCES = (*LISTS, *OF_PATIENTS)
