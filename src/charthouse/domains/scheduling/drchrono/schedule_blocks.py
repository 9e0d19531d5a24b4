"""Time blocked on the calendar, which the hosted API has added. Source: reference drchrono/live_only.yaml.

The source leaves the zone of times open: here they are wall clock, as ``scheduled_time`` is. A block is an appointment
without a patient, so that blocks and bookings exclude each other by the same rule
(docs/decisions/0030-what-overlaps.md). One without an exam room takes the doctor's time alone.
"""

from datetime import datetime, timedelta

from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import NullIf

from charthouse.domains.scheduling import booking, wall_clock
from charthouse.domains.scheduling.booking import Booking
from charthouse.domains.scheduling.models import MAX_DURATION, NO_ROOM, Appointment
from charthouse.domains.scheduling.wall_clock import add_minutes
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.filters import Filter, InDays, OnDay
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.keys import Key
from charthouse.engine.declaration.policy import Policy
from charthouse.engine.declaration.references import Id, Reference
from charthouse.engine.declaration.resources import Resource
from charthouse.engine.declaration.sources import Expression
from charthouse.engine.declaration.times import Date, Timestamp
from charthouse.engine.declaration.types import Integer, Text, check_color
from charthouse.engine.declaration.values import READ_ONLY, REQUIRED
from charthouse.engine.sql import expressions as sql


def _select_end() -> Combinable:
    return sql.to_wall_clock(add_minutes(F("scheduled_time"), F("duration")), F(Appointment.ZONE))


@hook(keys=("end_time", "exam_room", "office", "provider", "start_time"))
def book_block(change: Change) -> None:
    """Convert the wall clocks into a moment and a length, and refuse a time that is taken. Raises Conflict."""
    if change.operation == "delete":
        return
    if change.row is None:
        change.set_columns(created_by_id=change.actor.user)
    for name in ("start_time", "end_time"):
        if name in change.values and not 2000 <= change.values[name].year <= 2099:
            change.add_error(name, "Blocks are in the years 2000 to 2099.")
    if change.errors:
        return
    start, end = _find_wall_clocks(change)
    provider, office, room = change.get("provider"), change.get("office"), _find_room(change)
    slot = booking.lock_slot(change.actor.practice, provider, office, room, [start, end])
    if slot is None or (room != NO_ROOM and not slot.has_room):
        change.add_error("exam_room", "The office has no exam room of this index.")
        return
    for name, wall, shown in zip(("start_time", "end_time"), (start, end), slot.shown, strict=True):
        if wall != shown:
            change.add_error(name, f"{wall.isoformat()} does not exist in {slot.zone}: the clocks skip it.")
    first, last = slot.moments
    minutes, rest = divmod(last - first, timedelta(minutes=1))
    if rest or not 1 <= minutes <= MAX_DURATION:
        change.add_error("end_time", f"A block lasts 1 to {MAX_DURATION} whole minutes.")
    if change.errors:
        return
    change.set("start_time", first)
    change.set_columns(duration=minutes, exam_room=room)
    before = None if change.row is None else Booking.of(change.row)
    vacant = change.row is not None and not booking.takes_time(change.row.status)
    wanted = Booking(provider, office, room, first, minutes, True, not vacant, False)
    if not vacant and (before is None or _differs(wanted, before)):
        itself = 0 if change.row is None else change.row.pk
        booking.refuse_overlap(change.actor.practice, wanted, [first], itself)


def _differs(wanted: Booking, before: Booking) -> bool:
    keys = ("doctor", "office", "exam_room", "start", "duration")
    return any(getattr(wanted, key) != getattr(before, key) for key in keys)


def _find_room(change: Change) -> int:
    """Return the exam room that the caller asks for, or NO_ROOM."""
    if "exam_room" in change.values or change.operation == "replace" or change.row is None:
        return change.values.get("exam_room") or NO_ROOM
    return int(change.row.exam_room)


def _find_wall_clocks(change: Change) -> tuple[datetime, datetime]:
    """Return the beginning and end that the caller asks for. A block of which only the beginning is given moves and
    keeps its length."""
    start, end = change.values.get("start_time"), change.values.get("end_time")
    if start is None:
        practice, office = change.actor.practice, change.row.office_id
        start = wall_clock.get_office_time(change.row.scheduled_time, practice, office)
    if end is None:
        end = start + timedelta(minutes=change.row.duration)
    return start.replace(microsecond=0), end.replace(microsecond=0)


schedule_blocks = Resource(
    path="schedule_blocks",
    model=Appointment,
    doc="Time blocked on a provider's calendar: a break, given by its start and end.",
    methods="GET POST PUT PATCH DELETE",
    policy=Policy(
        scopes=("calendar",), permissions=("Access Scheduling",), sharing="share_patients", owner="doctor"
    ),
    addition=True,
    rows=Q(patient__isnull=True, archived=False, is_virtual_base=False),
    keys=(
        Key("description", Text(multiline=True), source="reason", default=""),
        Key("office", Reference("offices"), REQUIRED),
        Key("color", Text(check=check_color)),
        Key("practice_group", Integer(), READ_ONLY, source="practice_id"),
        Key(
            "start_time",
            Timestamp(zone=Appointment.ZONE),
            REQUIRED,
            source="scheduled_time",
            doc="Local time.",
        ),
        Key(
            "exam_room",
            Integer(minimum=1, maximum=32767),
            source=Expression(lambda: NullIf(F("exam_room"), sql.literal(NO_ROOM))),
            nullable=True,
            example=1,
            doc="Index of a room that is also blocked; null to block only the provider.",
        ),
        Key(
            "series",
            Reference("appointments"),
            READ_ONLY,
            source="base_recurring_appointment",
            doc="The first block of a series.",
        ),
        Key(
            "end_time",
            Timestamp(zone=Appointment.ZONE),
            REQUIRED,
            source=Expression(_select_end),
            nullable=False,
            doc="At most one day after the start.",
        ),
        Key("provider", Reference("doctors"), REQUIRED, source="doctor"),
        Key("id", Id(), READ_ONLY),
        Key(
            "appointment_break",
            Reference("appointments"),
            READ_ONLY,
            source="id",
            doc="Same as an appointment's.",
        ),
    ),
    filters=(
        Filter("doctor", Reference("doctors")),
        Filter("office", Reference("offices")),
        Filter("date", Date(), OnDay(Appointment.ZONE), source="scheduled_time"),
        Filter("date_range", Date(), InDays(Appointment.ZONE), source="scheduled_time"),
    ),
    checks=(book_block,),
    example={
        "provider": 1,
        "office": 2,
        "start_time": "2026-03-02T12:00:00",
        "end_time": "2026-03-02T13:00:00",
        "description": "Team meeting",
    },
)

RESOURCES = [schedule_blocks]
