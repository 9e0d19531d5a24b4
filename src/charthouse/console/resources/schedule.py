"""Appointments as the people see them who book them and receive patients, without billing or clinical permissions, and
those who write notes, without billing permissions. The waiting list, and the times that were freed."""

from dataclasses import replace
from datetime import timedelta

from django.db.models import Q

from charthouse import clock
from charthouse.domains.patients.models import Patient
from charthouse.domains.scheduling import blocks
from charthouse.domains.scheduling.drchrono.appointments import appointments
from charthouse.domains.scheduling.models import MAX_DURATION, Appointment, FreedSlot, WaitingListEntry
from charthouse.domains.scheduling.waiting_list import DAY_PARTS
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.composites import List
from charthouse.engine.declaration.hooks import hook, list_read_keys
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import UNSTORED
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Integer, Text
from charthouse.engine.declaration.values import OPTIONAL, READ_ONLY, REQUIRED, WRITE_ONLY

SCHEDULING = ("Access Scheduling",)
_CLINICAL = {"vitals", "custom_vitals", "clinical_note", "icd10_codes", "icd9_codes", "billing_notes"}

# DrChrono asks for the permissions of billing and notes; a front desk that books has neither.
schedule = replace(
    appointments,
    path="schedule",
    doc="Appointments without what is clinical: for those who book and receive patients.",
    policy=Policy(scopes=("calendar",), permissions=SCHEDULING, sharing="share_patients", owner="doctor"),
    keys=(
        *(key for key in appointments.keys if key.name not in _CLINICAL),
        Key(
            "status_reason",
            Text(max_length=200),
            WRITE_ONLY,
            source=UNSTORED,
            doc="Why the status changes; shown in the history.",
        ),
        Key(
            "block_end",
            Timestamp(zone=Appointment.ZONE),
            WRITE_ONLY,
            source=UNSTORED,
            doc="When a block over several days ends; each day is an appointment without a patient.",
        ),
    ),
    checks=(
        blocks.plan_block,
        *(check for check in appointments.checks if not _CLINICAL & {*list_read_keys(check)}),
    ),
    after=(*appointments.after, blocks.create_parts),
    events=(),
)

# A nurse who writes the note of a visit has no permissions of billing either.
visits = replace(
    appointments,
    path="visits",
    doc="Appointments with their vitals and notes, without notes about billing: for those who write notes.",
    policy=Policy(
        scopes=("clinical",), permissions=("Access Clinical Notes",), sharing="share_patients", owner="doctor"
    ),
    keys=tuple(key for key in appointments.keys if key.name != "billing_notes"),
    events=(),
)


@hook(keys=("patient", "until"))
def check_waiting(change: Change) -> None:
    """Refuse a patient who has died, and a last day that is over."""
    if change.row is None:
        change.set_columns(created_by_id=change.actor.user)
    if change.changes("patient"):
        found = Patient.objects.filter(practice=change.actor.practice, pk=change.get("patient")).first()
        if found is not None and found.is_deceased:
            change.add_error("patient", "This patient has died.")
    until = change.values.get("until")
    over = (clock.now() - timedelta(hours=12)).date()  # wherever the practice is
    if until is not None and change.changes("until") and until < over:
        change.add_error("until", "This day is over.")


waiting_list = Resource(
    path="waiting_list",
    model=WaitingListEntry,
    doc="Patients who wait for a time that suits them.",
    methods="GET POST PATCH DELETE",
    policy=Policy(
        scopes=("calendar",), permissions=SCHEDULING, sharing="share_patients", owner="patient__doctor"
    ),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("patient", Reference("patients"), REQUIRED),
        Key("doctor", Reference("doctors"), doc="Null: any."),
        Key("office", Reference("offices"), doc="Null: any."),
        Key("profile", Reference("appointment_profiles"), doc="The type of visit to book."),
        Key("duration", Integer(minimum=1, maximum=MAX_DURATION), REQUIRED, doc="Minutes."),
        Key("week_days", List(Integer(minimum=0, maximum=6), max_items=7), doc="0 Monday; empty: any."),
        Key("day_parts", List(Text(choices=tuple(DAY_PARTS)), max_items=len(DAY_PARTS)), doc="Empty: any."),
        Key("until", Date(), doc="Last acceptable date."),
        Key(
            "priority",
            Integer(choices=tuple(WaitingListEntry.Priority.values)),
            OPTIONAL,
            default=WaitingListEntry.Priority.NORMAL.value,
        ),
        Key("note", Text(multiline=True, max_length=1000)),
        Key("appointment", Reference("appointments"), doc="What was booked: off the list since then."),
        Key("created_at", Timestamp(), READ_ONLY),
    ),
    checks=(check_waiting,),
    example={"patient": 1, "duration": 30},
)
freed_slots = Resource(
    path="freed_slots",
    model=FreedSlot,
    doc="Times of appointments that were cancelled, moved or deleted. Deleting one dismisses it.",
    methods="GET DELETE",
    policy=Policy(scopes=("calendar",), permissions=SCHEDULING, sharing="share_patients", owner="doctor"),
    rows=Q(archived=False),
    keys=(
        Key("id", Id(), READ_ONLY),
        Key("doctor", Reference("doctors"), READ_ONLY),
        Key("office", Reference("offices"), READ_ONLY),
        Key("exam_room", Integer(), READ_ONLY),
        Key("scheduled_time", Timestamp(), READ_ONLY),
        Key("duration", Integer(), READ_ONLY, doc="Minutes."),
    ),
    example={"duration": 30},
)
RESOURCES = (schedule, visits, waiting_list, freed_slots)
