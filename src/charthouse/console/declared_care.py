"""What only Cerbo's API shows, as people write it in the console: lists of the practice, and what its patients have of
them. That API writes some of it and reads the rest."""

from typing import Any

from django.db.models import Q

from charthouse import clock
from charthouse.domains.clinical.free_text_notes import FreeTextNote, FreeTextNoteType
from charthouse.domains.clinical.health_maintenance import APPLIES_TO, HealthReading, HealthTracker
from charthouse.domains.documents.models import PatientImage
from charthouse.domains.medications.models import Drug, PatientSupplement, Supplement
from charthouse.domains.patients.cerbo.tags import check_note_display
from charthouse.domains.patients.models import Facility, PatientFacility, PatientTag, Tag
from charthouse.domains.patients.models.facilities import LABORATORY, PHARMACY, SPECIALIST
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.files.types import File

OLDEST = 150  # years
MOST_PICTURE = 16 * 1024 * 1024  # bytes, as Cerbo takes
CLINICAL = "Access Clinical Notes"


def _list(path: str, model: Any, permission: str, *fields: Key, **more: Any) -> Resource:
    """A list that the practice sets up, of no one doctor."""
    return Resource(
        path=path,
        model=model,
        doc=f"{path.replace('_', ' ').capitalize()}, as people of the practice set them up.",
        methods="GET POST PATCH DELETE",
        policy=Policy(scopes=("settings",), permissions=(permission, "Settings"), sharing=ALWAYS, owner=None),
        keys=(Key("id", Id(), READ_ONLY), *fields),
        rows=Q(archived=False),
        **more,
    )


def _of_patients(path: str, model: Any, permissions: tuple[str, ...], *fields: Key, **more: Any) -> Resource:
    """Rows of patients, seen by those who see the patient."""
    return Resource(
        path=path,
        model=model,
        doc=f"{path.replace('_', ' ').capitalize()}, as people write them in the chart.",
        methods="GET POST PATCH DELETE",
        policy=Policy(
            scopes=("patients",),
            permissions=("Manage Patients", *permissions),
            sharing="share_patients",
            owner="patient__doctor",
        ),
        keys=(Key("id", Id(), READ_ONLY), Key("patient", Reference("patients"), REQUIRED), *fields),
        rows=Q(archived=False),
        **more,
    )


def _name(doc: str = "") -> Key:
    return Key("name", Text(blank=False), REQUIRED, doc=doc)


def _not_to_come(name: str) -> Any:
    """A check that a moment, or a day, isn't in the future."""

    @hook()
    def check(change: Change) -> None:
        value = change.values.get(name)
        now = clock.now()
        if value is not None and value > (now if hasattr(value, "hour") else now.date()):
            change.add_error(name, "This date lies in the future.")

    return check


@hook(keys=("end_age", "start_age"))
def _ages(change: Change) -> None:
    start, end = change.get("start_age"), change.get("end_age")
    if start is not None and end is not None and end < start:
        change.add_error("end_age", "The end lies before the start.")


@hook(keys=("facility",))
def _no_pharmacy(change: Change) -> None:
    facility = change.values.get("facility")
    if Facility.objects.filter(practice=change.actor.practice, pk=facility or 0, kind=PHARMACY).exists():
        change.add_error("facility", "The pharmacy of a patient stands in the patient's own details.")


