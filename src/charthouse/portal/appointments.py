"""The patient's appointments. Internal notes of staff are not shown."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from charthouse import clock
from charthouse.domains.scheduling.models import FREEING_STATUSES, Appointment
from charthouse.portal import health
from charthouse.portal.page import Request, page, render_page
from charthouse.portal.paging import paginate_latest
from charthouse.portal.sessions import SignedInPatient

MAX_UPCOMING = 100
CHANGEABLE_STATUSES = ("", "Not Confirmed", "Confirmed")
STATUS_COLORS = {
    gettext_noop("Confirmed"): "green",
    **dict.fromkeys(FREEING_STATUSES, "secondary"),
}  # of the statuses that patients see
_FREEING = (
    gettext_noop("Cancelled"),
    gettext_noop("No Show"),
    gettext_noop("Rescheduled"),
)  # for translations


@dataclass(frozen=True)
class Visit:
    """An appointment as it is shown.

    begins  local time at the office
    notice  text of the appointment type for patients, of upcoming ones
    state   status, if patients may know it, in this ``color``
    id      of the appointment
    note    whether its note is signed, so that it can be downloaded
    open    whether the patient may still cancel it
    movable whether the patient may still move it
    """

    begins: datetime
    minutes: int
    name: str
    doctor: str
    office: Any
    notice: str
    state: str
    color: str
    id: int
    note: bool = False
    open: bool = False
    movable: bool = False


def select_appointments(guest: SignedInPatient) -> "QuerySet[Appointment]":
    rows = Appointment.objects.filter(
        practice=guest.practice.pk, patient=guest.patient.pk, archived=False, is_virtual_base=False
    )
    return rows.select_related("practice", "profile", "doctor", "office__doctor")


def list_upcoming(guest: SignedInPatient, most: int = MAX_UPCOMING) -> list[Visit]:
    """List appointments that have not begun and are not cancelled, the next one first."""
    rows = (
        select_appointments(guest)
        .filter(scheduled_time__gte=clock.now())
        .exclude(status__in=FREEING_STATUSES)
    )
    return [build_visit(row) for row in rows.order_by("scheduled_time", "pk")[:most]]


def is_movable(row: Appointment) -> bool:
    """Say whether a patient may still move the appointment: its type and its office are booked online."""
    online = row.profile is not None and row.profile.online_scheduling and row.office.online_scheduling
    return online and is_open(row)


def is_open(row: Appointment) -> bool:
    """Say whether a patient may still cancel the appointment: it is not cancelled, nobody has checked the
    patient in, and it is not too soon by the practice's rule."""
    notice = timedelta(hours=row.practice.portal_notice_hours)
    return row.status in CHANGEABLE_STATUSES and row.scheduled_time - clock.now() >= notice


def build_visit(row: Appointment, signed: Collection[int] = ()) -> Visit:
    profile, ahead = row.profile, row.scheduled_time >= clock.now() and row.status not in FREEING_STATUSES
    return Visit(
        begins=row.scheduled_time.astimezone(ZoneInfo(row.office.doctor.timezone)),
        minutes=row.duration,
        name=(profile and (profile.name_portal or profile.name)) or _("Visit"),
        doctor=str(row.doctor),
        office=row.office,
        notice=profile.portal_notice if profile and ahead else "",
        state=_(row.status) if row.status in STATUS_COLORS else "",
        color=STATUS_COLORS.get(row.status, ""),
        id=row.pk,
        note=row.pk in signed,
        open=ahead and is_open(row),
        movable=ahead and is_movable(row),
    )


@page()
def show_appointments(request: Request) -> HttpResponseBase:
    """Show upcoming and past appointments."""
    called_off = select_appointments(request.guest).filter(
        scheduled_time__gte=clock.now(), status__in=FREEING_STATUSES
    )
    before = select_appointments(request.guest).filter(scheduled_time__lt=clock.now())
    past, older = paginate_latest(request, before, "scheduled_time")
    notes = health.select_signed_notes(request.guest).filter(appointment__in=[row.pk for row in past])
    signed = set(notes.values_list("appointment", flat=True))
    values = {
        "coming": [] if "before" in request.GET else list_upcoming(request.guest),
        "called_off": []
        if "before" in request.GET
        else [build_visit(row) for row in called_off.order_by("scheduled_time")[:20]],
        "past": [build_visit(row, signed) for row in past],
        "older": older,
        "first": "before" not in request.GET,
    }
    return render_page(request, "appointments.html", values)
