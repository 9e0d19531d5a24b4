"""Video visits and their events, which the hosted API has added. Source: reference drchrono/live_only.yaml.

The source leaves open, and this project decides: video visits and their events show their ids, so that a caller can
ask for one; an event that is posted names its visit.
"""

from typing import Any

from django.db.models import Q

from charthouse.domains.scheduling.models import Appointment, TelehealthEvent, TelehealthVisit
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.filters import Filter
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.times import Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED

_SCOPES = ("calendar", "clinical")
_PERMISSIONS = ("Access Scheduling", "Access Clinical Notes")


@hook(keys=("appointment",))
def refuse_break(change: Change) -> None:
    """Refuse a video visit of a break."""
    appointment = change.values.get("appointment")
    if appointment is None:
        return
    breaks = Appointment.objects.filter(practice=change.actor.practice, pk=appointment, patient=None)
    if breaks.exists():
        change.add_error("appointment", "A break has no video visit.")


@hook()
def record_event(change: Change, row: Any) -> None:
    """Record that a video visit was created or changed."""
    if change.row is not None and not change.old_values:
        return
    event_type = "Created" if change.row is None else "Changed"
    TelehealthEvent.objects.create(practice_id=row.practice_id, visit_id=row.pk, event_type=event_type)


telehealth_appointments = Resource(
    path="telehealth_appointments",
    model=TelehealthVisit,
    doc="Video visits of appointments. If the appointment already has one, a create updates it.",
    methods="GET POST PUT PATCH",
    policy=Policy(
        scopes=_SCOPES, permissions=_PERMISSIONS, sharing="share_patients", owner="appointment__doctor"
    ),
    addition=True,
    rows=Q(archived=False),
    keys=(
        Key("sent_patient_email", Boolean(), default=False, doc="Whether the link was sent to the patient."),
        Key("appointment", Reference("appointments"), REQUIRED),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("overlapping_duration", Text(), default=""),
        Key("duration", Integer(), READ_ONLY, source="appointment__duration", doc="Minutes."),
        Key("telehealth_url", Text(), READ_ONLY, doc="Empty if no video service is configured."),
        Key("id", Id(), READ_ONLY, addition=True),
    ),
    filters=(
        Filter("appointment", Reference("appointments")),
        Filter("doctor", Reference("doctors"), source="appointment__doctor"),
    ),
    upsert_keys=("appointment",),
    checks=(refuse_break,),
    after=(record_event,),
    example={"appointment": 5001, "sent_patient_email": True},
)


telehealth_appointment_history = Resource(
    path="telehealth_appointment_history",
    model=TelehealthEvent,
    doc="Events of video visits.",
    methods="GET POST",
    policy=Policy(scopes=_SCOPES, permissions=_PERMISSIONS, sharing=ALWAYS, owner=None),
    addition=True,
    rows=Q(archived=False),
    keys=(
        Key("timestamp", Timestamp(), READ_ONLY, source="created_at"),
        Key("description", Text(multiline=True), default=""),
        Key("event_type", Text(), REQUIRED),
        Key("id", Id(), READ_ONLY, addition=True),
        Key(
            "telehealth_appointment",
            Reference("telehealth_appointments"),
            REQUIRED,
            source="visit",
            addition=True,
            doc="The visit that the event is about.",
        ),
    ),
    filters=(Filter("doctor", Reference("doctors"), source="visit__appointment__doctor"),),
    example={"telehealth_appointment": 1, "event_type": "Joined", "description": "Patient joined"},
)

RESOURCES = [telehealth_appointments, telehealth_appointment_history]
