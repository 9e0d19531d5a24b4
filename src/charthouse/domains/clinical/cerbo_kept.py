"""Free-text notes and health maintenance as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0232-*.md, 0233-*.md"""

from datetime import UTC
from typing import Any

from django.db.models import Q

from charthouse.domains.clinical import kept
from charthouse.domains.clinical.kept import FreeTextNote, FreeTextNoteType, HealthReading, HealthTracker
from charthouse.domains.practice.cerbo_keys import API_MADE, below_patient, by, common, created, tag
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.filters import Filter, Flag
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Operation, PageSize, Parent, Resource, Visibility
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

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
    policy=_NOTED,
    page_size=PAGES,
    rows=Q(archived=False),
    keys=(tag("free_text_note_type"), Key("id", Id(), READ_ONLY), Key("name", Text(), READ_ONLY)),
    example={"name": "Social history"},
)

_NOTE: dict[str, Any] = {
    "model": FreeTextNote,
    "methods": "GET",
    "reads": False,
    "policy": _NOTED,
    "page_size": PAGES,
    "rows": Q(archived=False, note_type__archived=False),
    "keys": (
        tag("free_text_note"),
        Key("pt_id", Reference("patients"), READ_ONLY, source="patient"),
        Key("pt_note_type_id", Reference("pt_notes"), READ_ONLY, source="note_type"),
        Key("name", Text(), READ_ONLY, source="note_type__name", doc="The heading."),
        Key("note", Text(), READ_ONLY),
        Key("updated", Timestamp(spaced=True), READ_ONLY, source="updated_at"),
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


_ANSWER: tuple[Key, ...] = (
    tag("free_text_note"),
    Key("pt_id", Integer(), READ_ONLY, nullable=False),
    Key("pt_note_type_id", Integer(), READ_ONLY, nullable=False),
    Key("name", Text(), READ_ONLY, nullable=False),
    Key("note", Text(), READ_ONLY, nullable=False),
    Key("updated", Timestamp(spaced=True), READ_ONLY, nullable=False),
    Key("updatedby", Integer(), READ_ONLY, nullable=False),
)

write_note = Operation(
    path="patients/{id}/pt_notes/{pt_note_type_id}",
    method="POST",
    doc="Write what a patient has under one heading, in the place of what was there.",
    of="patients",
    filters=(Filter("pt_note_type_id", Reference("pt_notes"), required=True),),
    keys=(Key("note", Text(max_length=LONGEST), REQUIRED, source=UNSTORED),),
    answer=_ANSWER,
    run=_write,
    policy=Policy(scopes=("patient_free_text_notes",)),
    example={"name": "Social history", "note": "Lives with a partner; works nights."},
)

# -- health maintenance -----------------------------------------------------------------------------------------

trackers = Resource(
    path="health_maintenance",
    model=HealthTracker,
    doc="Care that comes due again and again, and for whom.",
    methods="GET",
    policy=common("health_maintenance"),
    page_size=PAGES,
    rows=Q(archived=False),
    keys=(
        tag("health_maintenance_tracker"),
        Key("id", Id(as_text=True), READ_ONLY),
        Key("name", Text(), READ_ONLY),
        Key("description", Text(), READ_ONLY),
        Key("applies_to", Text(choices=kept.APPLIES_TO), READ_ONLY),
        Key("sex", Text(), READ_ONLY, doc="Male or Female; empty: both."),
        Key("start_age", Integer(), READ_ONLY, doc="Years."),
        Key("end_age", Integer(), READ_ONLY, doc="Years."),
        Key("frequency", Text(), READ_ONLY),
        Key("icd_codes", Text(), READ_ONLY),
        Key("overrides", Text(), READ_ONLY),
        by("addedby", as_text=True),
        created(),
    ),
    filters=(
        Flag("include_specific_pt", doc="Adds trackers that are only for patients whom somebody chose."),
    ),
    visibility=Visibility(Q(applies_to=kept.SPECIFIC), shown_by="include_specific_pt", referable=True),
    example={"name": "Mammogram", "sex": "Female", "start_age": 40, "end_age": 74},
)

_READING: tuple[Key, ...] = (
    tag("health_maintenance_reading"),
    Key("id", Id(), READ_ONLY),
    Key("pt_id", Reference("patients"), READ_ONLY, source="patient"),
    Key("health_maintenance_id", Reference("health_maintenance"), READ_ONLY, source="tracker"),
    Key("date", Date(), REQUIRED),
    Key("notes", Text(), OPTIONAL),
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
    policy=_READ,
    page_size=PAGES,
    parents=below_patient(),
    rows=Q(archived=False),
    keys=_READING,
    example=_EXAMPLE,
)
new_readings = Resource(
    path=f"{READINGS}/{{health_maintenance_id}}",
    model=HealthReading,
    doc="Note that a patient had the care of a tracker.",
    methods="POST",
    reads=False,
    lists=False,
    policy=_READ,
    parents=(*below_patient(), Parent("health_maintenance_id", to="health_maintenance", source="tracker")),
    rows=Q(archived=False),
    keys=_READING,
    example=_EXAMPLE,
)

RESOURCES = [note_types, notes, notes_of_a_type, trackers, readings, new_readings]
FUNCTIONS = [write_note]
