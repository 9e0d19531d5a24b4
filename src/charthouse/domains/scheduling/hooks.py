"""Hooks of appointments and of the settings that they are made from: checks before a write, and what follows it in the
same transaction."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Max

from charthouse import clock
from charthouse.domains import limits
from charthouse.domains.practice.models import ExamRoom
from charthouse.domains.scheduling import booking, reminders, series, waiting_list, wall_clock
from charthouse.domains.scheduling.booking import Booking, LockedSlot
from charthouse.domains.scheduling.models import (
    NO_ROOM,
    Appointment,
    AppointmentProfile,
    CustomAppointmentField,
    CustomVital,
    StatusTransition,
)
from charthouse.domains.scheduling.models.vitals import STANDARD_VITALS
from charthouse.domains.scheduling.signals import checking_in
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook

_TIME_KEYS = (
    "doctor",
    "office",
    "exam_room",
    "scheduled_time",
    "duration",
    "status",
    "allow_overlapping",
    "patient",
)
CHECKED_IN = ("Checked In", "Checked In Online")
_NO_SUCH_ROOM = "The office has no exam room of this index, or is closed."


# -- before the row is written ------------------------------------------------------------------------------------


@hook(keys=("profile",))
def fill_from_profile(change: Change) -> None:
    """Give a new appointment its profile's color, duration and reason, where it has none of its own."""
    if change.operation != "create":
        return
    change.set_columns(created_by_id=change.actor.user)
    profile_id = change.values.get("profile")
    wanted = [name for name in ("color", "duration", "reason") if name not in change.given]
    if profile_id is not None and wanted:
        profile = AppointmentProfile.objects.get(practice=change.actor.practice, pk=profile_id)
        for name in wanted:
            change.set(name, getattr(profile, name))


@hook(
    keys=(
        "allow_overlapping",
        "doctor",
        "duration",
        "exam_room",
        "office",
        "patient",
        "recur_end_date",
        "recur_start_date",
        "recurring_days",
        "recurs_every",
        "scheduled_time",
        "status",
    )
)
def book(change: Change) -> None:
    """Convert the wall clock into a moment, and refuse a time that is taken. Raises Conflict.

    A write that changes nothing that could overlap with others reads nothing and waits for nobody.
    """
    if change.operation == "delete":
        return
    if change.changes("status") and change.get("status") in CHECKED_IN and change.get("patient") is not None:
        checking_in.send(Appointment, change=change)
    following = series.plan_series(change)
    if change.errors or not change.changes(*_TIME_KEYS):
        return
    wall, was = _find_wall_clock(change)
    if not 2000 <= wall.year <= 2099:
        change.add_error("scheduled_time", "Appointments are in the years 2000 to 2099.")
        return
    slot = _lock_slot(change, [wall, *following])
    if slot is None:
        return
    moment = slot.moments[0]
    if wall == was and not change.changes("office"):
        moment = change.row.scheduled_time  # not moved, even where the clock shows this time twice
    elif slot.shown[0] != wall:
        change.add_error(
            "scheduled_time", f"{wall.isoformat()} does not exist in {slot.zone}: the clocks skip it."
        )
        return
    change.set("scheduled_time", moment)
    _refuse_overlap(change, moment, slot.moments[1:])


def _find_wall_clock(change: Change) -> tuple[datetime, datetime | None]:
    """Return the wall clock time that the caller asks for, and the present one."""
    was = None
    if change.row is not None:
        was = wall_clock.get_office_time(
            change.row.scheduled_time, change.actor.practice, change.row.office_id
        )
        was = was.replace(microsecond=0)
    given: datetime | None = change.values.get("scheduled_time")
    wall = given.replace(microsecond=0) if given is not None else was
    assert wall is not None  # required for a create
    return wall, was


def _lock_slot(change: Change, walls: list[datetime]) -> LockedSlot | None:
    """Lock doctor and office; report an exam room that doesn't exist, or is closed with its office."""
    doctor, office, room = (change.get(name) for name in ("doctor", "office", "exam_room"))
    slot = booking.lock_slot(change.actor.practice, doctor, office, room, walls)
    is_without_room = room == NO_ROOM and change.get("patient") is None
    is_checked = change.row is None or change.changes("office", "exam_room", "patient")
    is_checked = is_checked or (room != NO_ROOM and change.changes("scheduled_time"))
    if slot is None or (not slot.has_room and is_checked and not is_without_room):
        change.add_error("exam_room", _NO_SUCH_ROOM)
        return None
    return slot


def _refuse_overlap(change: Change, start: datetime, following: list[datetime]) -> None:
    """Refuse a time that overlaps with another appointment, unless the write leaves the booking as it was. Raises
    Conflict."""
    before = None if change.row is None else Booking.of(change.row)
    wanted = Booking(
        change.get("doctor"),
        change.get("office"),
        change.get("exam_room"),
        start,
        change.get("duration"),
        change.get("patient") is None,
        booking.takes_time(
            change.get("status"),
            *((change.row.archived, change.row.is_virtual_base) if change.row is not None else ()),
        ),
        bool(change.get("allow_overlapping")),
    )
    if wanted == before or not wanted.takes_time or wanted.allow_overlapping:
        return
    itself = 0 if change.row is None else change.row.pk
    booking.refuse_overlap(change.actor.practice, wanted, [start, *following], itself)


