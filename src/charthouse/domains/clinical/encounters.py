"""Hooks of encounters: notes of visits and independent ones."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from charthouse import clock
from charthouse.domains.clinical.models import ClinicalNote, EncounterType
from charthouse.domains.clinical.notes import LOCKED
from charthouse.domains.patients.models import Patient
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.errors import Conflict

VISIT_NOTE = "The note of a visit is deleted with its appointment."


@hook(keys=("date_of_service", "encounter_type", "title"))
def complete_encounter(change: Change) -> None:
    """Check and complete a new encounter: an active patient, the day, the type and the title.

    Defaults: today in the zone of the patient's doctor, the practice's first type, the name of the type.
    """
    if change.operation != "create":
        return
    practice = change.actor.practice
    name = "pt_id" if "pt_id" in change.resource.keys_by_name else "patient"
    patient = _lock_patient(change, name)
    code = change.values.get("encounter_type")
    encounter_type = _find_type(practice, code)
    if encounter_type is None:
        unknown = f'There is no encounter type "{str(code)[:100]}".'
        change.add_error("encounter_type", unknown if code else "The practice has no encounter types.")
    if patient is not None:
        _check_parent(change, patient)
    if patient is None or encounter_type is None:
        return
    change.set_columns(encounter_type_id=encounter_type.pk)
    change.set_columns(added_by_id=change.actor.user)
    if change.values.get("date_of_service") is None:
        change.set("date_of_service", _get_today(patient))
    if not change.values.get("title"):
        change.set("title", encounter_type.name)


def _lock_patient(change: Change, name: str) -> Patient | None:
    """Return the patient with a row lock, so that no concurrent call deletes it; None, with an error, if
    inactive."""
    row_id = change.values.get(name)
    if row_id is None:
        change.add_error(name, "This field is required.")
        return None
    rows = Patient._default_manager.select_for_update(of=("self",), no_key=True).select_related("doctor")
    found: Patient | None = rows.filter(practice=change.actor.practice, pk=row_id, archived=False).first()
    if found is None or (found.patient_status == "I" and not found.is_prospective):
        change.add_error(name, "The patient is inactive.")
        return None
    return found


def _find_type(practice: int, code: str | int | None) -> EncounterType | None:
    """Return the type with a code or id, or the practice's first."""
    rows = EncounterType.objects.filter(practice=practice, archived=False).order_by("sort_priority", "pk")
    if code:
        rows = rows.filter(pk=code) if isinstance(code, int) else rows.filter(code=code)
    return rows.first()


def _check_parent(change: Change, patient: Patient) -> None:
    """Require that a parent is an encounter of the same patient without a parent."""
    parent = change.values.get("parent_encounter")
    if parent is None:
        return
    rows = ClinicalNote.objects.select_for_update(no_key=True)
    found = rows.filter(practice=patient.practice_id, pk=parent, archived=False).first()
    if found is None or found.patient_id != patient.pk:
        change.add_error("parent_encounter", "The parent is not an encounter of this patient.")
    elif found.parent_id is not None:
        change.add_error("parent_encounter", "The parent is itself below another encounter.")


def _get_today(patient: Patient) -> date:
    return clock.now().astimezone(ZoneInfo(patient.doctor.timezone)).date()


@hook()
def check_changeable(change: Change) -> None:
    """Reject changing a signed note, and deleting one of a visit or with encounters below it. Raises
    Conflict."""
    row: Any = change.row
    if row is None:
        return
    if change.operation == "delete" and row.appointment_id is not None:
        raise Conflict(VISIT_NOTE)
    if row.locked_at:
        raise Conflict(LOCKED)
    if change.operation == "delete":
        below = ClinicalNote.objects.filter(practice=row.practice_id, parent=row.pk, archived=False)
        if below.exists():
            raise Conflict("The encounter has others below it: delete those first.")
