"""Hooks of tasks in the Cerbo API: status, reminder, linked resource, patient and note."""

from typing import Any

from charthouse import clock
from charthouse.domains.clinical.models import ClinicalNote
from charthouse.domains.documents.models import Document
from charthouse.domains.tasks.codes import RESOURCE_TYPES
from charthouse.domains.tasks.models import AssociatedItem, TaskNote
from charthouse.domains.tasks.statuses import get_first_status
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.composites import Parse, convert
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.values import describe_missing_row

RESOURCE_TYPE_NAMES = tuple(dict.fromkeys(RESOURCE_TYPES.values()))
_MODELS: dict[str, Any] = {"document": Document, "encounter": ClinicalNote}


def _parse_completion(parse: Parse, value: Any) -> Any:
    return None if value is False else parse(value)


# A timestamp; null or false reopens the task.
COMPLETION = convert(Timestamp(spaced=True), parse=_parse_completion)


@hook(keys=("completed_on",))
def set_status(change: Change) -> None:
    """Set the status: an open one at first, a complete one once the task is completed."""
    if change.row is None:
        change.set_columns(created_by_id=change.actor.user)
        change.set_columns(assigned_by_id=change.actor.user)
        category = "C" if change.values.get("completed_on") else "O"
        change.set_columns(status_id=get_first_status(change.actor.practice, category))
    if "completed_on" not in change.values:
        return
    done = change.values["completed_on"]
    if done is not None and done > clock.now():
        change.add_error("completed_on", "This is in the future.")
    elif change.row is not None and (done is None) != (change.row.completed_at is None):
        change.set_columns(status_id=get_first_status(change.actor.practice, "O" if done is None else "C"))


@hook(keys=("due_date", "remind_minutes_before"))
def check_reminder(change: Change) -> None:
    """Require a due date for a reminder."""
    if change.get("remind_minutes_before") is not None and change.get("due_date") is None:
        change.add_error("remind_minutes_before", "A reminder needs due_date.")


@hook(keys=("pt_id",))
def check_linked_resource(change: Change) -> None:
    """Check that type and id of the linked resource come together and name a row of the task's patient. Null
    removes the link."""
    kind, row_id = (
        change.values.get(name) for name in ("associated_resource_type", "associated_resource_id")
    )
    if kind and row_id is None:
        change.add_error("associated_resource_id", "Needed with associated_resource_type.")
    if row_id is not None and not kind:
        change.add_error("associated_resource_type", "Needed with associated_resource_id.")
    if not kind or row_id is None:
        return
    rows = _MODELS[kind].objects.filter(practice=change.actor.practice, archived=False, pk=row_id)
    patient = rows.values_list("patient_id", flat=True).first()
    if patient is None:
        change.add_error("associated_resource_id", describe_missing_row(row_id))
    elif patient != _find_patient(change):
        change.add_error("associated_resource_id", "This is not of the task's patient.")


def _find_patient(change: Change) -> int | None:
    """Return the id of the patient that the task will be about."""
    if "pt_id" in change.given or change.row is None:
        return change.values.get("pt_id")
    about = AssociatedItem.objects.filter(
        practice=change.actor.practice, task=change.row.pk, type="Patient", archived=False
    )
    return about.values_list("value_id", flat=True).first()


@hook(keys=("associated_resource_type", "notes", "pt_id"))
def store_related_rows(change: Change, row: Any) -> None:
    """Store the note, the patient and the linked resource, which are rows of other tables. The task's
    ``updated_at`` moves with them."""
    changed = False
    if "notes" in change.given:
        changed |= _store_note(row, change.values["notes"] or "", change.actor.user)
    if "pt_id" in change.given:
        changed |= _link(row, "Patient", change.values["pt_id"])
    if "associated_resource_type" in change.given:
        kind, row_id = (change.values.get(f"associated_resource_{part}") for part in ("type", "id"))
        linked_type = _find_item_type(row.practice_id, kind, row_id)
        for item_type in RESOURCE_TYPES:
            changed |= _link(row, item_type, row_id if item_type == linked_type else None)
    if changed and change.row is not None and not change.old_values:
        row.save(update_fields=["updated_at"])


def _find_item_type(practice: int, kind: str | None, row_id: int | None) -> str:
    """Return the type of the associated item for a linked resource; "" for none."""
    if kind != "encounter" or row_id is None:
        return "Document" if kind == "document" else ""
    visits = ClinicalNote.objects.filter(practice=practice, pk=row_id, appointment__isnull=False)
    return "Appointment" if visits.exists() else "Encounter"


def _store_note(row: Any, text: str, user: int | None) -> bool:
    """Store ``notes`` as the first note of the task; return whether that changed anything."""
    notes = TaskNote.objects.filter(practice=row.practice_id, task=row.pk, archived=False)
    first = notes.order_by("pk").first()
    if first is None and text:
        TaskNote.objects.create(practice_id=row.practice_id, task_id=row.pk, text=text, created_by_id=user)
        return True
    if first is None or first.text == text:
        return False
    first.text, first.archived = text or first.text, not text
    first.save(update_fields=["text", "archived", "updated_at"])
    return True


def _link(row: Any, kind: str, row_id: int | None) -> bool:
    """Make a row the task's only associated item of a type, or none; return whether that changed anything."""
    items = AssociatedItem.objects.filter(practice=row.practice_id, task=row.pk, type=kind, archived=False)
    others = [item for item in items if item.value_id != row_id]
    for item in others:
        item.archived = True
        item.save(update_fields=["archived", "updated_at"])
    if row_id is None or items.filter(value_id=row_id).exists():
        return bool(others)
    AssociatedItem.objects.create(practice_id=row.practice_id, task_id=row.pk, type=kind, value_id=row_id)
    return True
