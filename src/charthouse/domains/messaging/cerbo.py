"""Secure messages as Cerbo shows them. Facts: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0271-secure-messages.md"""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from charthouse.domains.messaging import secure
from charthouse.domains.messaging.models import PatientMessage
from charthouse.domains.patients.queue import queued
from charthouse.domains.patients.queueing import QUEUED
from charthouse.domains.practice.cerbo_keys import below_patient, common, created, tag
from charthouse.resource.declare import PageSize, Resource
from charthouse.resource.fields import READ_ONLY, Boolean, Id, Integer, Ref, Text
from charthouse.resource.filters import Is
from charthouse.resource.functions import Call, Function

SENDERS = ("pt", "dr")


def _person() -> Combinable:
    """Who of the practice wrote it or was written to: of a message that names nobody, its doctor's user."""
    people = get_user_model()._default_manager.filter(
        practice=OuterRef("practice_id"), role="doctor", doctor_id=OuterRef("doctor_id")
    )
    doctor = Subquery(people.order_by("pk").values_list("pk")[:1])
    return Coalesce(F("user_id"), doctor, output_field=models.BigIntegerField())


secure_messages = Resource(
    path="patients/{patient_id}/portal/secure_messages",
    model=PatientMessage,
    doc="What a patient and the practice have written to each other, once staff have taken it into the chart.",
    methods="GET",
    reads=False,
    **common("secure_messages"),
    page_size=PageSize(100, 100, 100),
    parents=below_patient(),
    rows=Q(archived=False),
    fields=(
        tag("secure_message"),
        Id("id"),
        Ref("pt_id", READ_ONLY, source="patient", to="patients"),
        Integer("dr_id", READ_ONLY, computed=_person, nullable=True, doc="Who of the practice."),
        Text("sent_by", READ_ONLY, choices=SENDERS),
        Text("subject", READ_ONLY),
        Text("note", READ_ONLY, source="body"),
        Text("reply", READ_ONLY, doc="How the patient would like to be answered."),
        Boolean("is_read", READ_ONLY, source="read"),
        created(),
    ),
    filters=(Is("sent_by", choices=SENDERS, doc="Both where it isn't given."),),
    example={"sent_by": "pt", "subject": "A question", "note": "May I take it with food?", "is_read": False},
)


def send(call: Call) -> dict[str, Any]:
    return queued(secure.queue(call.row, call.values, call.actor.api_user))


queue_message = Function(
    path="patients/{id}/portal/secure_messages",
    method="POST",
    doc="Send a patient's message into the portal's queue, where staff take it into the chart.",
    of="patients",
    scopes=("secure_messages",),
    run=send,
    fields=secure.WRITTEN,
    answers=QUEUED,
    example={
        "subject": "A question",
        "note": "May I take it with food?",
        "dr_id": 12,
        "reply": "portal",
        "result": True,
    },
)

RESOURCES = [secure_messages]
FUNCTIONS = [queue_message]
# What staff do when they take a request into the chart, by its type.
ACCEPT = {"secure_message": secure.accept}
