"""A patient's appointments: when, with whom, where. What staff note about a visit is theirs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponseBase

from charthouse import clock
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment
from charthouse.portal.page import Request, page, show
from charthouse.portal.paging import latest
from charthouse.portal.sessions import Guest

MOST = 100  # to come
TOLD = {
    "Confirmed": "green",
    **dict.fromkeys(FREEING_STATUSES, "secondary"),
}  # states that a patient is shown → their colour


@dataclass(frozen=True)
class Visit:
    """``begins``: at the office's wall clock; ``notice``: of one to come, what its type has for patients; ``state``:
    where that is for them to know, in this ``colour``."""

    begins: datetime
    minutes: int
    name: str
    doctor: str
    office: Any
    notice: str
    state: str
    colour: str


def _of(guest: Guest) -> "QuerySet[Appointment]":
    rows = Appointment.objects.filter(
        practice=guest.practice.pk, patient=guest.patient.pk, archived=False, is_virtual_base=False
    )
    return rows.select_related("profile", "doctor", "office__doctor")


def coming(guest: Guest, most: int = MOST) -> list[Visit]:
    """Those that have not begun and were not called off, the next one first."""
    rows = _of(guest).filter(scheduled_time__gte=clock.now()).exclude(status__in=FREEING_STATUSES)
    return [_visit(row) for row in rows.order_by("scheduled_time", "pk")[:most]]


def _visit(row: Appointment) -> Visit:
    profile, ahead = row.profile, row.scheduled_time >= clock.now() and row.status not in FREEING_STATUSES
    return Visit(
        begins=row.scheduled_time.astimezone(ZoneInfo(row.office.doctor.timezone)),
        minutes=row.duration,
        name=(profile and (profile.name_portal or profile.name)) or "Visit",
        doctor=str(row.doctor),
        office=row.office,
        notice=profile.portal_notice if profile and ahead else "",
        state=row.status if row.status in TOLD else "",
        colour=TOLD.get(row.status, ""),
    )


@page()
def appointments(request: Request) -> HttpResponseBase:
    """Those to come, and those that were."""
    called_off = _of(request.guest).filter(scheduled_time__gte=clock.now(), status__in=FREEING_STATUSES)
    before = _of(request.guest).filter(scheduled_time__lt=clock.now())
    past, older = latest(request, before, "scheduled_time")
    values = {
        "coming": [] if "before" in request.GET else coming(request.guest),
        "called_off": []
        if "before" in request.GET
        else [_visit(row) for row in called_off.order_by("scheduled_time")[:20]],
        "past": [_visit(row) for row in past],
        "older": older,
        "first": "before" not in request.GET,
    }
    return show(request, "appointments.html", values)
