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
from charthouse.engine.declaration.resources import Operation, Resource
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
    doc="Headings for patients' free-text notes in the practice.",
    methods="GET",
    reads=False,
    policy=_POLICY,
    page_size=PAGES,
    rows=Q(archived=False),
    keys=(make_object_key("free_text_note_type"), Key("id", Id(), READ_ONLY), Key("name", Text(), READ_ONLY)),
    example={"name": "Social history"},
)

notes = Resource(
    path=NOTES,
    doc="A patient's free-text notes, by heading.",
    parents=make_patient_parent(),
    model=FreeTextNote,
    methods="GET",
    reads=False,
    policy=_POLICY,
    page_size=PAGES,
    rows=Q(archived=False, note_type__archived=False),
    keys=(
        make_object_key("free_text_note"),
        make_patient_key(),
        Key("pt_note_type_id", Reference("pt_notes"), READ_ONLY, source="note_type"),
        Key("name", Text(), READ_ONLY, source="note_type__name", doc="The heading."),
        Key("note", Text(), READ_ONLY),
        Key("updated", Timestamp(spaced=True), READ_ONLY, source="updated_at"),
        make_user_key("updatedby", "updated_by_id"),
    ),
    example={"name": "Social history", "note": "Lives with a partner; works nights."},
)


def _read(call: Call) -> dict[str, Any]:
    heading, row = free_text_notes.find_note(call.row, call.parameters["pt_note_type_id"])
    call.shown_rows[FreeTextNote] = [] if row is None else [row.pk]
    return _show(call.row.pk, heading, row)


def _write(call: Call) -> dict[str, Any]:
    heading, row = free_text_notes.write_note(call)
    return _show(call.row.pk, heading, row)


def _show(patient: int, heading: FreeTextNoteType, row: FreeTextNote | None) -> dict[str, Any]:
    """The note of a patient under a heading; an empty one where nothing has been written."""
    return {
        "object": "free_text_note",
        "pt_id": patient,
        "pt_note_type_id": heading.pk,
        "name": heading.name,
        "note": row.note if row else "",
        "updated": f"{row.updated_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if row else None,
        "updatedby": (row.updated_by_id or API_MADE) if row else None,
    }


_ANSWER: tuple[Key, ...] = (
    make_object_key("free_text_note"),
    Key("pt_id", Integer(), READ_ONLY, nullable=False),
    Key("pt_note_type_id", Integer(), READ_ONLY, nullable=False),
    Key("name", Text(), READ_ONLY, nullable=False),
    Key("note", Text(), READ_ONLY, nullable=False),
    Key("updated", Timestamp(spaced=True), READ_ONLY, doc="Null if nothing has been written."),
    Key("updatedby", Integer(), READ_ONLY),
)
_EXAMPLE = {"name": "Social history", "note": "Lives with a partner; works nights."}

read_note = Operation(
    path="patients/{id}/pt_notes/{pt_note_type_id}",
    doc="A patient's note under one heading; empty if nothing has been written.",
    of="patients",
    filters=(Filter("pt_note_type_id", Reference("pt_notes"), required=True),),
    answer=_ANSWER,
    run=_read,
    policy=Policy(scopes=("patient_free_text_notes",)),
    example=_EXAMPLE,
)

write_note = Operation(
    path="patients/{id}/pt_notes/{pt_note_type_id}",
    method="POST",
    doc="Replace a patient's note under one heading.",
    of="patients",
    filters=(Filter("pt_note_type_id", Reference("pt_notes"), required=True),),
    keys=(Key("note", Text(multiline=True, max_length=MAX_LENGTH), REQUIRED, source=UNSTORED),),
    answer=_ANSWER,
    run=_write,
    policy=Policy(scopes=("patient_free_text_notes",)),
    example=_EXAMPLE,
)

RESOURCES = [note_types, notes]

OPERATIONS = [read_note, write_note]
