"""Booking through Cerbo's API: the caller gives a provider, a type and two moments, but no office and no room. Hooks of
its declarations.

The row is the same as DrChrono's. How office and room are chosen, and when a booking is refused:
docs/decisions/0190-appointments-in-both-apis.md
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from charthouse import clock
from charthouse.domains.patients import correspondence
from charthouse.domains.practice.models import ExamRoom, Office
from charthouse.domains.scheduling import booking, patient_texts
from charthouse.domains.scheduling.booking import Booking
from charthouse.domains.scheduling.models import (
    FREEING_STATUSES,
    MAX_DURATION,
    NO_ROOM,
    Appointment,
    AppointmentProfile,
    Reminder,
    TelehealthEvent,
    TelehealthVisit,
)
from charthouse.domains.scheduling.providers import find_doctors
from charthouse.domains.scheduling.timeline import find_crowded
from charthouse.engine.declaration.changes import Change
from charthouse.engine.declaration.hooks import hook
from charthouse.engine.declaration.values import describe_missing_row
from charthouse.engine.errors import Conflict

User = get_user_model()


@hook(
    keys=(
        "appointment_type",
        "end_date_time",
        "provider_ids[]",
        "pt_id",
        "start_date_time",
        "status",
        "telemedicine",
    )
)
def book(change: Change) -> None:
    """Set the columns that provider, type and moments stand for, and refuse a time that is taken. Raises Conflict."""
    if change.operation == "delete":
        return
    if change.row is None:
        change.set_columns(created_by_id=change.actor.user)
    doctor = _find_doctor(change)
    profile = _find_type(change, doctor)
    start, minutes = _find_span(change)
    _check_video_patient(change)
    if change.errors or doctor is None or start is None:
        return
    change.set_columns(doctor_id=doctor, profile_id=profile, duration=minutes)
    if change.row is None or doctor != change.row.doctor_id:
        office = find_office(change.actor.practice, doctor)
        if office is None:
            change.add_error("provider_ids", "The practice has no office to book in yet.")
            return
        change.set_columns(office_id=office)
    _take_time(change, doctor, start, minutes)


# -- what is asked for ------------------------------------------------------------------------------------------


def _find_doctor(change: Change) -> int | None:
    """Return the doctor as whom the given user signs in; the row's own for a change that gives none."""
    name = "provider_ids[]" if "provider_ids[]" in change.given else "provider_ids"
    if name not in change.given:
        return None if change.row is None else int(change.row.doctor_id)
    ids = list(dict.fromkeys(change.values[name] or ()))
    if len(ids) != 1:
        change.add_error(name, "Give one provider: an appointment is on one calendar.")
        return None
    found = find_doctors(change.actor.practice, ids)
    if not found:
        change.add_error(name, describe_missing_row(ids[0]))
        return None
    return next(iter(found.values()))


def _find_type(change: Change, doctor: int | None) -> int | None:
    """Return the profile of a name: the row's own, one of the doctor, or the oldest."""
    name = change.values.get("appointment_type")
    if name is None:
        return None if change.row is None else change.row.profile_id
    rows = AppointmentProfile.objects.filter(practice=change.actor.practice, archived=False, name=name)
    found = dict(rows.order_by("-pk").values_list("pk", "doctor_id"))
    if not found:
        change.add_error("appointment_type", "No appointment type has this name.")
        return None
    if change.row is not None and change.row.profile_id in found:
        return int(change.row.profile_id)
    return next((pk for pk, of in found.items() if of == doctor), min(found))


