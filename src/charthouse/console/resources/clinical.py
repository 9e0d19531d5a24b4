"""Clinical notes, their templates and types, free text and health maintenance, as the console writes them."""

from typing import Any

from django.db.models import Case, F, Q, When

from charthouse.console.resources.declaring import (
    CLINICAL,
    declare_doctor_setup,
    declare_patient_list,
    declare_practice_list,
    make_doctor_key,
    make_name_key,
    refuse_future,
)
from charthouse.domains.billing.diagnosis_pointers import move_pointers
from charthouse.domains.clinical import encounters
from charthouse.domains.clinical import notes as note_writes
from charthouse.domains.clinical.field_values import DATA_TYPES, MAX_VALUE_LENGTH
from charthouse.domains.clinical.free_text_notes import FreeTextNote, FreeTextNoteType
from charthouse.domains.clinical.health_maintenance import APPLIES_TO, HealthReading, HealthTracker
from charthouse.domains.clinical.models import (
    ClinicalNote,
    ClinicalNoteFieldType,
    ClinicalNoteFieldValue,
    ClinicalNoteTemplate,
    EncounterType,
    NoteText,
)
from charthouse.domains.practice.unique_names import make_name_check
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED
from charthouse.files.types import FileLink

MAX_AGE = 150  # years


PERMISSIONS = ("Access Clinical Notes",)


_SETUP: dict[str, Any] = {
    "methods": "GET POST PATCH DELETE",
    "rows": Q(archived=False),
    "policy": Policy(scopes=("settings",), permissions=PERMISSIONS, sharing=ALWAYS, owner=None),
}


@hook()
def set_deleted_by(change: Change) -> None:
    """Record the user who deletes the row."""
    if change.operation == "delete":
        change.set_columns(deleted_by_id=change.actor.user)


@hook()
def set_owner(change: Change) -> None:
    """Record the user who creates the row."""
    if change.row is None:
        change.set_columns(owner_id=change.actor.user)


@hook(keys=("end_age", "start_age"))
def check_ages(change: Change) -> None:
    """Check that the end age is not below the start age."""
    start, end = change.get("start_age"), change.get("end_age")
    if start is not None and end is not None and end < start:
        change.add_error("end_age", "The end is before the start.")


@hook(keys=("owner",))
def refuse_owner(change: Change) -> None:
    """Refuse a text that would be somebody else's: it is the user's own, or the whole practice's."""
    owner = change.values.get("owner")
    if owner is not None and owner != change.actor.user:
        change.add_error("owner", "A text is your own, or the whole practice's.")


