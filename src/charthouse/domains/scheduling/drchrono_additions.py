"""Blocks and video visits: what the hosted API has grown in scheduling. Facts: reference drchrono/live_only.yaml.

Open there, and chosen here: times of blocks are wall clock, as ``scheduled_time`` is; video visits and their events
show their ids, or nobody could ask for one; an event that is posted says which visit it is about.
"""

from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import NullIf

from charthouse.domains.scheduling import blocks, telehealth
from charthouse.domains.scheduling.models import NO_ROOM, Appointment, TelehealthEvent, TelehealthVisit
from charthouse.domains.scheduling.wallclock import Later
from charthouse.resource import sql
from charthouse.resource.declare import ALWAYS, Resource
from charthouse.resource.fields import READ_ONLY, REQUIRED, Boolean, Color, Id, Integer, Ref, Text
from charthouse.resource.filters import DateIs, DateRange, RefIs
from charthouse.resource.times import Timestamp, WallClock


def _end() -> Combinable:
    return sql.WallClock(Later(F("scheduled_time"), F("duration")), F(Appointment.ZONE))


schedule_blocks = Resource(
    path="schedule_blocks",
    model=Appointment,
    doc="Time blocked on a provider's calendar: a break, seen by its beginning and end.",
    methods="GET POST PUT PATCH DELETE",
    scopes=("calendar",),
    permissions=("Access Scheduling",),
    sharing="share_patients",
    owner="doctor",
    addition=True,
    rows=Q(patient__isnull=True, archived=False, is_virtual_base=False),
    fields=(
        Text("description", source="reason", default=""),
        Ref("office", REQUIRED, to="offices"),
        Color("color"),
        Integer("practice_group", READ_ONLY, source="practice_id"),
        WallClock("start_time", REQUIRED, source="scheduled_time", zone=Appointment.ZONE, doc="Wall clock."),
        Integer(
            "exam_room",
            minimum=1,
            maximum=32767,
            stored=False,
            nullable=True,
            computed=lambda: NullIf(F("exam_room"), sql.constant(NO_ROOM)),
            example=1,
            doc="Index of a room that is taken as well; null: the provider alone.",
        ),
        Ref(
            "series",
            READ_ONLY,
            source="base_recurring_appointment",
            to="appointments",
            doc="The first of a series.",
        ),
        WallClock(
            "end_time",
            REQUIRED,
            zone=Appointment.ZONE,
            stored=False,
            nullable=False,
            computed=_end,
            doc="At most a day after the beginning.",
        ),
        Ref("provider", REQUIRED, source="doctor", to="doctors"),
        Id("id"),
        Ref(
            "appointment_break", READ_ONLY, source="id", to="appointments", doc="The same as an appointment."
        ),
    ),
    filters=(
        RefIs("doctor", to="doctors"),
        RefIs("office", to="offices"),
        DateIs("date", source="scheduled_time", zone=Appointment.ZONE),
        DateRange("date_range", source="scheduled_time", zone=Appointment.ZONE),
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
    scopes=_SCOPES,
    permissions=_PERMISSIONS,
    sharing="share_patients",
    owner="appointment__doctor",
    addition=True,
    rows=Q(archived=False),
    fields=(
        Boolean("sent_patient_email", default=False, doc="The patient was sent the link."),
        Ref("appointment", REQUIRED, to="appointments"),
        Timestamp("created_at", READ_ONLY),
        Timestamp("updated_at", READ_ONLY),
        Text("overlapping_duration", default=""),
        Integer("duration", READ_ONLY, source="appointment__duration", doc="Minutes."),
        Text("telehealth_url", READ_ONLY, doc="Empty while no video service is set up."),
        Id("id", addition=True),
    ),
    filters=(
        RefIs("appointment", to="appointments"),
        RefIs("doctor", source="appointment__doctor", to="doctors"),
    ),
    one_for=("appointment",),
    checks=(telehealth.of_a_patient,),
    after=(telehealth.log,),
    example={"appointment": 5001, "sent_patient_email": True},
)

telehealth_appointment_history = Resource(
    path="telehealth_appointment_history",
    model=TelehealthEvent,
    doc="What happened around video visits.",
    methods="GET POST",
    scopes=_SCOPES,
    permissions=_PERMISSIONS,
    sharing=ALWAYS,
    owner=None,
    addition=True,
    rows=Q(archived=False),
    fields=(
        Timestamp("timestamp", READ_ONLY, source="created_at"),
        Text("description", default=""),
        Text("event_type", REQUIRED),
        Id("id", addition=True),
        Ref(
            "telehealth_appointment",
            REQUIRED,
            source="visit",
            to="telehealth_appointments",
            addition=True,
            doc="Which visit it is about.",
        ),
    ),
    filters=(RefIs("doctor", source="visit__appointment__doctor", to="doctors"),),
    example={"telehealth_appointment": 1, "event_type": "Joined", "description": "Patient joined"},
)

RESOURCES = [schedule_blocks, telehealth_appointments, telehealth_appointment_history]