def _find_span(change: Change) -> tuple[datetime | None, int]:
    """Return beginning and minutes. An appointment of which only the beginning is given moves and keeps its length."""
    start, end = change.values.get("start_date_time"), change.values.get("end_date_time")
    for name, moment in (("start_date_time", start), ("end_date_time", end)):
        if moment is not None and not 2000 <= moment.year <= 2099:
            change.add_error(name, "Appointments are in the years 2000 to 2099.")
    if change.errors:
        return None, 0
    start = (start or change.row.scheduled_time).replace(microsecond=0)
    if "start_date_time" in change.values:
        change.set("start_date_time", start)
    if end is None:
        return start, int(change.row.duration)
    minutes, rest = divmod(end.replace(microsecond=0) - start, timedelta(minutes=1))
    if rest or not 1 <= minutes <= MAX_DURATION:
        change.add_error("end_date_time", f"An appointment lasts 1 to {MAX_DURATION} whole minutes.")
    return start, minutes


def _check_video_patient(change: Change) -> None:
    """Refuse a video visit without a patient."""
    if change.values.get("telemedicine") and change.get("pt_id") is None:
        change.add_error("telemedicine", "A video visit needs a patient.")


def find_office(practice: int, doctor: int) -> int | None:
    """Return the office that a doctor is booked in: the doctor's first, or the practice's. None without any."""
    rows = Office.objects.filter(practice=practice, archived=False).order_by("pk")
    own = rows.filter(doctor=doctor).values_list("pk", flat=True).first()
    return own or rows.values_list("pk", flat=True).first()


# -- its place --------------------------------------------------------------------------------------------------


def _take_time(change: Change, doctor: int, start: datetime, minutes: int) -> None:
    """Choose a room and refuse an overlap. A write that moves nothing reads nothing. Raises Conflict."""
    row, practice = change.row, change.actor.practice
    office = change.columns.get("office_id") or row.office_id
    is_break, itself = change.get("pt_id") is None, 0 if row is None else row.pk
    takes_time = booking.takes_time(change.get("status") or "")

    def booked(room: int) -> Booking:
        return Booking(
            doctor, office, room, start, minutes, is_break, takes_time, bool(row and row.allow_overlapping)
        )

    if row is not None and (booked(row.exam_room) == Booking.of(row) or row.allow_overlapping):
        return
    booking.lock_slot(practice, doctor, office, NO_ROOM, [])  # serializes bookings
    there = _list_overlapping(practice, doctor, office, start, minutes, itself) if takes_time else []
    own = [(begins, ends) for _, of, _, _, begins, ends in there if of == doctor]
    overlaps, video = _read_type(change)
    if find_crowded(own, overlaps):
        raise Conflict(f"Appointment overlaps with {min(pk for pk, of, *_ in there if of == doctor)}")
    used = {room for _, _, at, room, *_ in there if at == office}
    room = _choose_room(change, office, used, video=video, shares=bool(own))
    change.set_columns(exam_room=room)
    if takes_time:
        # What has a type is a visit, whether its patient is known yet or not.
        wanted = replace(booked(room), is_break=is_break and change.columns["profile_id"] is None)
        booking.refuse_overlap(practice, wanted, [start], itself, typed_breaks=False)


def _list_overlapping(
    practice: int, doctor: int, office: int, start: datetime, minutes: int, itself: int
) -> list[tuple[int, int, int, int, int, int]]:
    """List id, doctor, office, room, beginning and end of what the doctor or the office has at that time: of these, the
    part within it, in seconds since 1970."""
    until = start + timedelta(minutes=minutes)
    first, last = int(start.timestamp()), int(until.timestamp())
    rows = Appointment.objects.filter(
        Q(doctor=doctor) | Q(office=office),
        practice=practice,
        scheduled_time__gt=start - timedelta(minutes=MAX_DURATION),
        scheduled_time__lt=until,
        archived=False,
        is_virtual_base=False,
    ).exclude(Q(status__in=FREEING_STATUSES) | Q(pk=itself))
    columns = ("pk", "doctor_id", "office_id", "exam_room", "scheduled_time", "duration")
    return [
        (pk, of, at, room, max(first, begins), min(last, begins + lasts * 60))
        for pk, of, at, room, begins, lasts in (
            (*place, int(time.timestamp()), lasts) for *place, time, lasts in rows.values_list(*columns)
        )
        if begins + lasts * 60 > first
    ]