RESOURCES = (
    declare_doctor_setup(
        "note_templates",
        ClinicalNoteTemplate,
        "share_clinical_templates",
        make_doctor_key(),
        Key("name", Text(), REQUIRED),
        Key("is_persistent", Boolean(), doc="What it says about a patient is carried into later notes."),
        Key("order_on_complete_note", Integer(minimum=0, maximum=10_000), OPTIONAL, default=1),
        permissions=("Access Clinical Notes",),
        example={"name": "Subjective"},
    ),
    declare_doctor_setup(
        "note_fields",
        ClinicalNoteFieldType,
        "share_clinical_templates",
        Key("clinical_note_template", Reference("note_templates"), REQUIRED),
        Key("name", Text(), REQUIRED),
        Key("data_type", Text(choices=DATA_TYPES), OPTIONAL, default="String"),
        Key("allowed_values", List(Text())),
        Key("required", Boolean(), doc="No note with this section is locked before it has a value."),
        Key("comment", Text()),
        Key("position", Integer(minimum=0, maximum=10_000), OPTIONAL, default=1),
        owner="clinical_note_template__doctor",
        permissions=("Access Clinical Notes",),
        example={"name": "Chief complaint"},
    ),
    declare_practice_list(
        "note_headings",
        FreeTextNoteType,
        CLINICAL,
        make_name_key(),
        checks=(make_name_check("This heading exists already."),),
        unique={"note_type_once": ("name", "This heading exists already.")},
        example={"name": "Social history"},
    ),
    declare_patient_list(
        "free_texts",
        FreeTextNote,
        (CLINICAL,),
        Key("note_type", Reference("note_headings"), REQUIRED),
        Key("note", Text(multiline=True, max_length=100_000, blank=False), REQUIRED),
        unique={"one_free_note_a_heading": ("note_type", "The patient has a note under this heading.")},
        example={"note_type": 1, "patient": 1, "note": "Lives alone."},
    ),
    declare_practice_list(
        "health_trackers",
        HealthTracker,
        CLINICAL,
        make_name_key(),
        Key("description", Text(multiline=True)),
        Key("frequency", Text(blank=False), REQUIRED, doc="For example, every 2 years."),
        Key("applies_to", Text(choices=APPLIES_TO), REQUIRED, default="all"),
        Key("sex", Text(choices=("", "Female", "Male")), OPTIONAL),
        Key("start_age", Integer(minimum=0, maximum=MAX_AGE)),
        Key("end_age", Integer(minimum=0, maximum=MAX_AGE)),
        Key("icd_codes", Text()),
        Key("overrides", Text()),
        checks=(check_ages,),
        example={"name": "Mammogram", "frequency": "Every 2 years", "applies_to": "all"},
    ),
    declare_patient_list(
        "health_readings",
        HealthReading,
        (CLINICAL,),
        Key("tracker", Reference("health_trackers"), REQUIRED),
        Key("date", Date(past=True), REQUIRED),
        Key("notes", Text(multiline=True)),
        checks=(refuse_future("date"),),
        example={"tracker": 1, "patient": 1, "date": "2026-03-02"},
    ),
    Resource(
        path="encounter_kinds",
        model=EncounterType,
        doc="Kinds of encounters, as people of the practice set them up.",
        **_SETUP,
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("name", Text(blank=False), REQUIRED),
            Key("code", Text(pattern="[a-z0-9]{2}"), REQUIRED, example="hv"),
            Key("description", Text(multiline=True), OPTIONAL),
            Key("is_face_to_face", Boolean(), OPTIONAL, default=False),
            Key("place_of_service_code", Text(max_length=2), OPTIONAL),
            Key("provider_taxonomy", Text(max_length=10), OPTIONAL),
            Key("sort_priority", Integer(minimum=0, maximum=10_000), OPTIONAL, default=100),
        ),
        checks=(set_deleted_by,),
        unique={"encounter_type_once": ("code", "Another type has this code.")},
        example={"name": "Home visit", "code": "hv"},
    ),
    Resource(
        path="cleared_note_values",
        model=ClinicalNoteFieldValue,
        doc="Values of notes as people clear them; no API does.",
        methods="GET DELETE",
        policy=Policy(
            scopes=("clinical",),
            permissions=PERMISSIONS,
            sharing="share_patients",
            owner="appointment__doctor",
        ),
        rows=Q(archived=False),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("appointment", Reference("appointments"), READ_ONLY),
            Key("value", Text(), READ_ONLY),
        ),
        after=(note_writes.touch_notes,),
        example={"id": 1},
    ),
    Resource(
        path="visit_diagnoses",
        model=Appointment,
        doc="The diagnoses of visits, in the order of their claims.",
        methods="GET PATCH",
        policy=Policy(
            scopes=("clinical",), permissions=PERMISSIONS, sharing="share_patients", owner="doctor"
        ),
        rows=Q(archived=False, patient__isnull=False),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("icd10_codes", List(Text(max_length=20, blank=False)), OPTIONAL),
        ),
        checks=(move_pointers,),
        example={"icd10_codes": ["E11.9"]},
    ),
    Resource(
        path="note_texts",
        model=NoteText,
        doc="Snippets and templates of notes, as people of the practice keep them.",
        methods="GET POST PATCH DELETE",
        policy=Policy(scopes=("clinical",), permissions=(CLINICAL,), sharing=ALWAYS, owner=None),
        rows=Q(archived=False),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("name", Text(blank=False), REQUIRED),
            Key("field", Text(), OPTIONAL, default="", doc="Of a template: the name of the note's field."),
            Key("text", Text(multiline=True, blank=False, max_length=MAX_VALUE_LENGTH), REQUIRED),
            Key(
                "owner",
                Reference("users"),
                OPTIONAL,
                doc="Who may use it. Leave empty for the whole practice.",
            ),
        ),
        checks=(refuse_owner,),
        unique={"note_text_once": ("name", "There is a text of this name already.")},
        example={"name": "Normal exam", "text": "Well appearing, lungs clear."},
    ),
    Resource(
        path="notes_alone",
        model=ClinicalNote,
        doc="Notes of patients that are of no visit.",
        methods="GET POST PATCH DELETE",
        policy=Policy(
            scopes=("clinical",), permissions=PERMISSIONS, sharing="share_patients", owner="patient__doctor"
        ),
        rows=Q(archived=False, appointment__isnull=True),
        keys=(
            Key("id", Id(), READ_ONLY),
            Key("patient", Reference("patients"), REQUIRED),
            Key("title", Text(max_length=500, blank=False), REQUIRED),
            Key("encounter_type", Reference("encounter_kinds"), OPTIONAL, nullable=False),
            Key("date_of_service", Date(), OPTIONAL, nullable=False),
            Key("content", Text(multiline=True, max_length=MAX_VALUE_LENGTH), OPTIONAL),
            Key(
                "parent_encounter",
                Reference("clinical_notes"),
                OPTIONAL,
                source="parent",
                doc="The note that it is added to.",
            ),
            Key("locked_at", Timestamp(), READ_ONLY),
            Key("signed_by_first_name", Text(), READ_ONLY, source="locked_by__first_name"),
            Key("signed_by_last_name", Text(), READ_ONLY, source="locked_by__last_name"),
            Key(
                "pdf",
                FileLink("notes"),
                READ_ONLY,
                source=Expression(lambda: Case(When(locked_at__isnull=False, then=F("id")))),
            ),
        ),
        checks=(encounters.complete_encounter, encounters.check_changeable, set_owner),
        example={"title": "Call about results", "content": "Results are normal."},
    ),
)
