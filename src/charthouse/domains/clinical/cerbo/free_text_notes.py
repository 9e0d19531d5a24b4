"""Free-text notes in the Cerbo API. Source: reference cerbo/objects.yaml, operations.yaml; docs/decisions/0232-*.md"""

from datetime import UTC
from typing import Any

from django.db.models import Q

from charthouse.domains.clinical import free_text_notes
from charthouse.domains.clinical.free_text_notes import FreeTextNote, FreeTextNoteType
from charthouse.domains.practice.cerbo.keys import (
    API_MADE,
    PAGES,
    make_object_key,
    make_patient_key,
    make_patient_parent,
    make_policy,
    make_user_key,
)
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Operation, Parent, Resource
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

NOTES = "patients/{patient_id}/pt_notes"
MAX_LENGTH = 100_000  # characters
_POLICY = make_policy("patient_free_text_notes")

note_types = Resource(
    path="pt_notes",
    model=FreeTextNoteType,
    doc="The headings under which the practice keeps free text of patients.",
    methods="GET",
    reads=False,
    policy=_POLICY,
    page_size=PAGES,
    rows=Q(archived=False),
    keys=(make_object_key("free_text_note_type"), Key("id", Id(), READ_ONLY), Key("name", Text(), READ_ONLY)),
    example={"name": "Social history"},
)

_NOTE: dict[str, Any] = {
    "model": FreeTextNote,
    "methods": "GET",
    "reads": False,
    "policy": _POLICY,
    "page_size": PAGES,
    "rows": Q(archived=False, note_type__archived=False),
    "keys": (
        make_object_key("free_text_note"),
        make_patient_key(),
        Key("pt_note_type_id", Reference("pt_notes"), READ_ONLY, source="note_type"),
        Key("name", Text(), READ_ONLY, source="note_type__name", doc="The heading."),
        Key("note", Text(), READ_ONLY),
        Key("updated", Timestamp(spaced=True), READ_ONLY, source="updated_at"),
        make_user_key("updatedby", "updated_by_id"),
    ),
    "example": {"name": "Social history", "note": "Lives with a partner; works nights."},
}

notes = Resource(
    path=NOTES, doc="Free text of a patient, by heading.", parents=make_patient_parent(), **_NOTE
)

notes_of_a_type = Resource(
    path=f"{NOTES}/{{pt_note_type_id}}",
    doc="What a patient has under one heading.",
    parents=(*make_patient_parent(), Parent("pt_note_type_id", to="pt_notes", source="note_type")),
    **_NOTE,
)


def _write(call: Call) -> dict[str, Any]:
    written = free_text_notes.write_note(call)
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
    make_object_key("free_text_note"),
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
    keys=(Key("note", Text(multiline=True, max_length=MAX_LENGTH), REQUIRED, source=UNSTORED),),
    answer=_ANSWER,
    run=_write,
    policy=Policy(scopes=("patient_free_text_notes",)),
    example={"name": "Social history", "note": "Lives with a partner; works nights."},
)

RESOURCES = [note_types, notes, notes_of_a_type]

OPERATIONS = [write_note]
