"""Clinical notes: writing, locking and unlocking. Hooks of the declarations, and functions for the console."""

from typing import Any

from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce, Length

from charthouse import clock
from charthouse.domains.clinical.field_values import MAX_NOTE_LENGTH, MAX_NOTE_VALUES, find_value_error
from charthouse.domains.clinical.models import (
    ClinicalNote,
    ClinicalNoteFieldType,
    ClinicalNoteFieldValue,
)
from charthouse.domains.clinical.signals import note_locked
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict, NotFound

LOCKED = "The clinical note is locked."
_NO_NOTE = "A break has no clinical note."


@hook(keys=("appointment", "clinical_note_field", "value"))
def check_value(change: Change) -> None:
    """Reject a value that the field does not take or whose note is locked. Raises Conflict."""
    if change.operation == "delete":
        return
    appointments = {change.get("appointment"), change.get_current("appointment")} - {None}
    notes = _lock_notes(change.actor.practice, appointments)
    if any(note.locked_at for note in notes.values()):
        raise Conflict(LOCKED)
    if change.get("appointment") not in notes:
        change.add_error("appointment", _NO_NOTE)
        return
    if change.changes("value", "clinical_note_field"):
        field = ClinicalNoteFieldType.objects.get(
            practice=change.actor.practice, pk=change.get("clinical_note_field")
        )
        if message := find_value_error(field, change.get("value")) or _find_size_error(change):
            change.add_error("value", message)
    elif change.changes("appointment") and (message := _find_size_error(change)):
        change.add_error("value", message)


def _find_size_error(change: Change) -> str:
    """Return why the note can't hold the value in addition to its others; "" if it can. The note is locked."""
    others = ClinicalNoteFieldValue.objects.filter(
        practice=change.actor.practice, appointment=change.get("appointment"), archived=False
    )
    if change.row is not None:
        others = others.exclude(pk=change.row.pk)
    sums = others.aggregate(length=Coalesce(Sum(Length("value")), 0), count=Count("pk"))
    if sums["length"] + len(change.get("value")) > MAX_NOTE_LENGTH:
        return f"All values of a note may have at most {MAX_NOTE_LENGTH:,} characters."
    if sums["count"] >= MAX_NOTE_VALUES:
        return f"A note may have at most {MAX_NOTE_VALUES:,} values."
    return ""


@hook()
def touch_notes(change: Change, row: Any) -> None:
    """Update ``updated_at`` of the notes of a changed value, so that ``since`` finds them."""
    if change.row is None or change.old_values:
        appointments = {row.appointment_id, change.old_values.get("appointment_id", row.appointment_id)}
        for note in _lock_notes(row.practice_id, appointments).values():
            note.save(update_fields=["updated_at"])


@hook(keys=("appointment_id",))
def check_notepad(change: Change) -> None:
    """Reject a notepad whose note is locked. Raises Conflict."""
    note = _lock_notes(change.actor.practice, {change.get("appointment_id")}).get(
        change.get("appointment_id")
    )
    if note is None:
        change.add_error("appointment_id", _NO_NOTE)
    elif note.locked_at:
        raise Conflict(LOCKED)


def _lock_notes(practice: int, appointments: set[Any]) -> dict[int, ClinicalNote]:
    """Return the notes of appointments by appointment, with row locks until the end of the transaction."""
    rows = ClinicalNote.objects.select_for_update(no_key=True).order_by("pk")
    return {
        note.pk: note  # equal to the appointment's id
        for note in rows.filter(practice=practice, appointment__in=appointments, archived=False)
    }


def lock(practice: int, note_id: int, user_id: int, attestation: str = "") -> ClinicalNote:
    """Sign a note, which then no longer changes. ``attestation``: the words that the signer agreed to.

    Raises NotFound; Conflict if it is locked already or a required field of one of its sections has no value
    (the message names them).
    """
    with transaction.atomic():
        note = _get_note(practice, note_id)
        if note.locked_at:
            raise Conflict(LOCKED)
        if missing := list_missing_fields(note):
            raise Conflict(f"These required fields have no value: {', '.join(missing)}.")
        note.locked_at, note.locked_by_id = clock.now(), user_id
        note.attestation = attestation
        note.save(update_fields=["locked_at", "locked_by", "attestation", "updated_at"])
        note_locked.send(ClinicalNote, note=note)
        return note


def unlock(practice: int, note_id: int) -> ClinicalNote:
    """Reopen a signed note. Raises NotFound; Conflict if it is not locked."""
    with transaction.atomic():
        note = _get_note(practice, note_id)
        if not note.locked_at:
            raise Conflict("The clinical note is not locked.")
        note.locked_at = note.locked_by_id = note.signed_pdf_id = None
        note.attestation = ""
        note.save(update_fields=["locked_at", "locked_by", "signed_pdf", "attestation", "updated_at"])
        return note


def list_missing_fields(note: ClinicalNote) -> list[str]:
    """Return the names of required fields without a value, of the sections that the note has."""
    written = ClinicalNoteFieldValue.objects.filter(
        practice=note.practice_id, appointment=note.appointment_id, archived=False
    ).exclude(value="")
    templates = written.values("clinical_note_field__clinical_note_template")
    fields = ClinicalNoteFieldType.objects.filter(
        practice=note.practice_id, clinical_note_template__in=templates, required=True, archived=False
    ).exclude(pk__in=written.values("clinical_note_field"))
    return list(fields.order_by("position", "id").values_list("name", flat=True))


def _get_note(practice: int, note_id: int) -> ClinicalNote:
    """Return a note with a row lock. Raises NotFound."""
    rows = ClinicalNote.objects.select_for_update(no_key=True)
    note = rows.filter(practice=practice, pk=note_id, archived=False).first()
    if note is None:
        raise NotFound
    return note
