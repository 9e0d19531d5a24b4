"""Hooks of the declarations: who has a task, when it is due, and what changes with its notes."""

from typing import Any

from charthouse import clock
from charthouse.domains.tasks.models import Task, TaskNote, TaskStatus
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook

ASSIGNEE = "Either assignee_user or assignee_group must be set."


@hook(keys=("assignee_group", "assignee_user"))
def assign(change: Change) -> None:
    """A task is somebody's or a group's; who gave it to them is kept, and who made it."""
    if change.get("assignee_user") is None and change.get("assignee_group") is None:
        change.add_error("assignee_user", ASSIGNEE)
    if change.row is None:
        change.columns["created_by_id"] = change.actor.user
    if change.row is None or change.changes("assignee_user", "assignee_group"):
        change.columns["assigned_by_id"] = change.actor.user


@hook(keys=("status",))
def complete(change: Change) -> None:
    """A task whose status becomes a complete one is done now; one whose status no longer is, is not."""
    if change.row is not None and not change.changes("status"):
        return
    done = TaskStatus.objects.filter(
        practice=change.actor.practice, pk=change.get("status"), status_category="C"
    ).exists()
    before = change.row.completed_at if change.row is not None else None
    change.columns["completed_at"] = (before or clock.now()) if done else None


@hook(keys=("due_date",))
def set_due_date(change: Change) -> None:
    """``due_date`` of the wire → the column. A time and ``unknown`` exclude each other; a replaced task without the
    key has no due date any more."""
    if "due_date" not in change.values:
        if change.operation == "replace":
            change.columns["due_at"] = None
        return
    given = change.values["due_date"] or {"unknown": True}
    time, unknown = given.get("time"), given.get("unknown")
    if time is not None and unknown:
        change.add_error("due_date", "A due date that is unknown has no time.")
    elif time is None and unknown is False:
        change.add_error("due_date", "Give a time, or say that it is unknown.")
    change.columns["due_at"] = time


@hook(keys=("notes",))
def sign_notes(change: Change, row: Any) -> None:
    """Notes written with the task are the caller's."""
    if change.values.get("notes"):
        notes = TaskNote.objects.filter(practice=row.practice_id, task=row.pk, created_by=None)
        notes.update(created_by=change.actor.user)


@hook()
def sign_note(change: Change) -> None:
    if change.row is None:
        change.columns["created_by_id"] = change.actor.user


@hook()
def note_written(change: Change, row: Any) -> None:
    """A task changes with its notes; who asks for changes since a moment must find it."""
    if change.row is None or change.old_values:
        ids = {row.task_id, change.old_values.get("task_id", row.task_id)}
        tasks = Task.objects.select_for_update(no_key=True).order_by("pk")
        for task in tasks.filter(practice=row.practice_id, pk__in=ids):
            task.save(update_fields=["updated_at"])
