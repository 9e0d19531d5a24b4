"""The message center: the list of messages, and a message with its correspondence."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse

from charthouse.console.kit import records
from charthouse.console.kit.page import Request, list_messages, page
from charthouse.console.kit.pages_with_notes import PagesWithNotes
from charthouse.console.kit.tables import Badge, Column, TableFilter
from charthouse.domains.messaging import secure_messages
from charthouse.domains.messaging.models import Message, PatientMessage
from charthouse.engine.errors import Invalid

MAX_MESSAGES = 50


@dataclass(frozen=True, kw_only=True)
class InboxPages(PagesWithNotes):
    """The message center. Opening a message marks it as read; answers appear in the patient's portal."""

    def edit(self, request: Request, row: int, **parents: int) -> HttpResponseBase:
        answer = super().edit(request, row, **parents)
        if request.method == "GET" and answer.status_code == 200:
            secure_messages.mark_read(request.actor.practice, row)
        return answer

    def get_edit_context(self, request: Request, one: Any, row: int) -> dict[str, Any]:
        values = super().get_edit_context(request, one, row)
        rows = PatientMessage.objects.filter(practice=request.actor.practice, message=row, archived=False)
        correspondence: list[Any] = list(
            rows.select_related("user", "doctor", "request__proxy").order_by("pk")[:MAX_MESSAGES]
        )
        if not any(one.sent_by == "pt" for one in correspondence):
            return values
        for entry in correspondence:
            entry.wall = entry.created_at.astimezone(ZoneInfo(entry.doctor.timezone)).replace(tzinfo=None)
        below = {"below_form": "console/messages/correspondence.html", "correspondence": correspondence}
        patient = next(one for one in correspondence if one.sent_by == "pt").patient_id
        links = {
            "reply_to": reverse(f"{self.view}-answer", args=[row]),
            "chart": reverse("patient", args=[patient]),
        }
        return values | below | links

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
            messages.success(request, "The reply is sent to the patient's portal.")
        except Invalid as refusal:
            messages.error(request, " ".join(list_messages(refusal.errors)))
        return redirect(f"{self.view}-one", row=row)


def _filter_unread(rows: "QuerySet[Any]", value: str) -> "QuerySet[Any]":
    return rows.filter(read=False) if value == "unread" else rows


INBOX = InboxPages(
    "messages",
    title="Message center",
    singular="message",
    url_path="inbox",
    template="messages/thread.html",
    deletion_note="will be archived. What was sent stays in the patient's chart.",
    icon="inbox",
    notes_key="message_notes",
    columns=(
        Column("Message", "title", sort="title"),
        Column("Received", "received_at", sort="received_at"),
        Column("Patient", lambda row: row.patient and row.patient.display_name),
        Column("Assigned to", lambda row: row.responsible_user or row.owner, kind="wide"),
        Column("Status", lambda row: None if row.read else Badge("New", "blue")),
    ),
    form_keys=("title", "type", "doctor", "patient", "owner", "responsible_user", "attachment"),
    search=("title",),
    filters=(
        TableFilter(
            name="which", label="Which", options=(("", "All"), ("unread", "Unread")), apply=_filter_unread
        ),
    ),
    order="-received_at",
    related=("patient", "owner", "responsible_user"),
    labels={"responsible_user": "Assigned to", "owner": "Mailbox of"},
)
