"""Messages between a patient and the practice, in the chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from charthouse.console.chart import Section
from charthouse.console.page import Request
from charthouse.console.tables import Badge, Column
from charthouse.domains.messaging.models import PatientMessage


@dataclass(frozen=True, kw_only=True)
class Letters(Section):
    """Both ways: those of the patient are read, and answered, in the message center."""

    def found(self, request: Request, **at: int) -> "QuerySet[Any]":
        ours = super().found(request, **at)
        theirs = PatientMessage.objects.filter(
            practice=request.actor.practice, patient=at["patient"], sent_by="pt", archived=False
        )
        if self.resource.policy.sees_only_own(request.actor):
            theirs = theirs.filter(doctor=request.actor.doctor)
        return PatientMessage.objects.filter(Q(pk__in=ours.values("pk")) | Q(pk__in=theirs.values("pk")))

    def _address(self, at: Mapping[str, int], row: Any) -> str:
        if row.sent_by == "pt":
            return reverse("inbox-one", args=[row.message_id])
        return super()._address(at, row)


def _sender(row: Any) -> Badge:
    return Badge("Patient", "blue") if row.sent_by == "pt" else Badge("Practice")


MESSAGES = Letters(
    "patient_messages",
    place="messages",
    title="Messages",
    one="message",
    icon="messages",
    columns=(
        Column("Subject", "subject"),
        Column("From", _sender),
        Column("Sent", "created_at", sort="created_at"),
        Column("Message", lambda row: row.body[:120], kind="wide"),
    ),
    asks=("subject", "body"),
    search=("subject",),
    order="-created_at",
)
