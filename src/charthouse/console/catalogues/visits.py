"""Setup pages of the menu section Visits and tasks."""

from typing import Any

from charthouse.console.kit.navigation import VISITS
from charthouse.console.kit.resource_pages import ResourcePages
from charthouse.console.kit.tables import Column


def _list_reminders(row: Any) -> list[str]:
    return [f"{item['amount']} {item['unit']} before by {item['type']}" for item in row.reminders]


PAGES = (
    ResourcePages(
        "appointment_profiles",
        title="Appointment profiles",
        singular="profile",
        about="Types of visits, with their length and color.",
        url_path="catalogues/profiles",
        group=VISITS,
        icon="calendar-event",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Reason", "reason", kind="wide"),
            Column("Minutes", "duration", sort="duration", kind="number"),
            Column("Doctor", "doctor"),
            Column("Booked online", "online_scheduling", kind="wide"),
        ),
        form_keys=("name", "reason", "duration", "color", "online_scheduling", "sort_order", "doctor"),
        hints={"color": "As #3a87ad.", "doctor": "The provider who owns it. Leave empty for yourself."},
        search=("name", "reason"),
        order="name",
        related=("doctor",),
    ),
    ResourcePages(
        "appointment_templates",
        title="Appointment templates",
        singular="template",
        about="Times of the week that are reserved for a type of visit.",
        url_path="catalogues/templates",
        group=VISITS,
        icon="calendar-week",
        columns=(
            Column("Profile", "profile"),
            Column("Office", "office"),
            Column("Room", "exam_room", kind="number"),
            Column("From", lambda row: f"{row.scheduled_time:%H:%M}", sort="scheduled_time"),
            Column("Minutes", "duration", kind="number"),
        ),
        labels={"week_days": "Days of the week"},
        hints={"week_days": "One per line: 0 is Monday, 6 is Sunday."},
        related=("profile", "office"),
    ),
    ResourcePages(
        "reminder_profiles",
        title="Reminder profiles",
        singular="profile",
        about="When patients are reminded, and how.",
        url_path="catalogues/reminders",
        group=VISITS,
        icon="bell",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Reminders", _list_reminders),
            Column("Doctor", "doctor"),
        ),
        hints={"reminders": "Empty rows are ignored."},
        search=("name",),
        related=("doctor",),
    ),
    ResourcePages(
        "custom_appointment_fields",
        title="Visit fields",
        singular="field",
        about="Additional fields of appointments.",
        url_path="catalogues/visit-fields",
        group=VISITS,
        icon="adjustments",
        columns=(
            Column("Name", "field_name", sort="field_name"),
            Column("Description", "field_desc", kind="wide"),
        ),
        labels={"field_name": "Name", "field_desc": "Description"},
        search=("field_name",),
    ),
    ResourcePages(
        "encounter_kinds",
        title="Encounter types",
        singular="type",
        about="Types of notes, each with a two-letter code. The first one is used for visits.",
        url_path="catalogues/encounter-types",
        group=VISITS,
        icon="notes",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Code", "code", sort="code"),
            Column("Face to face", "is_face_to_face", kind="wide"),
            Column("Order", "sort_priority", sort="sort_priority", kind="number"),
        ),
        labels={"is_face_to_face": "Face to face", "sort_priority": "Order"},
        hints={"code": "Two small letters or digits.", "sort_priority": "Lower numbers come first."},
        search=("name", "code"),
        order="sort_priority",
    ),
    ResourcePages(
        "task_categories",
        title="Task categories",
        singular="category",
        url_path="catalogues/task-categories",
        group=VISITS,
        icon="folder",
        columns=(Column("Name", "name", sort="name"), Column("Archived", "archived")),
        form_keys=("name", "archived"),
        search=("name",),
    ),
    ResourcePages(
        "task_statuses",
        title="Task statuses",
        singular="status",
        url_path="catalogues/task-statuses",
        group=VISITS,
        icon="list-check",
        columns=(
            Column("Name", "name", sort="name"),
            Column("Means", "status_category"),
            Column("Category", "task_category", kind="wide"),
        ),
        search=("name",),
        related=("task_category",),
    ),
    ResourcePages(
        "task_templates",
        title="Task templates",
        singular="template",
        url_path="catalogues/task-templates",
        group=VISITS,
        icon="template",
        columns=(Column("Name", "name", sort="name"), Column("Title", "default_title", kind="wide")),
        search=("name",),
    ),
)
