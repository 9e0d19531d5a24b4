"""Appointments that patients request, move and cancel, by the rules of the practice.

A time is offered where the type of visit and the office can be booked online, the provider is at work and free, and it
is not sooner than ``Practice.portal_notice_hours``. A requested appointment holds its time at once; its status is Not
Confirmed until staff confirm it. The message center tells the provider of each. docs/decisions/0425-portal-booking.md
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from charthouse import clock
from charthouse.domains.messaging.models import Message
from charthouse.domains.patients.languages import ENGLISH, format_time
from charthouse.domains.practice.models import Office
from charthouse.domains.scheduling import bookable_windows
from charthouse.domains.scheduling.bookable_windows import VisitType
from charthouse.domains.scheduling.cerbo.booking import find_office
from charthouse.domains.scheduling.models import Appointment, AppointmentProfile
from charthouse.engine.errors import Conflict, NotFound
from charthouse.engine.execution import writing
from charthouse.gateway.cerbo.registry import get_registry
from charthouse.identity.api_users import make_portal_actor
from charthouse.identity.audit_events import emit_audit_event
from charthouse.identity.models import User
from charthouse.portal import appointments
from charthouse.portal.page import Request, page, render_page

SEARCHED = 21  # days in which times are offered
MAX_SLOTS = 60  # offered at once
MAX_REQUESTED = 5  # upcoming appointments of a patient, beyond which the practice is to be called
REQUESTED = "Not Confirmed"  # status
ONLINE_APPOINTMENT = "OA"  # type of a message: reference drchrono/enums.yaml
_TAKEN = gettext_noop("That time has just been taken. Choose another.")


@dataclass(frozen=True)
class Slot:
    """A time that can be booked. ``local``: at the office, naive."""

    begins: datetime
    local: datetime

    @property
    def value(self) -> str:
        return self.begins.strftime("%Y-%m-%d %H:%M:%S")


@dataclass(frozen=True)
class Choice:
    """What is to be booked: a type of visit with a provider, a user, in the provider's office."""

    kind: AppointmentProfile
    user: User
    office: Office

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.office.doctor.timezone)


@page("GET", "POST")
def choose_time(request: Request) -> HttpResponseBase:
    """Show the free times of a type of visit with a provider; a POST requests one."""
    kinds, people = _list_kinds(request), _list_providers(request)
    given = request.POST if request.method == "POST" else request.GET
    choice = _find_choice(request, kinds, people, given)
    wrong = ""
    if request.method == "POST" and choice is not None:
        reason = " ".join(request.POST.get("reason", "").split())[:200]
        wrong = _book(request, choice, given.get("time", ""), reason)
        if not wrong:
            return redirect("portal-appointments")
    values = {
        "title": _("Request an appointment"),
        "kinds": kinds if choice else [],
        "people": _list_names(choice.kind, people) if choice else [],
        "reason": given.get("reason", ""),
        "phone": _find_phone(request),
        "wrong": wrong,
    }
    shown = _describe_times(request, choice) if choice else {}
    return render_page(request, "book.html", values | shown, 409 if wrong else 200)


@page("GET", "POST")
def choose_other_time(request: Request, row: int) -> HttpResponseBase:
    """Show other times for an appointment; a POST moves it. Raises NotFound, Conflict."""
    found = _find_open(request, row)
    user = next((one for one in _list_providers(request) if one.doctor_id == found.doctor_id), None)
    if found.profile is None or user is None or not appointments.is_movable(found):
        raise Conflict(_("This appointment can't be moved online. Call the practice."))
    choice, wrong = Choice(found.profile, user, found.office), ""
    if request.method == "POST":
        wrong = _move(request, found, choice, request.POST.get("time", ""))
        if not wrong:
            return redirect("portal-appointments")
    values = {
        "title": _("Change the time"),
        "kinds": [found.profile],
        "moved": appointments.build_visit(found),
        "phone": _find_phone(request),
        "wrong": wrong,
    }
    return render_page(request, "book.html", values | _describe_times(request, choice), 409 if wrong else 200)


