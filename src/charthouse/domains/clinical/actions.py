"""Notes are written, signed and reopened; names of codes are filled in. Hooks of the declarations, and what the
console calls (``lock``, ``unlock``)."""

from typing import Any

from django.db import transaction

from charthouse import clock
from charthouse.domains.clinical import codes
from charthouse.domains.clinical.charting import misfit
from charthouse.domains.clinical.models import (
    ClinicalNote,
    ClinicalNoteFieldType,
    ClinicalNoteFieldValue,
    Observation,
)
from charthouse.domains.clinical.signals import note_locked
from charthouse.domains.scheduling.models import Appointment
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict, NotFound

LOCKED = "The clinical note is locked."
_BREAK = "A break has no clinical note."

# -- notes ------------------------------------------------------------------------------------------------------


@hook(keys=("appointment", "clinical_note_field", "value"))
def write_note(change: Change) -> None:
    """A value is written only into a note that isn't locked, and only one that its field takes. Raises Conflict."""
    if change.operation == "delete":
        return
    appointments = {change.get("appointment"), change.get_current("appointment")} - {None}
    notes = _notes(change.actor.practice, appointments)
    if any(note.locked_at for note in notes.values()):
        raise Conflict(LOCKED)
    if change.get("appointment") not in notes:
        change.add_error("appointment", _BREAK)
        return
    if change.changes("value", "clinical_note_field"):
        field = ClinicalNoteFieldType.objects.get(
            practice=change.actor.practice, pk=change.get("clinical_note_field")
        )
        if message := misfit(field, change.get("value")):
            change.add_error("value", message)


@hook()
def note_written(change: Change, row: Any) -> None:
    """A note changes with its values; who asks for changes since a moment must find it."""
    if change.row is None or change.old_values:
        appointments = {row.appointment_id, change.old_values.get("appointment_id", row.appointment_id)}
        for note in _notes(row.practice_id, appointments).values():
            note.save(update_fields=["updated_at"])


@hook(keys=("appointment_id",))
def write_beside_note(change: Change) -> None:
    """The notepad of a section follows its note's lock. Raises Conflict."""
    note = _notes(change.actor.practice, {change.get("appointment_id")}).get(change.get("appointment_id"))
    if note is None:
        change.add_error("appointment_id", _BREAK)
    elif note.locked_at:
        raise Conflict(LOCKED)


def _notes(practice: int, appointments: set[Any]) -> dict[int, ClinicalNote]:
    """The notes of appointments, by appointment, locked against other writers to the end of the transaction."""
    rows = ClinicalNote.objects.select_for_update(no_key=True).order_by("pk")
    return {
        note.pk: note  # the appointment's own id
        for note in rows.filter(practice=practice, appointment__in=appointments, archived=False)
    }


def lock(practice: int, note_id: int, user_id: int) -> ClinicalNote:
    """Sign a note: from here on it stays as it is. Raises NotFound, or Conflict when it is locked already or a
    required field of one of its sections has no value (its message names them)."""
    with transaction.atomic():
        note = _note(practice, note_id)
        if note.locked_at:
            raise Conflict(LOCKED)
        if missing := unfilled(note):
            raise Conflict(f"These required fields have no value: {', '.join(missing)}.")
        note.locked_at, note.locked_by_id = clock.now(), user_id
        note.save(update_fields=["locked_at", "locked_by", "updated_at"])
        note_locked.send(ClinicalNote, note=note)
        return note


def unlock(practice: int, note_id: int) -> ClinicalNote:
    """Open a signed note again. Raises NotFound, or Conflict when it isn't locked."""
    with transaction.atomic():
        note = _note(practice, note_id)
        if not note.locked_at:
            raise Conflict("The clinical note is not locked.")
        note.locked_at = note.locked_by_id = note.signed_pdf_id = None
        note.save(update_fields=["locked_at", "locked_by", "signed_pdf", "updated_at"])
        return note


def unfilled(note: ClinicalNote) -> list[str]:
    """Names of the required fields without a value, of the sections that the note has."""
    written = ClinicalNoteFieldValue.objects.filter(
        practice=note.practice_id, appointment=note.appointment_id, archived=False
    ).exclude(value="")
    templates = written.values("clinical_note_field__clinical_note_template")
    fields = ClinicalNoteFieldType.objects.filter(
        practice=note.practice_id, clinical_note_template__in=templates, required=True, archived=False
    ).exclude(pk__in=written.values("clinical_note_field"))
    return list(fields.order_by("position", "id").values_list("name", flat=True))


def _note(practice: int, note_id: int) -> ClinicalNote:
    rows = ClinicalNote.objects.select_for_update(no_key=True)
    note = rows.filter(practice=practice, pk=note_id, archived=False).first()
    if note is None:
        raise NotFound
    return note


# -- lists of the chart -----------------------------------------------------------------------------------------


@hook(keys=("icd_code", "icd_version", "name"))
def name_problem(change: Change) -> None:
    """A problem that is given a code and no name has the code's."""
    if not change.get("name") and change.get("icd_version") == 10:
        name = codes.icd10(change.get("icd_code") or "")
        if name:
            change.values["name"] = name


@hook()
def name_codes(change: Change) -> None:
    """Labels follow the codes of an observation."""
    row: Observation | None = change.row
    for code, system, name in (
        ("code", "code_system", "name"),
        ("value_code", "value_code_system", "value_code_name"),
    ):
        if row is None or change.changes(code, system):
            change.columns[name] = codes.name(change.get(system) or "", change.get(code) or "")


@hook(keys=("appointment", "patient"))
def of_the_patient(change: Change) -> None:
    """An appointment that is named is the patient's own."""
    appointment = change.get("appointment")
    if appointment is None or change.operation == "delete" or not change.changes("appointment", "patient"):
        return
    rows = Appointment.objects.filter(practice=change.actor.practice, pk=appointment)
    if not rows.filter(patient=change.get("patient")).exists():
        change.add_error("appointment", "The appointment is not this patient's.")


@hook(keys=("appointment", "patient"))
def amend(change: Change) -> None:
    """An amendment belongs to the app that makes it."""
    if change.row is None:
        change.columns["app_id"] = change.actor.app
    of_the_patient(change)
