"""Free-text notes and health maintenance as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0232-*.md, 0233-*.md"""

from datetime import UTC
from typing import Any

from django.db.models import Q

from charthouse.domains.clinical import kept
from charthouse.domains.clinical.kept import FreeTextNote, FreeTextNoteType, HealthReading, HealthTracker
from charthouse.domains.practice.cerbo_keys import API_MADE, below_patient, by, common, created, tag
from charthouse.resource.declare import Hidden, PageSize, Parent, Resource
from charthouse.resource.fields import OPTIONAL, READ_ONLY, REQUIRED, Field, Id, Integer, Ref, Text
from charthouse.resource.filters import Flag, RefIs
from charthouse.resource.functions import Call, Function
from charthouse.resource.times import Date, Moment

PAGES = PageSize(100, 100, 100)
NOTES = "patients/{patient_id}/pt_notes"
READINGS = "patients/{patient_id}/health_maintenance"
LONGEST = 100_000  # characters of a note
_NOTED = common("patient_free_text_notes")

# -- free text --------------------------------------------------------------------------------------------------

note_types = Resource(
    path="pt_notes",
    model=FreeTextNoteType,
    doc="The headings under which the practice keeps free text of patients.",
    methods="GET",
    reads=False,
    **_NOTED,
    page_size=PAGES,
    rows=Q(archived=False),
    fields=(tag("free_text_note_type"), Id("id"), Text("name", READ_ONLY)),
    example={"name": "Social history"},
)

_NOTE: dict[str, Any] = {
    "model": FreeTextNote,
    "methods": "GET",
    "reads": False,
    **_NOTED,
    "page_size": PAGES,
    "rows": Q(archived=False, note_type__archived=False),
    "fields": (
        tag("free_text_note"),
        Ref("pt_id", READ_ONLY, source="patient", to="patients"),
        Ref("pt_note_type_id", READ_ONLY, source="note_type", to="pt_notes"),
        Text("name", READ_ONLY, source="note_type__name", doc="The heading."),
        Text("note", READ_ONLY),
        Moment("updated", READ_ONLY, source="updated_at"),
        by("updatedby", "updated_by_id"),
    ),
    "example": {"name": "Social history", "note": "Lives with a partner; works nights."},
}

notes = Resource(path=NOTES, doc="Free text of a patient, by heading.", parents=below_patient(), **_NOTE)
notes_of_a_type = Resource(
    path=f"{NOTES}/{{pt_note_type_id}}",
    doc="What a patient has under one heading.",
    parents=(*below_patient(), Parent("pt_note_type_id", to="pt_notes", source="note_type")),
    **_NOTE,
)


def _write(call: Call) -> dict[str, Any]:
    written = kept.write_note(call)
    row, heading = written["row"], written["heading"]
    return {
        "object": "free_text_note",
        "pt_id": row.patient_id,
        "pt_note_type_id": heading.pk,
        "name": heading.name,
        "note": row.note,
        "updated": f"{row.updated_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        "updatedby": row.updated_by_id or API_MADE,
    }


_ANSWER: tuple[Field, ...] = (
    tag("free_text_note"),
    Integer("pt_id", READ_ONLY, nullable=False),
    Integer("pt_note_type_id", READ_ONLY, nullable=False),
    Text("name", READ_ONLY, nullable=False),
    Text("note", READ_ONLY, nullable=False),
    Moment("updated", READ_ONLY, nullable=False),
    Integer("updatedby", READ_ONLY, nullable=False),
)

write_note = Function(
    path="patients/{id}/pt_notes/{pt_note_type_id}",
    method="POST",
    doc="Write what a patient has under one heading, in the place of what was there.",
    of="patients",
    scopes=("patient_free_text_notes",),
    parameters=(RefIs("pt_note_type_id", to="pt_notes", required=True),),
    fields=(Text("note", REQUIRED, stored=False, max_length=LONGEST),),
    answers=_ANSWER,
    run=_write,
    example={"name": "Social history", "note": "Lives with a partner; works nights."},
)

# -- health maintenance -----------------------------------------------------------------------------------------

trackers = Resource(
    path="health_maintenance",
    model=HealthTracker,
    doc="Care that comes due again and again, and for whom.",
    methods="GET",
    **common("health_maintenance"),
    page_size=PAGES,
    rows=Q(archived=False),
    fields=(
        tag("health_maintenance_tracker"),
        Id("id", as_text=True),
        Text("name", READ_ONLY),
        Text("description", READ_ONLY),
        Text("applies_to", READ_ONLY, choices=kept.APPLIES_TO),
        Text("sex", READ_ONLY, doc="Male or Female; empty: both."),
        Integer("start_age", READ_ONLY, doc="Years."),
        Integer("end_age", READ_ONLY, doc="Years."),
        Text("frequency", READ_ONLY),
        Text("icd_codes", READ_ONLY),
        Text("overrides", READ_ONLY),
        by("addedby", as_text=True),
        created(),
    ),
    filters=(
        Flag("include_specific_pt", doc="Adds trackers that are only for patients whom somebody chose."),
    ),
    hidden=Hidden(Q(applies_to=kept.SPECIFIC), unless="include_specific_pt", usable=True),
    example={"name": "Mammogram", "sex": "Female", "start_age": 40, "end_age": 74},
)

_READING: tuple[Field, ...] = (
    tag("health_maintenance_reading"),
    Id("id"),
    Ref("pt_id", READ_ONLY, source="patient", to="patients"),
    Ref("health_maintenance_id", READ_ONLY, source="tracker", to="health_maintenance"),
    Date("date", REQUIRED),
    Text("notes", OPTIONAL),
    by("addedby"),
    created(),
)
_READ = common("patient_health_maintenance")
_EXAMPLE = {"date": "2030-03-04", "notes": "No finding."}

readings = Resource(
    path=READINGS,
    model=HealthReading,
    doc="When a patient had the care that is tracked.",
    methods="GET",
    reads=False,
    **_READ,
    page_size=PAGES,
    parents=below_patient(),
    rows=Q(archived=False),
    fields=_READING,
    example=_EXAMPLE,
)
new_readings = Resource(
    path=f"{READINGS}/{{health_maintenance_id}}",
    model=HealthReading,
    doc="Note that a patient had the care of a tracker.",
    methods="POST",
    reads=False,
    lists=False,
    **_READ,
    parents=(*below_patient(), Parent("health_maintenance_id", to="health_maintenance", source="tracker")),
    rows=Q(archived=False),
    fields=_READING,
    example=_EXAMPLE,
)

RESOURCES = [note_types, notes, notes_of_a_type, trackers, readings, new_readings]
FUNCTIONS = [write_note]
