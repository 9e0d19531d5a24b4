"""The patient's appointments. Internal notes of staff are not shown."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponseBase

from charthouse import clock
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment
from charthouse.portal import health
from charthouse.portal.page import Request, page, render_page
from charthouse.portal.paging import paginate_latest
from charthouse.portal.sessions import SignedInPatient

MAX_UPCOMING = 100
STATUS_COLORS = {
    "Confirmed": "green",
    **dict.fromkeys(FREEING_STATUSES, "secondary"),
}  # of the statuses that patients see


@dataclass(frozen=True)
class Visit:
    """An appointment as it is shown.

    begins  local time at the office
    notice  text of the appointment type for patients, of upcoming ones
    state   status, if patients may know it, in this ``color``
    note    id of the visit where its note is signed, to be downloaded; else None
    """

    begins: datetime
    minutes: int
    name: str
    doctor: str
    office: Any
    notice: str
    state: str
    color: str
    note: int | None = None


def _select_appointments(guest: SignedInPatient) -> "QuerySet[Appointment]":
    rows = Appointment.objects.filter(
        practice=guest.practice.pk, patient=guest.patient.pk, archived=False, is_virtual_base=False
    )
    return rows.select_related("profile", "doctor", "office__doctor")


def list_upcoming(guest: SignedInPatient, most: int = MAX_UPCOMING) -> list[Visit]:
    """List appointments that have not begun and are not cancelled, the next one first."""
    rows = (
        _select_appointments(guest)
        .filter(scheduled_time__gte=clock.now())
        .exclude(status__in=FREEING_STATUSES)
    )
    return [_build_visit(row) for row in rows.order_by("scheduled_time", "pk")[:most]]


def _build_visit(row: Appointment, signed: Collection[int] = ()) -> Visit:
    profile, ahead = row.profile, row.scheduled_time >= clock.now() and row.status not in FREEING_STATUSES
    return Visit(
        begins=row.scheduled_time.astimezone(ZoneInfo(row.office.doctor.timezone)),
        minutes=row.duration,
        name=(profile and (profile.name_portal or profile.name)) or "Visit",
        doctor=str(row.doctor),
        office=row.office,
        notice=profile.portal_notice if profile and ahead else "",
        state=row.status if row.status in STATUS_COLORS else "",
        color=STATUS_COLORS.get(row.status, ""),
        note=row.pk if row.pk in signed else None,
    )


@page()
def show_appointments(request: Request) -> HttpResponseBase:
    """Show upcoming and past appointments."""
    called_off = _select_appointments(request.guest).filter(
        scheduled_time__gte=clock.now(), status__in=FREEING_STATUSES
    )
    before = _select_appointments(request.guest).filter(scheduled_time__lt=clock.now())
    past, older = paginate_latest(request, before, "scheduled_time")
    notes = health.select_signed_notes(request.guest).filter(appointment__in=[row.pk for row in past])
    signed = set(notes.values_list("appointment", flat=True))
    values = {
        "coming": [] if "before" in request.GET else list_upcoming(request.guest),
        "called_off": []
        if "before" in request.GET
        else [_build_visit(row) for row in called_off.order_by("scheduled_time")[:20]],
        "past": [_build_visit(row, signed) for row in past],
        "older": older,
        "first": "before" not in request.GET,
    }
    return render_page(request, "appointments.html", values)
