"""The waiting list: which times appointments free, and who fits them. docs/decisions/0383-waiting-list.md"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from charthouse import clock
from charthouse.domains.patients.models.patients import DECEASED
from charthouse.domains.scheduling.booking import takes_time
from charthouse.domains.scheduling.models import (
    FREEING_STATUSES,
    MAX_DURATION,
    NO_ROOM,
    Appointment,
    FreedSlot,
    WaitingListEntry,
)
from charthouse.engine.declaration.changes import Change

DAY_PARTS = {"morning": "Morning", "afternoon": "Afternoon", "evening": "Evening"}
NOON, EVENING = 12, 17  # hours at which afternoon and evening begin
_PLACE = ("doctor_id", "office_id", "scheduled_time")  # a change of one of them frees the slot
_SLOT = (*_PLACE, "exam_room", "duration")


# -- which times are freed ----------------------------------------------------------------------------------------


def note_freed_slot(change: Change, row: Any) -> None:
    """Note the slot that the write of an appointment frees: it is cancelled, missed, deleted or moved, and was still to
    come."""
    if change.row is None:
        return
    old = change.old_values
    took_time = takes_time(
        old.get("status", row.status), old.get("archived", row.archived), row.is_virtual_base
    )
    stays = takes_time(row.status, row.archived, row.is_virtual_base) and old.keys().isdisjoint(_PLACE)
    if took_time and not stays:
        add_freed_slot(row, old)


def add_freed_slot(row: Any, old: Mapping[str, Any] | None = None) -> None:
    """Add the slot of an appointment of a patient, as it was before the values ``old`` changed, if it is still to come,
    somebody waits, and it is not noted already."""
    slot = {name: (old or {}).get(name, getattr(row, name)) for name in _SLOT}
    if row.patient_id is None or slot["scheduled_time"] <= clock.now():
        return
    waiting = WaitingListEntry.objects.filter(practice=row.practice_id, archived=False, appointment=None)
    same = {name: slot[name] for name in (*_PLACE, "exam_room")}
    known = FreedSlot.objects.filter(practice=row.practice_id, archived=False, **same)
    if waiting.exists() and not known.filter(duration__gte=slot["duration"]).exists():
        FreedSlot.objects.create(practice_id=row.practice_id, **slot)


def select_freed(practice: int, first: datetime, last: datetime) -> "QuerySet[Any]":
    """Select the slots from a moment to before another that were freed, are still to come and are still free: neither
    their doctor nor their room has anything then."""
    ends: Any = F("scheduled_time") + F("duration") * timedelta(minutes=1)
    earliest: Any = F("scheduled_time") - timedelta(minutes=MAX_DURATION)
    moment = models.DateTimeField()
    taken = Appointment.objects.filter(
        Q(doctor=OuterRef("doctor"))
        | (Q(office=OuterRef("office"), exam_room=OuterRef("exam_room")) & ~Q(exam_room=NO_ROOM)),
        practice=OuterRef("practice"),
        archived=False,
        is_virtual_base=False,
        scheduled_time__gt=OuterRef("earliest"),
        scheduled_time__lt=OuterRef("ends"),
    ).exclude(status__in=FREEING_STATUSES)
    taken = taken.annotate(until=ExpressionWrapper(ends, moment)).filter(until__gt=OuterRef("scheduled_time"))
    rows = FreedSlot.objects.annotate(
        ends=ExpressionWrapper(ends, moment), earliest=ExpressionWrapper(earliest, moment)
    )
    return rows.filter(
        ~Exists(taken),
        practice=practice,
        archived=False,
        scheduled_time__gt=max(first - timedelta(microseconds=1), clock.now()),
        scheduled_time__lt=last,
    ).order_by("scheduled_time", "-duration", "pk")


# -- who fits -----------------------------------------------------------------------------------------------------


def select_waiting(rows: "QuerySet[Any]", today: date) -> "QuerySet[Any]":
    """Narrow entries to those who wait: nothing is booked for them, their last day is not over, and the patient is
    neither deceased nor deleted."""
    waiting = rows.filter(
        Q(until=None) | Q(until__gte=today), archived=False, appointment=None, patient__archived=False
    )
    return waiting.exclude(patient__patient_status=DECEASED)


def select_fitting(rows: "QuerySet[Any]", slot: FreedSlot, wall: datetime) -> "QuerySet[Any]":
    """Narrow entries to those whom a slot fits, the most urgent first. ``wall``: when it begins, on the office's clock.
    Whoever has an appointment then does not fit."""
    begins = slot.scheduled_time
    ends = begins + timedelta(minutes=slot.duration)
    until: Any = F("scheduled_time") + F("duration") * timedelta(minutes=1)
    busy = Appointment.objects.filter(
        practice=OuterRef("practice"),
        patient=OuterRef("patient"),
        archived=False,
        is_virtual_base=False,
        scheduled_time__gt=begins - timedelta(minutes=MAX_DURATION),
        scheduled_time__lt=ends,
    ).exclude(status__in=FREEING_STATUSES)
    busy = busy.annotate(until=ExpressionWrapper(until, models.DateTimeField())).filter(until__gt=begins)
    fitting = select_waiting(rows, wall.date()).filter(
        ~Exists(busy),
        Q(doctor=None) | Q(doctor=slot.doctor_id),
        Q(office=None) | Q(office=slot.office_id),
        Q(week_days=[]) | Q(week_days__contains=[wall.weekday()]),
        Q(day_parts=[]) | Q(day_parts__contains=[find_day_part(wall)]),
        duration__lte=slot.duration,
    )
    return fitting.order_by("priority", "created_at", "pk")


def find_day_part(wall: datetime) -> str:
    """Find the part of the day, a key of ``DAY_PARTS``."""
    return "morning" if wall.hour < NOON else "afternoon" if wall.hour < EVENING else "evening"