@page("GET", "POST")
def cancel_appointment(request: Request, row: int) -> HttpResponseBase:
    """Ask whether to cancel; a POST cancels. Raises NotFound, Conflict."""
    found = _find_open(request, row)
    visit = appointments.build_visit(found)
    if request.method == "POST":

        def call_off() -> None:
            _lock_open(request, row)
            _change(request, found, {"status": "cancelled"})
            _tell_provider(request, found, "cancelled", visit.begins)

        writing.in_transaction({}, call_off)
        messages.success(
            request,
            _("The appointment on %(time)s is cancelled.") % {"time": format_time(visit.begins, "long")},
        )
        return redirect("portal-appointments")
    return render_page(request, "cancel.html", {"visit": visit})


# -- what can be booked -----------------------------------------------------------------------------------------


def _list_kinds(request: Request) -> list[AppointmentProfile]:
    rows = AppointmentProfile.objects.filter(
        practice=request.guest.practice.pk, archived=False, online_scheduling=True
    )
    return list(rows.order_by("sort_order", "pk")[:100])


def _list_providers(request: Request) -> list[User]:
    """List the users who can be booked, the patient's own provider first."""
    rows = User.objects.filter(
        practice=request.guest.practice.pk, role="doctor", is_active=True, doctor_id__isnull=False
    )
    own = request.guest.patient.doctor_id
    return sorted(rows.order_by("last_name", "pk")[:200], key=lambda one: one.doctor_id != own)


def _list_names(kind: AppointmentProfile, people: Sequence[User]) -> list[tuple[int, str]]:
    return [
        (one.pk, f"{one.first_name} {one.last_name}".strip() or one.username)
        for one in people
        if kind.is_offered_by(one.pk, one.doctor_id or 0)
    ]


def _find_choice(
    request: Request, kinds: Sequence[AppointmentProfile], people: Sequence[User], given: Mapping[str, Any]
) -> Choice | None:
    """Find the type and provider that were asked for, or the first that can be booked; None where nothing can."""
    asked_kind, asked_user = str(given.get("type", "")), str(given.get("provider", ""))
    for kind in sorted(kinds, key=lambda one: str(one.pk) != asked_kind):
        for user in sorted(people, key=lambda one: str(one.pk) != asked_user):
            if not kind.is_offered_by(user.pk, user.doctor_id or 0):
                continue
            pk = find_office(request.guest.practice.pk, user.doctor_id or 0)
            office = Office.objects.select_related("doctor").filter(
                practice=request.guest.practice.pk, pk=pk or 0, online_scheduling=True
            )
            if (found := office.first()) is not None:
                return Choice(kind, user, found)
    return None


def _find_phone(request: Request) -> str:
    rows = Office.objects.filter(practice=request.guest.practice.pk, archived=False).exclude(phone_number="")
    return rows.order_by("pk").values_list("phone_number", flat=True).first() or ""


def _describe_times(request: Request, choice: Choice) -> dict[str, Any]:
    slots = _list_slots(request, choice)
    return {
        "kind": choice.kind,
        "provider": choice.user.pk,
        "office": choice.office,
        "days": [(day, list(of)) for day, of in groupby(slots, key=lambda one: one.local.date())],
        "searched": SEARCHED,
        "notice": request.guest.practice.portal_notice_hours,
    }


def _list_slots(request: Request, choice: Choice) -> list[Slot]:
    """List the first MAX_SLOTS free times, one after the other without gaps."""
    earliest = clock.now() + timedelta(hours=request.guest.practice.portal_notice_hours)
    first = earliest.astimezone(choice.zone).date()
    found = []
    for slot in _list_free(request, choice, first, first + timedelta(days=SEARCHED - 1)):
        if slot.begins >= earliest:
            found.append(slot)
        if len(found) == MAX_SLOTS:
            break
    return found


