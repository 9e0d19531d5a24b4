"""Free-text notes of patients by heading, which the Cerbo API alone shows: docs/decisions/0232-*.md"""

from typing import Any

from django.db import models
from django.db.models import Q

from charthouse.engine.declaration.calls import Call
from charthouse.engine.errors import NotFound
from charthouse.identity.tenancy import Authored, Record, RecordKey


class FreeTextNoteType(Record):
    """A heading of free-text notes, e.g. social history; a patient has at most one note under each."""

    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "name"], condition=Q(archived=False), name="note_type_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class FreeTextNote(Authored, Record):
    """A patient's note under a heading."""

    joined_when_merged = "note"  # the text of a second patient, when both are merged (``patients.merges``)

    patient = RecordKey("patients.Patient")
    note_type = RecordKey("clinical.FreeTextNoteType", indexed=False)
    note = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["practice", "patient", "note_type"],
                condition=Q(archived=False),
                name="one_free_note_a_heading",
            )
        ]

    def __str__(self) -> str:
        return f"free text note {self.pk}"


def find_note(patient: Any, note_type: int) -> tuple[FreeTextNoteType, FreeTextNote | None]:
    """Return a heading, and what the patient has under it. Raises NotFound for an unknown heading."""
    heading = FreeTextNoteType.objects.filter(
        practice=patient.practice_id, pk=note_type, archived=False
    ).first()
    if heading is None:
        raise NotFound()
    notes = FreeTextNote.objects.filter(
        practice=patient.practice_id, patient=patient.pk, note_type=heading.pk, archived=False
    )
    return heading, notes.first()


def write_note(call: Call) -> tuple[FreeTextNoteType, FreeTextNote]:
    """Replace the note of the path's patient under a heading; an equal text writes nothing. Raises NotFound
    for an unknown heading."""
    patient, user = call.row, call.actor.user
    heading, row = find_note(patient, call.parameters["pt_note_type_id"])  # the patient's row is locked
    if row is None:
        row = FreeTextNote.objects.create(
            practice_id=patient.practice_id,
            patient_id=patient.pk,
            note_type_id=heading.pk,
            note=call.values["note"],
            added_by_id=user,
            updated_by_id=user,
        )
    elif row.note != call.values["note"]:
        row.note = call.values["note"]
        row.save(update_fields=["note", *row.set_authors(call.actor), "updated_at"])
    return heading, row
