"""Appointments by day, in the time zone of their office."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import ExpressionWrapper, F, Q, QuerySet
from django.http import HttpRequest

from charthouse import clock
from charthouse.console.kit import records
from charthouse.console.kit.page import Request
from charthouse.domains.practice.models import Doctor, Office
from charthouse.domains.scheduling.models import FREEING_STATUSES, MAX_DURATION, Appointment
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import Conflict
from charthouse.engine.sql.expressions import to_wall_clock

_OVERLAPS = re.compile(r"Appointment overlaps with (\d{1,18})")
MAX_APPOINTMENTS = 2000  # appointments of one page
STATUS_COLORS = {
    "Arrived": "azure",
    "Checked In": "cyan",
    "In Room": "blue",
    "In Session": "indigo",
    "Complete": "green",
    "Confirmed": "teal",
    "Cancelled": "secondary",
    "No Show": "orange",
    "Rescheduled": "orange",
}


@dataclass(frozen=True)
class CalendarScope:
    """What a calendar page shows: an office, and one doctor or all."""

    office: Office
    offices: Sequence[Office]
    doctor: Doctor | None
    doctors: Sequence[Doctor]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.office.doctor.timezone)

    @property
    def today(self) -> date:
        return clock.now().astimezone(self.zone).date()

    def list_options(self) -> records.OptionLists:
        """List offices and doctors as the options of a form."""
        return {
            "offices": [(str(one.pk), str(one)) for one in self.offices],
            "doctors": [(str(one.pk), str(one)) for one in self.doctors],
        }


def parse_scope(request: Request) -> CalendarScope | None:
    """Parse office and doctor from the query; the user's own office by default. Two queries.

    None in a practice without offices.
    """
    actor = request.actor
    offices = list(
        records.select_rows(records.get_resource("offices"), actor)
        .select_related("doctor")
        .order_by("name", "id")[:200]
    )
    if not offices:
        return None
    doctors = list(
        Doctor.objects.filter(practice=actor.practice, archived=False).order_by("last_name", "id")[:200]
    )
    own = next((one for one in offices if one.doctor_id == actor.doctor), offices[0])
    return CalendarScope(
        _find_requested(request, "office", offices) or own,
        offices,
        _find_requested(request, "doctor", doctors),
        doctors,
    )


def _find_requested(request: HttpRequest, name: str, rows: Sequence[Any]) -> Any:
    return next((row for row in rows if str(row.pk) == request.GET.get(name)), None)


def parse_day(request: HttpRequest, here: CalendarScope) -> date:
    """Parse the day from the query; today if it is absent or malformed."""
    try:
        asked = parse_date(request.GET.get("date", ""))
    except InvalidValue:
        return here.today
    return asked if 2000 <= asked.year < 2100 else here.today


def select_appointments(request: Request, here: CalendarScope, first: date, last: date) -> "QuerySet[Any]":
    """Select appointments and breaks of the days from ``first`` to ``last``, in the office's time zone.

    Ordered by time, annotated with ``wall``, at most MAX_APPOINTMENTS.
    """
    start = datetime.combine(first, time(), here.zone)
    end = datetime.combine(last + timedelta(days=1), time(), here.zone)
    rows = records.select_rows(records.get_resource("schedule"), request.actor).filter(
        office=here.office.pk,
        scheduled_time__gt=start - timedelta(minutes=MAX_DURATION),
        scheduled_time__lt=end,
        is_virtual_base=False,
    )
    # One that began on the day before and lasts over midnight is on both days.
    ends = ExpressionWrapper(
        F("scheduled_time") + F("duration") * timedelta(minutes=1), models.DateTimeField()
    )
    rows = rows.annotate(ends=ends).filter(Q(scheduled_time__gte=start) | Q(ends__gt=start))
    if here.doctor is not None:
        rows = rows.filter(doctor=here.doctor.pk)
    return (
        annotate_wall_clock(rows)
        .select_related("patient", "doctor", "profile")
        .order_by("scheduled_time", "pk")[:MAX_APPOINTMENTS]
    )


def describe_refusal(request: Request, refusal: Conflict) -> str:
    """Describe why a time was refused: who has it, when and where; else the refusal's own words."""
    found = _OVERLAPS.fullmatch(refusal.detail)
    if found is None:
        return refusal.detail
    rows = records.select_rows(records.get_resource("schedule"), request.actor, hidden=True)
    other = annotate_wall_clock(rows).select_related("patient", "doctor").filter(pk=int(found[1])).first()
    if other is None:
        return "Another appointment overlaps with this time."
    who = other.patient.display_name if other.patient else "Blocked time"
    until = other.wall + timedelta(minutes=other.duration)
    when = f"{other.wall:%a %b} {other.wall.day}, {format_clock(other.wall)} to {format_clock(until)}"
    place = f", room {other.exam_room}" if other.exam_room else ""
    return f"This overlaps with {who}: {when}, {other.doctor}{place}."


def format_clock(value: datetime) -> str:
    """Format a local time as 9:05 AM."""
    return f"{value:%I:%M %p}".removeprefix("0")


def format_moment(value: datetime) -> str:
    """Format a local time as Mon Dec 14, 9:05 AM."""
    return f"{value:%a %b} {value.day}, {format_clock(value)}"


def annotate_wall_clock(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Annotate appointments with ``wall``: their local time in the office's time zone."""
    annotated: QuerySet[Any] = rows.annotate(wall=select_wall_clock())
    return annotated


def select_wall_clock(path: str = "") -> Any:
    """Return the expression of an appointment's local time. ``path``: ORM path to the appointment, with "__"."""
    return to_wall_clock(F(f"{path}scheduled_time"), F(path + Appointment.ZONE))


def find_zone(practice: int, appointment: int) -> ZoneInfo:
    """Find the time zone of an appointment's office. Raises DoesNotExist."""
    rows = Appointment.objects.filter(practice=practice, pk=appointment)
    return ZoneInfo(rows.values_list(Appointment.ZONE, flat=True).get())


def is_taking_place(one: Any) -> bool:
    """Say whether the appointment's status keeps its slot."""
    return one.status not in FREEING_STATUSES
