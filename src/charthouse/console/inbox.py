"""Tasks and the message center: lists, and pages with notes."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse

from charthouse.console import records
from charthouse.console.page import Request, list_messages, page
from charthouse.console.resource_pages import ResourcePages
from charthouse.console.tables import Badge, Column, TableFilter
from charthouse.domains.messaging import secure_messages
from charthouse.domains.messaging.models import Message, PatientMessage
from charthouse.engine.errors import Invalid

MAX_MESSAGES = 50
PRIORITIES = {10: ("Low", "secondary"), 20: ("Medium", "blue"), 30: ("High", "orange"), 40: ("Urgent", "red")}


@dataclass(frozen=True, kw_only=True)
class PagesWithNotes(ResourcePages):
    """Pages of rows that have notes. ``notes_key``: key of the list of notes."""

    notes_key: str

    def get_edit_context(self, request: Request, one: Any, row: int) -> dict[str, Any]:
        return {"notes": one.get(self.notes_key) or [], "notes_to": f"{request.path}/note"}

    def build_urls(self) -> list[Any]:
        note = page(primary=self.primary, methods=("POST",))(self.note)
        return [
            *super().build_urls(),
            path(f"{self.url_path}/<id:row>/note", note, name=f"{self.view}-note"),
        ]

    def note(self, request: Request, row: int) -> HttpResponseBase:
        """Add a note to a row."""
        text = request.POST.get("text", "").strip()
        try:
            records.update(self.resource, request.actor, row, {self.notes_key: [{"text": text}]})
        except Invalid as refusal:
            messages.error(request, " ".join(list_messages(refusal.errors)))
        return redirect(f"{self.view}-one", row=row)


@dataclass(frozen=True, kw_only=True)
class InboxPages(PagesWithNotes):
    """The message center. Opening a message marks it as read; answers appear in the patient's portal."""

    def edit(self, request: Request, row: int, **parents: int) -> HttpResponseBase:
        answer = super().edit(request, row, **parents)
        if request.method == "GET" and answer.status_code == 200:
            secure_messages.mark_read(Message.objects.get(practice=request.actor.practice, pk=row))
        return answer

    def get_edit_context(self, request: Request, one: Any, row: int) -> dict[str, Any]:
        values = super().get_edit_context(request, one, row)
        rows = PatientMessage.objects.filter(practice=request.actor.practice, message=row, archived=False)
        correspondence = list(rows.select_related("user", "doctor").order_by("pk")[:MAX_MESSAGES])
        if not any(one.sent_by == "pt" for one in correspondence):
            return values
        below = {"below_form": "console/correspondence.html", "correspondence": correspondence}
        return values | below | {"reply_to": reverse(f"{self.view}-answer", args=[row])}

    def build_urls(self) -> list[Any]:
        answer = page(primary=self.primary, methods=("POST",))(self.answer)
        return [
            *super().build_urls(),
            path(f"{self.url_path}/<id:row>/answer", answer, name=f"{self.view}-answer"),
        ]

    def answer(self, request: Request, row: int) -> HttpResponseBase:
        """Answer a patient."""
        records.get_object(self.resource, request.actor, row)
        records.require_write(records.get_resource("patient_messages"), request.actor)
        message = Message.objects.get(practice=request.actor.practice, pk=row)
        try:
            with transaction.atomic():
                secure_messages.answer(message, request.POST.get("text", ""), request.actor.required_user)
            messages.success(request, "The answer stands in the patient's portal.")
        except Invalid as refusal:
            messages.error(request, " ".join(list_messages(refusal.errors)))
        return redirect(f"{self.view}-one", row=row)


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
    hints={"due_date.time": "UTC.", "priority": "10 low, 20 medium, 30 high, 40 urgent."},
    search=("title",),
    filters=(
        TableFilter(name="which", label="Which", options=(("", "Open"), ("all", "All")), apply=_filter_open),
    ),
    order="-pk",
    related=("status", "assignee_user", "assignee_group"),
)


def _filter_unread(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    return rows.filter(read=False) if value == "unread" else rows


INBOX = InboxPages(
    "messages",
    title="Message center",
    singular="message",
    url_path="inbox",
    icon="inbox",
    notes_key="message_notes",
    columns=(
        Column("Message", "title", sort="title"),
        Column("Received", "received_at", sort="received_at"),
        Column("Patient", lambda row: row.patient and row.patient.display_name),
        Column("With", "owner", kind="wide"),
        Column("Read", "read", kind="wide"),
    ),
    form_keys=("title", "type", "doctor", "patient", "owner", "responsible_user", "attachment"),
    search=("title",),
    filters=(
        TableFilter(
            name="which", label="Which", options=(("", "All"), ("unread", "Unread")), apply=_filter_unread
        ),
    ),
    order="-received_at",
    related=("patient", "owner"),
)
