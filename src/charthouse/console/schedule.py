"""Appointments of some days, for the pages that show them: by the clock of their office, in one query and a half."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.http import HttpRequest

from charthouse import clock
from charthouse.console import records
from charthouse.console.page import Request
from charthouse.domains.practice.models import Doctor, Office
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment, StatusTransition
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.sql.expressions import to_wall_clock

MOST = 2000  # appointments of one page
NEXT_STATUS = {
    "": "Arrived",
    "Not Confirmed": "Confirmed",
    "Confirmed": "Arrived",
    "Arrived": "Checked In",
    "Checked In": "In Room",
    "In Room": "In Session",
    "In Session": "Complete",
}
WAITING = ("Arrived", "Checked In", "In Room")
STATUS_COLOURS = {
    "Arrived": "azure",
    "Checked In": "cyan",
    "In Room": "blue",
    "In Session": "indigo",
    "Complete": "green",
    "Confirmed": "teal",
    "Cancelled": "red",
    "No Show": "red",
    "Rescheduled": "orange",
}


@dataclass(frozen=True)
class Place:
    """What of the calendar is looked at: an office, and one doctor or all."""

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


def place(request: Request) -> Place | None:
    """The office and doctor that the address names, the person's own where it names none; None in a practice without
    offices. Two queries."""
    actor = request.actor
    offices = list(
        records.rows(records.resource("offices"), actor).select_related("doctor").order_by("name", "id")[:200]
    )
    if not offices:
        return None
    doctors = list(
        Doctor.objects.filter(practice=actor.practice, archived=False).order_by("last_name", "id")[:200]
    )
    own = next((one for one in offices if one.doctor_id == actor.doctor), offices[0])
    return Place(
        _named(request, "office", offices) or own, offices, _named(request, "doctor", doctors), doctors
    )


def _named(request: HttpRequest, name: str, rows: Sequence[Any]) -> Any:
    return next((row for row in rows if str(row.pk) == request.GET.get(name)), None)


def day(request: HttpRequest, here: Place) -> date:
    """The day that the address names, today where it names none that makes sense."""
    try:
        asked = parse_date(request.GET.get("date", ""))
    except InvalidValue:
        return here.today
    return asked if 2000 <= asked.year < 2100 else here.today


def between(request: Request, here: Place, first: date, last: date) -> "QuerySet[Any]":
    """Appointments and breaks from the beginning of ``first`` to the end of ``last`` in the office's zone, in order,
    with ``wall``. At most MOST."""
    start = datetime.combine(first, time(), here.zone)
    end = datetime.combine(last + timedelta(days=1), time(), here.zone)
    rows = records.rows(records.resource("appointments"), request.actor).filter(
        office=here.office.pk, scheduled_time__gte=start, scheduled_time__lt=end, is_virtual_base=False
    )
    if here.doctor is not None:
        rows = rows.filter(doctor=here.doctor.pk)
    return with_wall_clock(rows).select_related("patient", "doctor").order_by("scheduled_time", "pk")[:MOST]


def with_wall_clock(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Appointments with ``wall``: when they are by the clock of their office."""
    annotated: QuerySet[Any] = rows.annotate(wall=to_wall_clock(F("scheduled_time"), F(Appointment.ZONE)))
    return annotated


def waiting(practice: int, appointments: Sequence[Any]) -> dict[int, int]:
    """Minutes since those who wait have come, by appointment: one query."""
    ids = [one.pk for one in appointments if one.status in WAITING]
    came: dict[int, datetime] = {}
    rows = StatusTransition.objects.filter(
        practice=practice, appointment__in=ids, archived=False, to_status__in=WAITING
    )
    for appointment, at in rows.order_by("-changed_at").values_list("appointment_id", "changed_at"):
        came[appointment] = at
    now = clock.now()
    return {appointment: max(0, int((now - at).total_seconds() // 60)) for appointment, at in came.items()}


def takes_place(one: Any) -> bool:
    return one.status not in FREEING_STATUSES
