"""Recurring appointments: the days of a series, and its rows. docs/decisions/0032-series.md"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from charthouse.domains.scheduling.booking import lock_slot
from charthouse.domains.scheduling.models import Appointment
from charthouse.domains.scheduling.wall_clock import get_office_time
from charthouse.engine.declaration.changes import Change

KEYS = ("recur_start_date", "recur_end_date", "recurs_every", "recurring_days")
MAX_DAYS = 731  # two years
MAX_APPOINTMENTS = 500

# Columns that every appointment of a series copies from the first.
SHARED_COLUMNS = (
    "doctor_id",
    "office_id",
    "exam_room",
    "patient_id",
    "duration",
    "profile_id",
    "status",
    "color",
    "reason",
    "notes",
    "allow_overlapping",
    "supervising_provider_id",
    "billing_provider_id",
    "created_by_id",
)


def list_days(first: date, last: date, every: int, week_days: Sequence[int]) -> list[date]:
    """List the days on these week days (0 Monday to 6 Sunday) in every ``every``-th week, counted from the week of
    ``first``."""
    monday = first - timedelta(days=first.weekday())
    all_days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in all_days if day.weekday() in week_days and (day - monday).days // 7 % every == 0]


def plan_series(change: Change) -> list[datetime]:
    """Complete the pattern of a series; return the wall clock times that follow the first appointment, [] for a single
    one.

    A pattern is set when the first appointment is created, and can't be changed afterwards.
    """
    if change.row is not None:
        for name in KEYS:
            if change.changes(name):
                change.add_error(name, "A series is set when its first appointment is made.")
        return []
    if not any(change.values.get(name) for name in KEYS):
        return []
    wall: datetime = change.values["scheduled_time"]
    first: date = change.values.get("recur_start_date") or wall.date()
    last = change.values.get("recur_end_date")
    if last is None:
        change.add_error("recur_end_date", "A series needs a last day.")
    elif first < wall.date():
        change.add_error("recur_start_date", "A series can't begin before its first appointment.")
    elif last < first:
        change.add_error("recur_end_date", "The series ends before it begins.")
    elif (last - first).days > MAX_DAYS or last.year > 2099:
        change.add_error("recur_end_date", "A series may last for two years at most, up to 2099.")
    if change.errors or last is None:
        return []
    every = change.values.get("recurs_every") or 1
    week_days = sorted(set(change.values.get("recurring_days") or [wall.weekday()]))
    for name, value in zip(KEYS, (first, last, every, week_days), strict=True):
        change.set(name, value)
    following = _list_following(wall, first, last, every, week_days)
    if len(following) >= MAX_APPOINTMENTS:
        change.add_error("recur_end_date", f"A series may have {MAX_APPOINTMENTS} appointments at most.")
        return []
    return following


def _list_following(
    wall: datetime, first: date, last: date, every: int, week_days: Sequence[int]
) -> list[datetime]:
    """List the wall clock times that follow the first appointment of a series."""
    days = list_days(first, last, every, week_days)
    return [datetime.combine(day, wall.time()) for day in days if day > wall.date()]


def create_following(base: Any) -> list[Appointment]:
    """Create the appointments that follow a new one, if it begins a series."""
    if base.recur_end_date is None:
        return []
    wall = get_office_time(base.scheduled_time, base.practice_id, base.office_id)
    following = _list_following(wall, *(getattr(base, name) for name in KEYS))
    slot = lock_slot(base.practice_id, base.doctor_id, base.office_id, base.exam_room, following)
    assert slot is not None  # the check has locked them
    shared = {name: getattr(base, name) for name in SHARED_COLUMNS}
    return Appointment.objects.bulk_create(
        Appointment(
            practice_id=base.practice_id,
            scheduled_time=moment,
            base_recurring_appointment_id=base.pk,
            **shared,
        )
        for moment in slot.moments
    )
