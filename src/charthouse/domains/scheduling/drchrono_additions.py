"""Blocks and video visits: what the hosted API has grown in scheduling. Facts: reference drchrono/live_only.yaml.

Open there, and chosen here: times of blocks are wall clock, as ``scheduled_time`` is; video visits and their events
show their ids, or nobody could ask for one; an event that is posted says which visit it is about.
"""

from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import NullIf

from charthouse.domains.scheduling import blocks, telehealth
from charthouse.domains.scheduling.models import NO_ROOM, Appointment, TelehealthEvent, TelehealthVisit
from charthouse.domains.scheduling.wallclock import add_minutes
from charthouse.engine.declaration.filters import Filter, InDays, OnDay
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import ALWAYS, Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Boolean, Integer, Text, check_color
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql


def _end() -> Combinable:
    return sql.to_wall_clock(add_minutes(F("scheduled_time"), F("duration")), F(Appointment.ZONE))


schedule_blocks = Resource(
    path="schedule_blocks",
    model=Appointment,
    doc="Time blocked on a provider's calendar: a break, seen by its beginning and end.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("calendar",), permissions=("Access Scheduling",), sharing="share_patients", owner="doctor"
    ),
    addition=True,
    rows=Q(patient__isnull=True, archived=False, is_virtual_base=False),
    keys=(
        Key("description", Text(), source="reason", default=""),
        Key("office", Reference("offices"), REQUIRED),
        Key("color", Text(check=check_color)),
        Key("practice_group", Integer(), READ_ONLY, source="practice_id"),
        Key(
            "start_time",
            Timestamp(zone=Appointment.ZONE),
            REQUIRED,
            source="scheduled_time",
            doc="Wall clock.",
        ),
        Key(
            "exam_room",
            Integer(minimum=1, maximum=32767),
            source=Expression(lambda: NullIf(F("exam_room"), sql.literal(NO_ROOM))),
            nullable=True,
            example=1,
            doc="Index of a room that is taken as well; null: the provider alone.",
        ),
        Key(
            "series",
            Reference("appointments"),
            READ_ONLY,
            source="base_recurring_appointment",
            doc="The first of a series.",
        ),
        Key(
            "end_time",
            Timestamp(zone=Appointment.ZONE),
            REQUIRED,
            source=Expression(_end),
            nullable=False,
            doc="At most a day after the beginning.",
        ),
        Key("provider", Reference("doctors"), REQUIRED, source="doctor"),
        Key("id", Id(), READ_ONLY),
        Key(
            "appointment_break",
            Reference("appointments"),
            READ_ONLY,
            source="id",
            doc="The same as an appointment.",
        ),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("office", Reference("offices")),
        Filter("date", Date(), OnDay(Appointment.ZONE), source="scheduled_time"),
        Filter("date_range", Date(), InDays(Appointment.ZONE), source="scheduled_time"),
    ),
    checks=(blocks.take,),
    example={
        "provider": 1,
        "office": 2,
        "start_time": "2026-03-02T12:00:00",
        "end_time": "2026-03-02T13:00:00",
        "description": "Team meeting",
    },
)

# -- video visits -------------------------------------------------------------------------------------------------

_SCOPES = ("calendar", "clinical")
_PERMISSIONS = ("Access Scheduling", "Access Clinical Notes")

telehealth_appointments = Resource(
    path="telehealth_appointments",
    model=TelehealthVisit,
    doc="Video visits of appointments; a create for an appointment that has one writes that one.",
    methods="GET POST PUT PATCH",
    policy=Policy(
        scopes=_SCOPES, permissions=_PERMISSIONS, sharing="share_patients", owner="appointment__doctor"
    ),
    addition=True,
    rows=Q(archived=False),
    keys=(
        Key("sent_patient_email", Boolean(), default=False, doc="The patient was sent the link."),
        Key("appointment", Reference("appointments"), REQUIRED),
        Key("created_at", Timestamp(), READ_ONLY),
        Key("updated_at", Timestamp(), READ_ONLY),
        Key("overlapping_duration", Text(), default=""),
        Key("duration", Integer(), READ_ONLY, source="appointment__duration", doc="Minutes."),
        Key("telehealth_url", Text(), READ_ONLY, doc="Empty while no video service is set up."),
        Key("id", Id(), READ_ONLY, addition=True),
    ),
    filters=(
        Filter("appointment", Reference("appointments")),
        Filter("doctor", Reference("doctors"), source="appointment__doctor"),
    ),
    upsert_keys=("appointment",),
    checks=(telehealth.of_a_patient,),
    after=(telehealth.log,),
    example={"appointment": 5001, "sent_patient_email": True},
)

telehealth_appointment_history = Resource(
    path="telehealth_appointment_history",
    model=TelehealthEvent,
    doc="What happened around video visits.",
    methods="GET POST",
    policy=Policy(scopes=_SCOPES, permissions=_PERMISSIONS, sharing=ALWAYS, owner=None),
    addition=True,
    rows=Q(archived=False),
    keys=(
        Key("timestamp", Timestamp(), READ_ONLY, source="created_at"),
        Key("description", Text(), default=""),
        Key("event_type", Text(), REQUIRED),
        Key("id", Id(), READ_ONLY, addition=True),
        Key(
            "telehealth_appointment",
            Reference("telehealth_appointments"),
            REQUIRED,
            source="visit",
            addition=True,
            doc="Which visit it is about.",
        ),
    ),
    filters=(Filter("doctor", Reference("doctors"), source="visit__appointment__doctor"),),
    example={"telehealth_appointment": 1, "event_type": "Joined", "description": "Patient joined"},
)

RESOURCES = [schedule_blocks, telehealth_appointments, telehealth_appointment_history]
