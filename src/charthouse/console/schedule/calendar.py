"""The calendar of an office by day, week and month, and a day in columns, drawn by FullCalendar."""

import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase, JsonResponse
from django.urls import reverse

from charthouse.console.kit import appointments, records
from charthouse.console.kit.page import Request, list_messages, page, render_page
from charthouse.console.resources.schedule import SCHEDULING
from charthouse.console.schedule import columns, waiting_offers
from charthouse.engine.declaration.times import parse_date
from charthouse.engine.declaration.values import InvalidValue
from charthouse.engine.errors import Conflict, Invalid
from charthouse.identity.content_security_policy import set_content_security_policy

MAX_DAYS = 45  # of one view
VIEWS = ("timeGridDay", "timeGridWeek", "dayGridMonth")
LEGEND = (
    ("booked", "Scheduled"), ("here", "In the office"), ("done", "Checked out"), ("off", "Cancelled or no-show"),
    ("break", "Blocked"),
)  # fmt: skip
# Classes of console.css, which has the colors.
STATUS_CLASSES = {
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
def show_calendar(request: Request) -> HttpResponseBase:
    """Show the calendar; its events come from ``list_events``."""
    here = appointments.parse_scope(request)
    values: dict[str, Any] = {"title": "Calendar", "here": here}
    if here is not None:
        place = {"office": here.office.pk} | ({"doctor": here.doctor.pk} if here.doctor else {})
        by = columns.read_choice(request, "by", columns.COLUMNS)
        color = columns.read_choice(request, "color", columns.COLORS)
        day = appointments.parse_day(request, here)
        kept = {name: str(value) for name, value in (place | {"by": by, "color": color}).items()}
        values |= {
            "events": f"{reverse('calendar-events')}?{urlencode(place | {'color': color})}",
            "book": f"{reverse('book')}?{urlencode(place)}",
            "date": day.isoformat(),
            "day": day,
            "view": request.GET.get("view", "") if request.GET.get("view") in VIEWS else "",
            "by": by,
            "columns": columns.list_columns(request, here, by),
            "days": columns.build_day_links(here, day, kept),
            "choices": {"by": columns.COLUMNS, "color": columns.COLORS},
            "color": color,
            "legend": LEGEND,
            "types": columns.list_types(request) if color == columns.BY_TYPE else None,
            "offers": waiting_offers.list_coming(request, here),
            "refresh": "calendar-changed",
            "waits": f"{reverse('waiting-list-new')}?{urlencode(place)}",
            "nonce": secrets.token_urlsafe(16),
        }
    response = render_page(request, "schedule/calendar.html", values)
    set_content_security_policy(response)
    if here is not None:  # FullCalendar's style element and icon font
        policy = response["Content-Security-Policy"]
        policy = policy.replace("style-src 'self'", f"style-src 'self' 'nonce-{values['nonce']}'")
        response["Content-Security-Policy"] = policy.replace("font-src 'self'", "font-src 'self' data:")
    return response


@page(*SCHEDULING)
def list_events(request: Request) -> HttpResponseBase:
    """List events from day ``start`` to day ``end`` as JSON, in the office's time zone."""
    here = appointments.parse_scope(request)
    try:
        first = parse_date(request.GET.get("start", "")[:10])
        last = parse_date(request.GET.get("end", "")[:10])
    except InvalidValue:
        return JsonResponse({"detail": "start and end are days."}, status=400)
    if here is None or not timedelta(0) <= last - first <= timedelta(days=MAX_DAYS):
        return JsonResponse([], safe=False)
    found = appointments.select_appointments(request, here, first, last)
    color = columns.read_choice(request, "color", columns.COLORS)
    return JsonResponse([_build_event(one, color) for one in found], safe=False)


def _build_event(one: Any, color: str) -> dict[str, Any]:
    kind = "break" if one.patient_id is None else STATUS_CLASSES.get(one.status, "booked")
    who = one.patient.display_name if one.patient else "Blocked"
    return {
        "id": str(one.pk),
        "title": f"{who}{' · ' + one.reason if one.reason else ''}"[:120],
        "start": one.wall.isoformat(),
        "end": (one.wall + timedelta(minutes=one.duration)).isoformat(),
        "url": reverse("appointment", args=[one.pk]),
        "classNames": [f"event-{kind}"],
        **(columns.color_by_type(one) if color == columns.BY_TYPE and kind != "off" else {}),
        "extendedProps": {
            "move": reverse("visit-move", args=[one.pk]),
            "status": one.status,
            "doctor": str(one.doctor),
            "doctor_id": str(one.doctor_id),
            "room": one.exam_room,
        },
    }


@page(*SCHEDULING, methods=("POST",))
def move_appointment(request: Request, visit: int) -> HttpResponseBase:
    """Change time, duration, provider or room of an appointment, for the calendar's script.

    The answer is 200 in any case, since browsers report other statuses as errors of the page. Its ``detail`` says why
    the change was refused.
    """
    of = records.get_resource("schedule")
    names = ("scheduled_time", "duration", "doctor", "exam_room")
    given = {name: request.POST[name] for name in names if request.POST.get(name)}
    try:
        records.update(of, request.actor, visit, given)
    except Invalid as refusal:
        return JsonResponse({"detail": " ".join(list_messages(refusal.errors))})
    except Conflict as refusal:
        return JsonResponse({"detail": appointments.describe_refusal(request, refusal)})
    return JsonResponse({})
