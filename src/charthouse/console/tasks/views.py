"""Tasks."""

from typing import Any

from django.db.models import QuerySet

from charthouse.console.kit.pages_with_notes import PagesWithNotes
from charthouse.console.kit.tables import Badge, Column, TableFilter

PRIORITIES = {10: ("Low", "secondary"), 20: ("Medium", "blue"), 30: ("High", "orange"), 40: ("Urgent", "red")}


def _filter_open(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    return rows if value == "all" else rows.exclude(status__status_category="C")


def _build_priority_badge(row: Any) -> Badge | None:
    known = PRIORITIES.get(row.priority)
    return Badge(*known) if known else None


TASKS = PagesWithNotes(
    "tasks",
    title="Tasks",
    singular="task",
    url_path="tasks",
    icon="checklist",
    notes_key="notes",
    columns=(
        Column("Task", "title", sort="title"),
        Column("Status", "status"),
        Column("Priority", _build_priority_badge, sort="priority"),
        Column("Due", "due_at", sort="due_at"),
        Column("For", lambda row: row.assignee_user or row.assignee_group, kind="wide"),
    ),
    form_keys=("title", "status", "category", "priority", "assignee_user", "assignee_group", "due_date"),
    hints={"priority": "10 low, 20 medium, 30 high, 40 urgent."},
    search=("title",),
    filters=(
        TableFilter(name="which", label="Which", options=(("", "Open"), ("all", "All")), apply=_filter_open),
    ),
    order="-pk",
    related=("status", "assignee_user", "assignee_group"),
)
