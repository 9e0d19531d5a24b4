"""Hooks of Cerbo's task: whose it is, when it is done, whom and what it is about, its note."""

from typing import Any

from charthouse import clock
from charthouse.domains.clinical.models import ClinicalNote
from charthouse.domains.documents.models import Document
from charthouse.domains.tasks.models import AssociatedItem, TaskNote, TaskStatus
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.composites import Converted
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Type
from charthouse.engine.declaration.values import describe_missing_row

# The words that are kept of what a task is about, which are DrChrono's but for encounters without a visit → Cerbo's.
KINDS = {"Document": "document", "Appointment": "encounter", "Encounter": "encounter"}
WORDS = tuple(dict.fromkeys(KINDS.values()))
_MODELS: dict[str, Any] = {"document": Document, "encounter": ClinicalNote}


def _parse_completed(inner: Type, value: Any) -> Any:
    return None if value is False else inner.parse(value)


# A timestamp, or null or false for a task that is to be done again.
COMPLETED = Converted(Timestamp(spaced=True), parse_with=_parse_completed)


@hook(keys=("completed_on",))
def status_of(change: Change) -> None:
    """Every task has a status: an open one to begin with, a complete one once it is done."""
    if change.row is None:
        change.columns["created_by_id"] = change.actor.user
        change.columns["assigned_by_id"] = change.actor.user
        category = "C" if change.values.get("completed_on") else "O"
        change.columns["status_id"] = first_status(change.actor.practice, category)
    if "completed_on" not in change.values:
        return
    done = change.values["completed_on"]
    if done is not None and done > clock.now():
        change.add_error("completed_on", "This lies in the future.")
    elif change.row is not None and (done is None) != (change.row.completed_at is None):
        change.columns["status_id"] = first_status(change.actor.practice, "O" if done is None else "C")


def first_status(practice: int, category: str) -> int:
    """The practice's first status of a category (O open, C complete) for tasks of any kind; made where it has none."""
    found = TaskStatus.objects.filter(
        practice=practice, archived=False, status_category=category, task_category=None
    ).order_by("pk")
    row_id = found.values_list("pk", flat=True).first()
    if row_id is None:
        name = {"O": "Open", "C": "Complete"}[category]
        made = TaskStatus.objects.create(practice_id=practice, name=name, status_category=category)
        return int(made.pk)
    return int(row_id)


@hook(keys=("due_date", "remind_minutes_before"))
def reminder_needs_due_date(change: Change) -> None:
    if change.get("remind_minutes_before") is not None and change.get("due_date") is None:
        change.add_error("remind_minutes_before", "A reminder needs due_date.")


@hook(keys=("pt_id",))
def about_something_there(change: Change) -> None:
    """A kind of row and its id come together, and mean a row of the same patient; null takes the link away."""
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
    elif patient != _patient(change):
        change.add_error("associated_resource_id", "This is not of the task's patient.")


def _patient(change: Change) -> int | None:
    """Whom the task will be about."""
    if "pt_id" in change.given or change.row is None:
        return change.values.get("pt_id")
    about = AssociatedItem.objects.filter(
        practice=change.actor.practice, task=change.row.pk, type="Patient", archived=False
    )
    return about.values_list("value_id", flat=True).first()


@hook(keys=("associated_resource_type", "notes", "pt_id"))
def keep_beside(change: Change, row: Any) -> None:
    """What a task says in other tables: its note, its patient, what it is about. The task changes with them."""
    changed = False
    if "notes" in change.given:
        changed |= _keep_note(row, change.values["notes"] or "", change.actor.user)
    if "pt_id" in change.given:
        changed |= _link(row, "Patient", change.values["pt_id"])
    if "associated_resource_type" in change.given:
        kind, row_id = (change.values.get(f"associated_resource_{part}") for part in ("type", "id"))
        word = _kept(row.practice_id, kind, row_id)
        for kept in KINDS:
            changed |= _link(row, kept, row_id if kept == word else None)
    if changed and change.row is not None and not change.old_values:
        row.save(update_fields=["updated_at"])


def _kept(practice: int, kind: str | None, row_id: int | None) -> str:
    """The word that is kept for a kind and a row of it; "" for none."""
    if kind != "encounter" or row_id is None:
        return "Document" if kind == "document" else ""
    visits = ClinicalNote.objects.filter(practice=practice, pk=row_id, appointment__isnull=False)
    return "Appointment" if visits.exists() else "Encounter"


def _keep_note(row: Any, text: str, user: int | None) -> bool:
    """``notes`` is the first note on the task: it is written there, and read from there."""
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
    """Make the task be about this row of a kind alone. Whether that changed anything."""
    items = AssociatedItem.objects.filter(practice=row.practice_id, task=row.pk, type=kind, archived=False)
    others = [item for item in items if item.value_id != row_id]
    for item in others:
        item.archived = True
        item.save(update_fields=["archived", "updated_at"])
    if row_id is None or items.filter(value_id=row_id).exists():
        return bool(others)
    AssociatedItem.objects.create(practice_id=row.practice_id, task_id=row.pk, type=kind, value_id=row_id)
    return True
