"""What lies on a practice's desks: papers, tasks, and what they are about."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import UserGroup
from charthouse.domains.tasks.models import (
    AssociatedItem,
    Task,
    TaskCategory,
    TaskNote,
    TaskStatus,
    TaskTemplate,
)
from charthouse.identity.models import User
from charthouse.sandbox import messaging as mail
from charthouse.sandbox.calendar import Calendar
from charthouse.sandbox.documents import Papers
from charthouse.sandbox.patients.population import Row
from charthouse.sandbox.practice import Setup

TASKS = 60
CATEGORIES = ("Referrals", "Prior authorization", "Results to call about", "Billing question", "Front desk")
STATUSES = (("To do", "O"), ("In progress", "P"), ("Waiting for an answer", "H"), ("Done", "C"))
TITLES = {
    "Referrals": ("Send referral to cardiology", "Fetch consult note", "Ask for imaging report"),
    "Prior authorization": ("Ask payer about MRI", "Appeal denied medication", "Send chart to payer"),
    "Results to call about": ("Call with lab results", "Repeat potassium", "Explain biopsy result"),
    "Billing question": ("Check copay", "Correct insurance id", "Send itemized statement"),
    "Front desk": ("Find an earlier visit", "Update address", "Scan insurance card"),
}
NOTES = ("Left a voice mail.", "Will try again tomorrow.", "Faxed this morning.", "Patient is informed.")


class Desk:
    """The desks of one practice; its users and the first of its patients are read from the record."""

    def __init__(self, setup: Setup, calendar: Calendar, random: Random) -> None:
        self.setup, self.random, self.today = setup, random, calendar.monday + timedelta(days=calendar.today)
        self.patients = list(self._rows(Patient).values("id", "doctor_id")[:TASKS])
        self.users = list(self._rows(User).values_list("pk", flat=True))
        self.documents: list[Row] = []
        self.messages: list[Row] = []
        self.groups = list(self._rows(UserGroup).values_list("pk", flat=True))

    def _rows(self, model: Any) -> Any:
        rows = model._default_manager.using(self.setup.loader.connection.alias)
        return rows.filter(practice_id=self.setup.practice).order_by("pk")

    def fill(self) -> None:
        if self.patients:
            papers = Papers(self.setup, self.patients, self.today, self.random)
            self.documents = papers.documents()
            papers.forms()
            self.messages = mail.write(papers, self.users)
            self.tasks()

    def _moment(self, first: int, last: int) -> str:
        """During the working hours of a day so many days from today."""
        day = self.today + timedelta(days=self.random.randint(first, last))
        at = datetime.combine(day, time(15), tzinfo=UTC) + timedelta(minutes=self.random.randrange(0, 360, 5))
        return at.isoformat()

    def tasks(self) -> None:
        copy, random = self.setup.copy, self.random
        categories = copy(TaskCategory, [{"name": name, "is_global": True} for name in CATEGORIES])
        statuses = copy(TaskStatus, [{"name": name, "status_category": code} for name, code in STATUSES])
        rows = [self._task(patient, categories, statuses) for patient in self.patients]
        copy(Task, rows)
        about = zip(rows, self.patients, strict=True)
        items = [_about(row, "Patient", patient["id"]) for row, patient in about]
        of_documents = zip(rows[::3], self.documents[::3], strict=True)
        items += [_about(row, "Document", document["id"]) for row, document in of_documents]
        of_messages = zip(rows[1::5], self.messages, strict=False)
        items += [_about(row, "Message", message["id"]) for row, message in of_messages]
        copy(AssociatedItem, items)
        copy(
            TaskNote,
            [
                {
                    "task_id": row["id"],
                    "text": random.choice(NOTES),
                    "created_by_id": random.choice(self.users),
                    "created_at": row["updated_at"],
                    "updated_at": row["updated_at"],
                }
                for row in rows
                if random.random() < 0.5
            ],
        )
        copy(
            TaskTemplate,
            [
                {
                    "name": name,
                    "default_title": TITLES[name][0],
                    "default_priority": 20,
                    "default_due_date_offset": "7 00:00:00",
                    "default_category_id": category,
                    "default_status_id": statuses[0],
                    "default_assignee_group_id": self.groups[-1],
                }
                for name, category in zip(CATEGORIES, categories, strict=True)
            ],
        )

    def _task(self, patient: Row, categories: Sequence[int], statuses: Sequence[int]) -> Row:
        random = self.random
        category = random.randrange(len(categories))
        user = random.choice(self.users)
        made = self._moment(-40, -8)
        return {
            "title": random.choice(TITLES[CATEGORIES[category]]),
            "status_id": random.choice(statuses),
            "category_id": categories[category],
            "priority": random.choice((10, 20, 20, 20, 30, 40)),
            "due_at": self._moment(-7, 21) if random.random() < 0.8 else None,
            "assignee_user_id": user if random.random() < 0.7 else None,
            "assignee_group_id": random.choice(self.groups),
            "assigned_by_id": random.choice(self.users),
            "created_by_id": random.choice(self.users),
            "created_at": made,
            "updated_at": made,
        }


def _about(task: Row, kind: str, row_id: int) -> Row:
    return {"task_id": task["id"], "type": kind, "value_id": row_id, "created_at": task["created_at"]}
