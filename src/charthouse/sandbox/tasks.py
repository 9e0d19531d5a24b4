"""Tasks of a practice with their categories, statuses, notes and templates, and what they are about."""

from collections.abc import Sequence

from charthouse.domains.documents.models import Document
from charthouse.domains.messaging.models import Message
from charthouse.domains.practice.models import UserGroup
from charthouse.domains.tasks.models import (
    AssociatedItem,
    Task,
    TaskCategory,
    TaskNote,
    TaskStatus,
    TaskTemplate,
)
from charthouse.sandbox.documents import list_patients
from charthouse.sandbox.loader import Row
from charthouse.sandbox.seeder import Seeder

# Titles by category.
TITLES = {
    "Referrals": ("Send referral to cardiology", "Fetch consult note", "Ask for imaging report"),
    "Prior authorization": ("Ask payer about MRI", "Appeal denied medication", "Send chart to payer"),
    "Results to call about": ("Call with lab results", "Repeat potassium", "Explain biopsy result"),
    "Billing question": ("Check copay", "Correct insurance id", "Send itemized statement"),
    "Front desk": ("Find an earlier visit", "Update address", "Scan insurance card"),
}
CATEGORIES = tuple(TITLES)
STATUSES = (("To do", "O"), ("In progress", "P"), ("Waiting for an answer", "H"), ("Done", "C"))
PRIORITIES = (10, 20, 20, 20, 30, 40)
NOTES = ("Left a voice mail.", "Will try again tomorrow.", "Faxed this morning.", "Patient is informed.")


class Tasks(Seeder):
    """The tasks of one practice."""

    stream = "desk"
    categories: list[int]
    statuses: list[int]
    groups: list[int]

    def finish(self) -> None:
        """Add a task about each patient who has a document."""
        patients = list_patients(self.context)
        if not patients:
            return
        self.groups = list(self.select(UserGroup).values_list("pk", flat=True))
        categories = [{"name": name, "is_global": True} for name in CATEGORIES]
        self.categories = self.copy(TaskCategory, categories)
        statuses = [{"name": name, "status_category": code} for name, code in STATUSES]
        self.statuses = self.copy(TaskStatus, statuses)
        tasks = [self._make_task() for _ in patients]
        self.copy(Task, tasks)
        self._add_associated_items(tasks, patients)
        self._add_notes(tasks)
        self._add_templates()

    def _make_task(self) -> Row:
        random = self.random
        category = random.randrange(len(CATEGORIES))
        user = random.choice(self.context.users)
        created_at = self._draw_time_between(-40, -8)
        return {
            "title": random.choice(TITLES[CATEGORIES[category]]),
            "status_id": random.choice(self.statuses),
            "category_id": self.categories[category],
            "priority": random.choice(PRIORITIES),
            "due_at": self._draw_time_between(-7, 21) if random.random() < 0.8 else None,
            "assignee_user_id": user if random.random() < 0.7 else None,
            "assignee_group_id": random.choice(self.groups),
            "assigned_by_id": random.choice(self.context.users),
            "created_by_id": random.choice(self.context.users),
            "created_at": created_at,
            "updated_at": created_at,
        }

    def _draw_time_between(self, first: int, last: int) -> str:
        """Draw a time of a day between these, counted from the reference day."""
        return self.draw_time(self.context.get_day(self.random.randint(first, last)))

    def _add_associated_items(self, tasks: Sequence[Row], patients: Sequence[Row]) -> None:
        """Associate each task with its patient, one of three with a document and one of five with a message."""
        documents = self.select(Document).values_list("pk", flat=True)
        messages = self.select(Message).values_list("pk", flat=True)
        items = [
            *(
                _make_item(task, "Patient", patient["id"])
                for task, patient in zip(tasks, patients, strict=True)
            ),
            *(
                _make_item(task, "Document", row_id)
                for task, row_id in zip(tasks[::3], documents[::3], strict=True)
            ),
            *(
                _make_item(task, "Message", row_id)
                for task, row_id in zip(tasks[1::5], messages, strict=False)
            ),
        ]
        self.copy(AssociatedItem, items)

    def _add_notes(self, tasks: Sequence[Row]) -> None:
        """Add a note to half of the tasks."""
        notes = [self._make_note(task) for task in tasks if self.random.random() < 0.5]
        self.copy(TaskNote, notes)

    def _make_note(self, task: Row) -> Row:
        return {
            "task_id": task["id"],
            "text": self.random.choice(NOTES),
            "created_by_id": self.random.choice(self.context.users),
            "created_at": task["updated_at"],
            "updated_at": task["updated_at"],
        }

    def _add_templates(self) -> None:
        templates = [
            {
                "name": name,
                "default_title": TITLES[name][0],
                "default_priority": 20,
                "default_due_date_offset": "7 00:00:00",
                "default_category_id": category,
                "default_status_id": self.statuses[0],
                "default_assignee_group_id": self.groups[-1],
            }
            for name, category in zip(CATEGORIES, self.categories, strict=True)
        ]
        self.copy(TaskTemplate, templates)


def _make_item(task: Row, item_type: str, row_id: int) -> Row:
    return {"task_id": task["id"], "type": item_type, "value_id": row_id, "created_at": task["created_at"]}