@hook(keys=("reminder_profile",))
def refuse_second_reminders(change: Change) -> None:
    """Refuse a reminder profile for an appointment that has reminders."""
    if change.row is None or change.values.get("reminder_profile") is None:
        return
    if reminders.has_reminders(change.actor.practice, change.row.pk):
        change.add_error("reminder_profile", "The appointment has reminders already.")


@hook(keys=("custom_vitals",))
def check_custom_vitals(change: Change) -> None:
    """Check values of custom vitals against their definitions; "" is always allowed and means not taken."""
    items = [item for item in change.values.get("custom_vitals") or () if item.get("value")]
    if not items:
        return
    ids = [item["vital_type"] for item in items]
    kinds = CustomVital.objects.filter(practice=change.actor.practice).in_bulk(ids)
    for position, item in enumerate(change.values["custom_vitals"]):
        kind = kinds.get(item["vital_type"])
        if kind is not None and item.get("value") and (message := describe_misfit(kind, item["value"])):
            change.add_member_error(("custom_vitals", str(position), "value"), message)


def describe_misfit(kind: CustomVital, value: str) -> str:
    """Return what is wrong with a value of a custom vital, or ""."""
    if kind.data_type == CustomVital.DataType.SINGLE_SELECT and value not in kind.allowed_values:
        return f'"{value[:100]}" is not a valid choice.'
    if kind.data_type == CustomVital.DataType.NUMBER:
        parts = value.split(kind.fraction_delimiter or "/") if kind.is_fraction_field else [value]
        number = r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*"
        if len(parts) > 2 or not all(re.fullmatch(number, part, re.ASCII) for part in parts):
            return "A valid number is required."
        messages = (limits.find_impossible_number(Decimal(part.strip())) for part in parts)
        return next(filter(None, messages), "")
    return ""


@hook(keys=("included_fields",))
def check_included_fields(change: Change) -> None:
    """Refuse vitals that don't exist in a group of vitals."""
    given = change.values.get("included_fields") or ()
    ids = {text for text in given if text.isascii() and text.isdigit() and len(text) < 19}
    rows = CustomVital.objects.filter(practice=change.actor.practice, pk__in=ids, archived=False)
    there = {*STANDARD_VITALS, *map(str, rows.values_list("pk", flat=True))}
    if unknown := [text for text in given if text not in there]:
        known = ", ".join(STANDARD_VITALS)
        change.add_error(
            "included_fields", f"No vitals: {', '.join(unknown)}. Give {known}, or the id of a custom vital."
        )


# -- after it is written ------------------------------------------------------------------------------------------


@hook()
def finish_booking(change: Change, row: Any) -> None:
    """Record a change of status and a slot that is freed, create the rest of a series, create or move reminders."""
    waiting_list.note_freed_slot(change, row)
    if change.operation == "delete":
        return
    appointments = [row]
    if change.row is None:
        appointments += series.create_following(row)
    record_status(change, appointments)
    profile_id = change.values.get("reminder_profile")
    if profile_id is not None:
        reminders.apply_profile(profile_id, row.practice_id, [appointment.pk for appointment in appointments])
    elif {"scheduled_time", "office_id"} & set(change.old_values):
        reminders.move_reminders(row.practice_id, row.pk)


def record_status(change: Change, rows: list[Any]) -> None:
    """Record changes of status. The first status of a new appointment counts as a change from none."""
    before = "" if change.row is None else change.old_values.get("status", rows[0].status)
    if rows[0].status != before:
        now = clock.now()
        StatusTransition.objects.bulk_create(
            StatusTransition(
                practice_id=row.practice_id,
                appointment_id=row.pk,
                changed_at=now,
                from_status=before,
                to_status=row.status,
                reason=change.values.get("status_reason") or "",
            )
            for row in rows
        )


# -- what appointments are made from ------------------------------------------------------------------------------


@hook(keys=("doctor",))
def default_doctor(change: Change) -> None:
    """Set the caller's own doctor where none is given."""
    if change.operation == "create" and change.values.get("doctor") is None:
        change.set("doctor", change.actor.doctor)
        if change.actor.doctor is None:
            change.add_error("doctor", "This field is required.")


@hook(keys=("exam_room", "office"))
def check_exam_room(change: Change) -> None:
    """Check that the office has the exam room."""
    if change.operation == "delete" or not change.changes("office", "exam_room"):
        return
    rooms = ExamRoom.objects.filter(
        practice=change.actor.practice,
        office=change.get("office"),
        index=change.get("exam_room"),
        archived=False,
    )
    if not rooms.exists():
        change.add_error("exam_room", _NO_SUCH_ROOM)


@hook(keys=("date_end", "date_start"))
def check_date_order(change: Change) -> None:
    """Check that the last day is not before the first."""
    first, last = change.get("date_start"), change.get("date_end")
    if first and last and last < first:
        change.add_error("date_end", "Ends before it starts.")


@hook(keys=("doctor",))
def order_last(change: Change) -> None:
    """Order a new custom field after the others of its doctor."""
    if change.operation == "create":
        others = CustomAppointmentField.objects.filter(
            practice=change.actor.practice, doctor=change.values["doctor"]
        )
        change.set_columns(order=(others.aggregate(last=Max("order"))["last"] or 0) + 1)
