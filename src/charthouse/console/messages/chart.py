"""Messages between a patient and the practice, in the chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse

from charthouse.console.chart.layout import ChartList
from charthouse.console.kit.page import Request, render_page
from charthouse.console.kit.tables import Badge, Column
from charthouse.domains.messaging.models import PatientMessage
from charthouse.engine.errors import Conflict
from charthouse.engine.sql.expressions import to_wall_clock


@dataclass(frozen=True, kw_only=True)
class MessageList(ChartList):
    """Messages in both directions; those of the patient link to the message center, where they are answered."""

    def select_rows(self, request: Request, **parents: int) -> "QuerySet[Any]":
        ours = super().select_rows(request, **parents)
        theirs = PatientMessage.objects.filter(
            practice=request.actor.practice, patient=parents["patient"], sent_by="pt", archived=False
        )
        if self.resource.policy.sees_only_own(request.actor):
            theirs = theirs.filter(doctor=request.actor.doctor)
        return PatientMessage.objects.filter(Q(pk__in=ours.values("pk")) | Q(pk__in=theirs.values("pk")))

    def edit(self, request: Request, row: int, **parents: int) -> HttpResponseBase:
        """Show a message that was sent. It never changes: the patient has it."""
        context = self.get_context(request, **parents)
        one = self.get_object(request, row, **parents)
        if request.method == "POST":
            raise Conflict("Sent messages can't be changed. Send another one.")
        values = {
            **context,
            "one": one,
            "title": one["subject"],
            "back": reverse(self.view, kwargs=dict(parents)),
        }
        sent = PatientMessage.objects.filter(practice=request.actor.practice, pk=row)
        local = to_wall_clock(F("created_at"), F("patient__doctor__timezone"))
        values["message"] = sent.annotate(wall=local).select_related("user", "doctor").get()
        return render_page(request, "messages/sent.html", values)

    def _build_row_url(self, parents: Mapping[str, int], row: Any) -> str:
        if row.sent_by == "pt":
            return reverse("inbox-one", args=[row.message_id])
        return super()._build_row_url(parents, row)


def _build_sender_badge(row: Any) -> Badge:
    return Badge("Patient", "blue") if row.sent_by == "pt" else Badge("Practice")


MESSAGES = MessageList(
    "patient_messages",
    segment="messages",
    title="Messages",
    singular="message",
    icon="messages",
    columns=(
        Column("Subject", "subject"),
        Column("From", _build_sender_badge),
        Column("Sent", "created_at", sort="created_at"),
        Column("Message", lambda row: row.body[:120], kind="wide"),
    ),
    form_keys=("subject", "body"),
    search=("subject",),
    order="-created_at",
)