def _list_free(request: Request, choice: Choice, first: date, last: date) -> Iterator[Slot]:
    kind, doctor = VisitType.of(choice.kind), choice.user.doctor_id or 0
    result = bookable_windows.find_windows(
        request.guest.practice.pk, choice.office.doctor.timezone, [(doctor, kind)], first, last
    )
    for begins, ends in result.windows[doctor, kind.id]:
        for at in range(-(-begins // 300) * 300, ends - kind.length + 1, max(kind.length, 300)):
            moment = datetime.fromtimestamp(at, UTC)
            yield Slot(moment, moment.astimezone(choice.zone).replace(tzinfo=None))


# -- booking ----------------------------------------------------------------------------------------------------


def _book(request: Request, choice: Choice, time: str, reason: str) -> str:
    """Book the time, and return why it can't be; "" when it is booked. Raises Conflict for a patient with many."""
    if len(appointments.list_upcoming(request.guest, MAX_REQUESTED)) >= MAX_REQUESTED:
        raise Conflict(
            _("There are %(count)s upcoming appointments already. Call the practice to make another.")
            % {"count": MAX_REQUESTED}
        )
    slot = next((one for one in _list_slots(request, choice) if one.value == time), None)
    if slot is None:
        return _(_TAKEN)
    payload = {
        "title": reason or choice.kind.name,
        "appointment_type": choice.kind.name,
        "appointment_note": "Requested in the patient portal.",
        "status": REQUESTED,
        "provider_ids": [choice.user.pk],
        "pt_id": request.guest.patient.pk,
        **_format_span(slot, choice),
    }

    def book() -> None:
        actor = make_portal_actor(request.guest.practice.pk)
        writing.create(get_registry()["appointments"], actor, [payload], is_list=False)
        row = appointments.select_appointments(request.guest).latest("pk")
        _tell_provider(request, row, "requested", slot.local, reason)

    try:
        writing.in_transaction({}, book)
    except Conflict:
        return _(_TAKEN)
    words = _("The appointment on %(time)s is requested. The practice will confirm it.")
    messages.success(request, words % {"time": format_time(slot.local, "long")})
    return ""


def _move(request: Request, row: Appointment, choice: Choice, time: str) -> str:
    """Move the appointment, and return why it can't be; "" when it is moved."""
    slot = next((one for one in _list_slots(request, choice) if one.value == time), None)
    if slot is None:
        return _(_TAKEN)

    def move() -> str:
        _lock_open(request, row.pk)
        try:
            _change(request, row, {**_format_span(slot, choice), "status": REQUESTED})
        except Conflict:
            return _(_TAKEN)
        _tell_provider(request, row, "moved to", slot.local)
        return ""

    if wrong := writing.in_transaction({}, move):
        return wrong
    words = _("The appointment is moved to %(time)s.")
    messages.success(request, words % {"time": format_time(slot.local, "long")})
    return ""


def _format_span(slot: Slot, choice: Choice) -> dict[str, str]:
    ends = slot.begins + timedelta(minutes=choice.kind.duration)
    return {"start_date_time": slot.value, "end_date_time": ends.strftime("%Y-%m-%d %H:%M:%S")}


def _find_open(request: Request, row: int) -> Appointment:
    """Find an upcoming appointment that the patient may change. Raises NotFound, Conflict."""
    found = appointments.select_appointments(request.guest).filter(pk=row).first()
    if found is None:
        raise NotFound()
    if not appointments.is_open(found):
        raise Conflict(_("This appointment can no longer be changed online. Call the practice."))
    return found


def _lock_open(request: Request, row: int) -> None:
    """Lock the appointment until the transaction ends: staff may have checked the patient in meanwhile. Raises
    NotFound, Conflict."""
    rows = Appointment.objects.select_for_update(no_key=True).filter(
        practice=request.guest.practice.pk, pk=row
    )
    rows.values_list("pk").first()
    _find_open(request, row)


def _change(request: Request, row: Appointment, values: dict[str, Any]) -> None:
    actor = make_portal_actor(request.guest.practice.pk)
    writing.update(get_registry()["appointments"], actor, "modify", row.pk, values)


def _tell_provider(request: Request, row: Appointment, what: str, local: datetime, reason: str = "") -> None:
    """Put a message about it into the provider's message center, and write an audit event. ``what`` was done to the
    appointment, or with the ``local`` time."""
    guest = request.guest
    with override(ENGLISH):
        words = f"{what} {format_time(local, 'long')}" + (f" by {guest.sender}" if guest.proxy else "")
    owner = User.objects.filter(practice=guest.practice.pk, role="doctor", doctor_id=row.doctor_id)
    Message.objects.create(
        practice=guest.practice,
        doctor_id=row.doctor_id,
        patient=guest.patient,
        owner=owner.order_by("pk").first(),
        type=ONLINE_APPOINTMENT,
        title=f"Appointment {words}{f': {reason}' if reason else ''}"[:500],
    )
    emit_audit_event(
        "portal appointment",
        practice_id=guest.practice.pk,
        patient_id=guest.patient.pk,
        details={"appointment": row.pk, "what": what.removesuffix(" to")},
    )
