"""Secure messages in the Cerbo API. Source: reference cerbo/objects.yaml, operations.yaml;
docs/decisions/0271-secure-messages.md"""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import F, OuterRef, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from charthouse.domains.messaging.models import PatientMessage
from charthouse.domains.messaging.secure_messages import MESSAGE_KEYS, enqueue_message
from charthouse.domains.patients.cerbo.portal_requests import QUEUED_KEYS
from charthouse.domains.patients.portal_requests import describe_request
from charthouse.domains.practice.cerbo.keys import (
    declare_patient_list,
    make_created_key,
    make_patient_key,
)
from charthouse.engine.declaration.calls import Call
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.resources import Operation
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY

SENDERS = ("pt", "dr")


def _select_user() -> Combinable:
    """Return the id of the practice's user who wrote the message or received it; by default the doctor's
    user."""
    people = get_user_model()._default_manager.filter(
        practice=OuterRef("practice_id"), role="doctor", doctor_id=OuterRef("doctor_id")
    )
    doctor = Subquery(people.order_by("pk").values_list("pk")[:1])
    return Coalesce(F("user_id"), doctor, output_field=models.BigIntegerField())


secure_messages = declare_patient_list(
    "secure_messages",
    "secure_message",
    path="patients/{patient_id}/portal/secure_messages",
    model=PatientMessage,
    doc="Messages between a patient and the practice, once staff have accepted them into the chart.",
    methods="GET",
    reads=False,
    keys=(
        make_patient_key(),
        Key(
            "dr_id",
            Integer(),
            READ_ONLY,
            source=Expression(_select_user),
            nullable=True,
            doc="The user in the practice.",
        ),
        Key("sent_by", Text(choices=SENDERS), READ_ONLY),
        Key("subject", Text(), READ_ONLY),
        Key("note", Text(), READ_ONLY, source="body"),
        Key("reply", Text(), READ_ONLY, doc="How the patient would like to receive a reply."),
        Key("is_read", Boolean(), READ_ONLY, source="read"),
        make_created_key(),
    ),
    filters=(Filter("sent_by", Text(choices=SENDERS), doc="Default: both."),),
    example={"sent_by": "pt", "subject": "A question", "note": "May I take it with food?", "is_read": False},
)


def send(call: Call) -> dict[str, Any]:
    """Enqueue a message for the patient of the path."""
    return describe_request(enqueue_message(call.row, call.values, call.actor.api_user))


queue_message = Operation(
    path="patients/{id}/portal/secure_messages",
    method="POST",
    doc="Send a patient's message to the portal queue, where staff accept it into the chart.",
    of="patients",
    run=send,
    policy=Policy(scopes=("secure_messages",)),
    keys=MESSAGE_KEYS,
    answer=QUEUED_KEYS,
    example={
        "subject": "A question",
        "note": "May I take it with food?",
        "dr_id": 12,
        "reply": "portal",
        "result": True,
    },
)

RESOURCES = [secure_messages]

OPERATIONS = [queue_message]
