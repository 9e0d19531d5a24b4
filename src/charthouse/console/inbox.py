"""What people of the practice have to do, and the message center: lists, and pages with the notes of each."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse

from charthouse.console import records
from charthouse.console.page import Request, messages_of, page
from charthouse.console.resource_pages import Catalogue
from charthouse.console.tables import Badge, Choice, Column
from charthouse.domains.messaging import secure_messages
from charthouse.domains.messaging.models import Message, PatientMessage
from charthouse.engine.errors import Invalid

MOST_LETTERS = 50
PRIORITIES = {10: ("Low", "secondary"), 20: ("Medium", "blue"), 30: ("High", "orange"), 40: ("Urgent", "red")}


@dataclass(frozen=True, kw_only=True)
class WithNotes(Catalogue):
    """Rows that people write notes under. ``notes_key``: the wire's name of the list of notes."""

    notes_key: str

    def edit_values(self, request: Request, one: Any, row: int) -> dict[str, Any]:
        return {"notes": one.get(self.notes_key) or [], "notes_to": f"{request.path}/note"}

    def urls(self) -> list[Any]:
        note = page(primary=self.primary, methods=("POST",))(self.note)
        return [*super().urls(), path(f"{self.base}/<int:row>/note", note, name=f"{self.view}-note")]

    def note(self, request: Request, row: int) -> HttpResponseBase:
        """Write a note under a row."""
        text = request.POST.get("text", "").strip()
        try:
            records.modify(self.resource, request.actor, row, {self.notes_key: [{"text": text}]})
        except Invalid as refusal:
            messages.error(request, " ".join(messages_of(refusal.errors)))
        return redirect(f"{self.view}-one", row=row)


@dataclass(frozen=True, kw_only=True)
class Inbox(WithNotes):
    """What patients wrote is answered here: the answer stands in their portal. Opening a message, it is read."""

    def edit(self, request: Request, row: int, **at: int) -> HttpResponseBase:
        answer = super().edit(request, row, **at)
        if request.method == "GET" and answer.status_code == 200:
            secure_messages.mark_read(Message.objects.get(practice=request.actor.practice, pk=row))
        return answer

    def edit_values(self, request: Request, one: Any, row: int) -> dict[str, Any]:
        values = super().edit_values(request, one, row)
        letters = PatientMessage.objects.filter(practice=request.actor.practice, message=row, archived=False)
        told = list(letters.select_related("user", "doctor").order_by("pk")[:MOST_LETTERS])
        if not any(letter.sent_by == "pt" for letter in told):
            return values
        beside = {"beside": "console/letters.html", "letters": told}
        return values | beside | {"reply_to": reverse(f"{self.view}-answer", args=[row])}

    def urls(self) -> list[Any]:
        answer = page(primary=self.primary, methods=("POST",))(self.answer)
        return [*super().urls(), path(f"{self.base}/<int:row>/answer", answer, name=f"{self.view}-answer")]

    def answer(self, request: Request, row: int) -> HttpResponseBase:
        """Answer a patient."""
        records.get(self.resource, request.actor, row)
        records.check_writes(records.resource("patient_messages"), request.actor)
        message = Message.objects.get(practice=request.actor.practice, pk=row)
        try:
            with transaction.atomic():
                secure_messages.answer(message, request.POST.get("text", ""), request.actor.required_user)
            messages.success(request, "The answer stands in the patient's portal.")
        except Invalid as refusal:
            messages.error(request, " ".join(messages_of(refusal.errors)))
        return redirect(f"{self.view}-one", row=row)


def _open(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    return rows if value == "all" else rows.exclude(status__status_category="C")


def _priority(row: Any) -> Badge | None:
    known = PRIORITIES.get(row.priority)
    return Badge(*known) if known else None


TASKS = WithNotes(
    "tasks",
    title="Tasks",
    one="task",
    base="tasks",
    icon="checklist",
    notes_key="notes",
    columns=(
        Column("Task", "title", sort="title"),
        Column("Status", "status"),
        Column("Priority", _priority, sort="priority"),
        Column("Due", "due_at", sort="due_at"),
        Column("For", lambda row: row.assignee_user or row.assignee_group, kind="wide"),
    ),
    asks=("title", "status", "category", "priority", "assignee_user", "assignee_group", "due_date"),
    notes={"due_date.time": "UTC.", "priority": "10 low, 20 medium, 30 high, 40 urgent."},
    search=("title",),
    choices=(Choice(name="which", label="Which", options=(("", "Open"), ("all", "All")), narrow=_open),),
    order="-pk",
    related=("status", "assignee_user", "assignee_group"),
)


def _unread(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    return rows.filter(read=False) if value == "unread" else rows


INBOX = Inbox(
    "messages",
    title="Message center",
    one="message",
    base="inbox",
    icon="inbox",
    notes_key="message_notes",
    columns=(
        Column("Message", "title", sort="title"),
        Column("Received", "received_at", sort="received_at"),
        Column("Patient", lambda row: row.patient and f"{row.patient.first_name} {row.patient.last_name}"),
        Column("With", "owner", kind="wide"),
        Column("Read", "read", kind="wide"),
    ),
    asks=("title", "type", "doctor", "patient", "owner", "responsible_user", "attachment"),
    search=("title",),
    choices=(
        Choice(name="which", label="Which", options=(("", "All"), ("unread", "Unread")), narrow=_unread),
    ),
    order="-received_at",
    related=("patient", "owner"),
)
