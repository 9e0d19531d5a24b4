"""Hooks of tasks in the DrChrono API: assignee, completion, due date and notes."""

from typing import Any

from charthouse import clock
from charthouse.domains.tasks.models import Task, TaskNote, TaskStatus
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook

NO_ASSIGNEE = "Either assignee_user or assignee_group must be set."


@hook(keys=("assignee_group", "assignee_user"))
def set_assignment(change: Change) -> None:
    """Require an assignee, and record who created the task and who assigned it last."""
    if change.get("assignee_user") is None and change.get("assignee_group") is None:
        change.add_error("assignee_user", NO_ASSIGNEE)
    if change.row is None:
        change.set_columns(created_by_id=change.actor.user)
    if change.row is None or change.changes("assignee_user", "assignee_group"):
        change.set_columns(assigned_by_id=change.actor.user)


@hook(keys=("status",))
def set_completion(change: Change) -> None:
    """Set ``completed_at`` when the status becomes a complete one, clear it when it no longer is."""
    if change.row is not None and not change.changes("status"):
        return
    done = TaskStatus.objects.filter(
        practice=change.actor.practice, pk=change.get("status"), status_category="C"
    ).exists()
    before = change.row.completed_at if change.row is not None else None
    change.set_columns(completed_at=(before or clock.now()) if done else None)


@hook(keys=("due_date",))
def set_due_date(change: Change) -> None:
    """Store ``due_date``, in which a time and ``unknown`` exclude each other.

    A replaced task without the key has no due date.
    """
    if "due_date" not in change.values:
        if change.operation == "replace":
            change.set_columns(due_at=None)
        return
    given = change.values["due_date"] or {"unknown": True}
    time, unknown = given.get("time"), given.get("unknown")
    if time is not None and unknown:
        change.add_error("due_date", "A due date that is unknown has no time.")
    elif time is None and unknown is False:
        change.add_error("due_date", "Give a time, or say that it is unknown.")
    change.set_columns(due_at=time)


@hook(keys=("notes",))
def sign_notes(change: Change, row: Any) -> None:
    """Set the caller as author of the notes that were written with the task."""
    if change.values.get("notes"):
        notes = TaskNote.objects.filter(practice=row.practice_id, task=row.pk, created_by=None)
        notes.update(created_by=change.actor.user)


@hook()
def sign_note(change: Change) -> None:
    """Set the caller as author of a new note."""
    if change.row is None:
        change.set_columns(created_by_id=change.actor.user)


@hook()
def touch_task(change: Change, row: Any) -> None:
    """Update ``updated_at`` of the task of a changed note, so that ``since`` finds it."""
    if change.row is None or change.old_values:
        ids = {row.task_id, change.old_values.get("task_id", row.task_id)}
        tasks = Task.objects.select_for_update(no_key=True).order_by("pk")
        for task in tasks.filter(practice=row.practice_id, pk__in=ids):
            task.save(update_fields=["updated_at"])
