"""Calls with patients in the DrChrono API. Source: reference drchrono/resources.yaml."""

from charthouse.domains.messaging import hooks
from charthouse.domains.messaging.drchrono.keys import OF_DOCTOR, OF_PATIENT, SINCE_UPDATE
from charthouse.domains.messaging.models import (
    CommLog,
)
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Decimal, Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED

comm_logs = Resource(
    path="comm_logs",
    model=CommLog,
    doc="Phone calls with patients.",
    methods="GET POST PUT PATCH",
    policy=Policy(
        scopes=("calendar",), permissions=("Access Scheduling",), sharing="share_patients", owner="doctor"
    ),
    keys=(
        Key("appointment", Reference("appointments"), OPTIONAL),
        Key("archived", Boolean(), READ_ONLY),
        Key("author", Reference("users"), READ_ONLY, doc="User who last changed it."),
        Key("cash_charged", Decimal(minimum=0)),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("doctor", Reference("doctors"), REQUIRED),
        Key("duration", Integer(minimum=0, maximum=1440), doc="Minutes."),
        Key("id", Id(), READ_ONLY),
        Key("message", Text(multiline=True)),
        Key("patient", Reference("patients"), REQUIRED),
        Key(
            "scheduled_time",
            Timestamp(zone="doctor__timezone"),
            doc="Local time in the doctor's time zone; the appointment's time if there is an appointment.",
        ),
        Key("title", Text()),
        Key("type", Text()),
        Key("updated_at", Timestamp(), READ_ONLY),
    ),
    filters=(OF_DOCTOR, OF_PATIENT, SINCE_UPDATE),
    checks=(hooks.complete_call,),
    example={
        "doctor": 1,
        "patient": 12,
        "title": "Refill",
        "type": "Incoming call",
        "message": "Asks for a refill.",
        "duration": 5,
    },
)

RESOURCES = [comm_logs]
