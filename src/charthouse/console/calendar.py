"""Week and month of an office, drawn by FullCalendar: what it asks for, and what is moved in it."""

import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase, JsonResponse
from django.urls import reverse

from charthouse.console import records, schedule
from charthouse.console.day import SCHEDULING
from charthouse.console.page import Request, messages_of, page, show
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import Conflict, Invalid
from charthouse.identity.content_security_policy import set_content_security_policy

MOST_DAYS = 45  # of one view
# Classes of console.css; the calendar colors nothing itself.
KINDS = {
    "Complete": "done",
    "Arrived": "here",
    "Checked In": "here",
    "In Room": "here",
    "In Session": "here",
    "Cancelled": "off",
    "Rescheduled": "off",
    "No Show": "off",
}


@page(*SCHEDULING)
def calendar(request: Request) -> HttpResponseBase:
    here = schedule.place(request)
    values: dict[str, Any] = {"title": "Calendar", "here": here}
    if here is not None:
        place = {"office": here.office.pk} | ({"doctor": here.doctor.pk} if here.doctor else {})
        values |= {
            "events": f"{reverse('calendar-events')}?{urlencode(place)}",
            "book": f"{reverse('book')}?{urlencode(place)}",
            "date": schedule.day(request, here).isoformat(),
            "nonce": secrets.token_urlsafe(16),
        }
    response = show(request, "calendar.html", values)
    set_content_security_policy(response)
    if here is not None:  # its one style element, and the font of its arrows
        policy = response["Content-Security-Policy"]
        policy = policy.replace("style-src 'self'", f"style-src 'self' 'nonce-{values['nonce']}'")
        response["Content-Security-Policy"] = policy.replace("font-src 'self'", "font-src 'self' data:")
    return response


@page(*SCHEDULING)
def events(request: Request) -> HttpResponseBase:
    """What FullCalendar shows between ``start`` and ``end``, in the office's own time."""
    here = schedule.place(request)
    try:
        first = parse_date(request.GET.get("start", "")[:10])
        last = parse_date(request.GET.get("end", "")[:10])
    except InvalidValue:
        return JsonResponse({"detail": "start and end are days."}, status=400)
    if here is None or not timedelta(0) <= last - first <= timedelta(days=MOST_DAYS):
        return JsonResponse([], safe=False)
    found = schedule.between(request, here, first, last)
    return JsonResponse([_event(one) for one in found], safe=False)


def _event(one: Any) -> dict[str, Any]:
    kind = "break" if one.patient_id is None else KINDS.get(one.status, "booked")
    who = f"{one.patient.first_name} {one.patient.last_name}".strip() if one.patient else "Break"
    return {
        "id": str(one.pk),
        "title": f"{who}{' · ' + one.reason if one.reason else ''}"[:120],
        "start": one.wall.isoformat(),
        "end": (one.wall + timedelta(minutes=one.duration)).isoformat(),
        "url": reverse("visit", args=[one.pk]),
        "classNames": [f"event-{kind}"],
        "extendedProps": {"status": one.status, "doctor": str(one.doctor), "room": one.exam_room},
    }


@page(*SCHEDULING, methods=("POST",))
def move(request: Request, visit: int) -> HttpResponseBase:
    """Another time or length for an appointment. Where it can't be, the answer's ``detail`` says why: it is a 200 all
    the same, for browsers report others as faults of the page."""
    of = records.resource("appointments")
    names = ("scheduled_time", "duration")
    given = {name: request.POST[name] for name in names if request.POST.get(name)}
    try:
        records.modify(of, request.actor, visit, given)
    except Invalid as refusal:
        return JsonResponse({"detail": " ".join(messages_of(refusal.errors))})
    except Conflict as refusal:
        return JsonResponse({"detail": refusal.detail})
    return JsonResponse({})