LISTS = (
    _list(
        "formulary",
        Drug,
        CLINICAL,
        _name(),
        Key("product_name", Text()),
        Key("generic_name", Text()),
        Key("strength", Text()),
        Key("dose_form", Text()),
        Key("route", Text()),
        Key("rxnorm", Text(), doc="Medications with this code are this drug."),
        Key("ndc", Text()),
        Key("va_id", Text()),
        Key("medispan_id", Text()),
        Key("ndcndf_id", Text()),
        Key("is_favorite", Boolean()),
        example={"name": "Metformin 500 mg tablet"},
    ),
    _list(
        "supplement_list",
        Supplement,
        CLINICAL,
        _name(),
        Key("nicknames", Text(), doc="Other words that find it."),
        Key("kind", Text()),
        Key("vendor_code", Text()),
        Key("code", Text()),
        Key("description", Text()),
        Key("external_ref_id", Text()),
        Key("inactive", Boolean(), doc="No longer recommended."),
        example={"name": "Magnesium glycinate 400 mg"},
    ),
    _list(
        "directory",
        Facility,
        "Manage Patients",
        Key("kind", Text(choices=(LABORATORY, PHARMACY, SPECIALIST)), REQUIRED),
        _name(),
        Key("company_brand", Text(), doc="Of a laboratory: the company whose branch it is."),
        Key("specialty", Text(), doc="Of a specialist."),
        Key("address1", Text()),
        Key("city", Text()),
        Key("state", Text()),
        Key("zip_code", Text()),
        Key("phone", Text()),
        Key("fax", Text()),
        Key("email", Text()),
        Key("ncpdp_id", Text(), doc="Of a pharmacy: the id by which patients name it."),
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
        Key("description", Text()),
        Key("frequency", Text(blank=False), REQUIRED, doc="Such as: Every 2 years."),
        Key("applies_to", Text(choices=APPLIES_TO), REQUIRED, default="all"),
        Key("sex", Text(choices=("", "Female", "Male")), OPTIONAL),
        Key("start_age", Integer(minimum=0, maximum=OLDEST)),
        Key("end_age", Integer(minimum=0, maximum=OLDEST)),
        Key("icd_codes", Text()),
        Key("overrides", Text()),
        checks=(_ages,),
        example={"name": "Mammogram", "frequency": "Every 2 years", "applies_to": "all"},
    ),
    _list(
        "tag_list",
        Tag,
        "Manage Patients",
        _name("No two tags have the same."),
        Key("category", Text(blank=False), REQUIRED),
        Key("description", Text(), REQUIRED),
        Key("color", Text(pattern="[0-9a-fA-F]{6}"), REQUIRED),
        Key("displays_on_dash", Boolean()),
        Key("note_displays_on_dashboard", Boolean()),
        Key("displays_on_calendar", Boolean()),
        checks=(check_note_display,),
        unique={"tag_name_once": ("name", "A tag with this name exists already.")},
        example={"name": "VIP", "category": "Care", "description": "Calls go through.", "color": "b2f07e"},
    ),
)

OF_PATIENTS = (
    _of_patients(
        "supplements_taken",
        PatientSupplement,
        (CLINICAL,),
        Key("supplement", Reference("supplement_list"), REQUIRED),
        Key("dose", Text()),
        Key("frequency", Text()),
        Key("start_date", Date()),
        Key("notes", Text()),
        Key("discontinued_at", Timestamp(), doc="UTC."),
        Key("discontinued_note", Text()),
        checks=(_not_to_come("discontinued_at"),),
        example={"supplement": 1, "patient": 1},
    ),
    _of_patients(
        "free_texts",
        FreeTextNote,
        (CLINICAL,),
        Key("note_type", Reference("note_headings"), REQUIRED),
        Key("note", Text(max_length=100_000, blank=False), REQUIRED),
        unique={"one_free_note_a_heading": ("note_type", "The patient has a note under this heading.")},
        example={"note_type": 1, "patient": 1, "note": "Lives alone."},
    ),
    _of_patients(
        "health_readings",
        HealthReading,
        (CLINICAL,),
        Key("tracker", Reference("health_trackers"), REQUIRED),
        Key("date", Date(), REQUIRED),
        Key("notes", Text()),
        checks=(_not_to_come("date"),),
        example={"tracker": 1, "patient": 1, "date": "2026-03-02"},
    ),
    _of_patients(
        "pictures",
        PatientImage,
        (),
        Key(
            "file",
            File(kinds=("image",), max_size=MOST_PICTURE),
            REQUIRED,
            doc="JPEG, PNG or GIF.",
            keep_on_put=True,
        ),
        Key("photo_type", Text(choices=("medical", "personal")), REQUIRED, default="medical"),
        Key("name", Text()),
        Key("notes", Text()),
        Key("taken_at", Timestamp(), doc="UTC."),
        checks=(_not_to_come("taken_at"),),
        example={"patient": 1, "photo_type": "medical"},
    ),
    _of_patients(
        "tags_of_patients",
        PatientTag,
        (),
        Key("tag", Reference("tag_list"), REQUIRED),
        Key("notes", Text()),
        unique={"tag_once_on_patient": ("tag", "The patient has this tag.")},
        example={"tag": 1, "patient": 1},
    ),
    _of_patients(
        "facilities_of_patients",
        PatientFacility,
        (),
        Key("facility", Reference("directory"), REQUIRED),
        Key(
            "priority_order",
            Integer(minimum=1, maximum=1000),
            OPTIONAL,
            default=1,
            doc="1 is the first to go to.",
        ),
        Key("note", Text()),
        checks=(_no_pharmacy,),
        unique={"facility_once_of_patient": ("facility", "It is among the patient's facilities.")},
        example={"facility": 1, "patient": 1},
    ),
)

RESOURCES = (*LISTS, *OF_PATIENTS)