def _read_type(change: Change) -> tuple[int, bool]:
    """Return how many visits of the provider may overlap, and whether the visit is by video: as the caller says, or for
    a new visit as its type says."""
    kinds = AppointmentProfile.objects.filter(practice=change.actor.practice, pk=change.columns["profile_id"])
    overlaps, by_video = kinds.values_list("number_of_overlaps_to_allow", "telemedicine").first() or (
        0,
        False,
    )
    is_video = change.values.get("telemedicine")
    if is_video is None and change.row is None and change.get("pt_id") is not None:
        is_video = by_video
    return overlaps, bool(is_video)


def _choose_room(change: Change, office: int, used: set[int], *, video: bool, shares: bool) -> int:
    """Return the present room, or the first free one.

    None is needed for a video visit, for one that overlaps with others of the provider, and in an office without rooms;
    otherwise the first room, whose booking then conflicts.
    """
    row = change.row
    if row is not None and row.office_id == office and row.exam_room not in used:
        return int(row.exam_room)
    if video:
        return NO_ROOM
    rows = ExamRoom.objects.filter(practice=change.actor.practice, office=office, archived=False)
    rooms = sorted(rows.values_list("index", flat=True))
    free = [room for room in rooms if room not in used]
    if free:
        return free[0]
    return NO_ROOM if shares or not rooms else rooms[0]


# -- after it is written ----------------------------------------------------------------------------------------


@hook(keys=("telemedicine",))
def update_video_visit(change: Change, row: Any) -> None:
    """Create or archive the video visit, as the caller says, or for a new appointment as its type says."""
    wanted = change.values.get("telemedicine")
    if wanted is None and change.row is None and row.patient_id is not None and row.profile_id is not None:
        wanted = AppointmentProfile.objects.filter(
            practice=row.practice_id, pk=row.profile_id, telemedicine=True
        ).exists()
    if wanted is None:
        return
    visit = TelehealthVisit.objects.filter(
        practice=row.practice_id, appointment=row.pk, archived=False
    ).first()
    if bool(wanted) == (visit is not None):
        return
    if visit is None:
        made = TelehealthVisit.objects.create(practice_id=row.practice_id, appointment_id=row.pk)
        TelehealthEvent.objects.create(practice_id=row.practice_id, visit_id=made.pk, event_type="Created")
    else:
        visit.archived = True
        visit.save(update_fields=["archived", "updated_at"])


@hook()
def send_notices(change: Change, row: Any) -> None:
    """Send the patient of a new appointment what its type provides: a notice now, reminders some hours before."""
    if change.row is not None or row.patient_id is None or row.profile_id is None:
        return
    kind = AppointmentProfile.objects.get(practice=row.practice_id, pk=row.profile_id)
    if kind.email_reminder_on:
        _create_reminder(
            row,
            Reminder.Type.EMAIL,
            kind.email_reminder_hrs_before,
            kind.email_reminder_subject,
            kind.email_reminder,
        )
    if kind.sms_reminder_on:
        _create_reminder(row, Reminder.Type.SMS, kind.sms_reminder_hrs_before, "", kind.sms_reminder)
    if kind.email_notice_on:
        subject, text = patient_texts.make_notice(row, row.patient)
        subject, words = kind.email_notice_subject or subject, kind.email_notice or text
        correspondence.queue_patient_email(row.patient, subject, words, purpose="appointment notice")


def _create_reminder(row: Any, how: str, hours: int, subject: str, text: str) -> None:
    """Create a reminder, unless its time is past."""
    at = row.scheduled_time - timedelta(hours=hours)
    if at > clock.now():
        Reminder.objects.create(
            practice_id=row.practice_id,
            appointment_id=row.pk,
            type=how,
            amount=hours,
            unit=Reminder.Unit.HOURS,
            scheduled_time=at,
            subject=subject,
            text=text,
        )
