"""Today: the visits of an office's day by where the patients are, with check-in, room, no-show and cancellation."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.kit import appointments, records, undo
from charthouse.console.kit.page import Request, list_messages, page, render_page
from charthouse.console.resources.schedule import SCHEDULING
from charthouse.console.schedule import flow, waiting_offers
from charthouse.domains.patients.models import Patient
from charthouse.domains.practice.models import ExamRoom
from charthouse.domains.scheduling.models import NO_ROOM
from charthouse.engine.errors import Conflict, Invalid, NotFound
from charthouse.identity import origin


@page(*SCHEDULING)
def show_day(request: Request) -> HttpResponseBase:
    """Show the day that the query names: visits by group of statuses."""
    here = appointments.parse_scope(request)
    if here is None:
        return render_page(request, "schedule/today.html", {"title": "Today"})
    date = appointments.parse_day(request, here)
    found = list(appointments.select_appointments(request, here, date, date))
    visits = [one for one in found if one.patient_id]
    rooms = ExamRoom.objects.filter(practice=request.actor.practice, office=here.office.pk, archived=False)
    groups = flow.build_groups(request.actor.practice, visits, here.today, appointments.STATUS_COLORS)
    chosen = request.GET.get("status", "")
    values = {
        "title": "Today" if date == here.today else f"{date:%A}, {date:%B} {date.day}, {date.year}",
        "here": here,
        "date": date,
        "day": f"{date:%A}, {date:%B} {date.day}, {date.year}",
        "groups": [one for one in groups if one.lines and chosen in ("", one.key)],
        "counts": [(one, _build_url(request, date, one.key)) for one in groups if one.lines],
        "chosen": chosen,
        "all": _build_url(request, date),
        "count": len(visits),
        "blocks": [_describe_block(one, date) for one in found if not one.patient_id],
        "rooms": [(one.index, one.name) for one in rooms.order_by("index")],
        "before": _build_url(request, date - timedelta(days=1)),
        "after": _build_url(request, date + timedelta(days=1)),
        "today": _build_url(request, here.today) if date != here.today else "",
        "book": reverse("book") + "?" + urlencode({"office": here.office.pk, "date": date.isoformat()}),
        "offers": waiting_offers.list_day(request, here, date),
        "sees_charts": "Manage Patients" in request.user.permissions,
        "sees_notes": "Access Clinical Notes" in request.user.permissions,
    }
    return render_page(request, "schedule/today.html", values)


def _describe_block(one: Any, day: date) -> tuple[int, str, str]:
    """Describe a blocked time on a day: id, when, and who and why."""
    begins, ends = one.wall, one.wall + timedelta(minutes=one.duration)
    first = appointments.format_clock(begins) if begins.date() == day else ""
    last = appointments.format_clock(ends) if ends <= datetime.combine(day, time.max) else ""
    is_all_day = first in ("", "12:00 AM") and not last
    when = "All day" if is_all_day else f"{first or 'From the day before'} to {last or 'midnight'}"
    return one.pk, when, " · ".join(filter(None, (str(one.doctor), one.reason)))


def _build_url(request: Request, date: Any, status: str = "") -> str:
    query = {name: request.GET[name] for name in ("office", "doctor") if request.GET.get(name)}
    query |= {"date": date.isoformat()} | ({"status": status} if status else {})
    return f"{reverse('day')}?{urlencode(query)}"


def _get_back(request: Request, visit: int) -> str:
    """Get the page where the form was, or the day of the appointment."""
    return origin.get_local_url(request, request.POST.get("back", ""), reverse("day"))


def _get_visit(request: Request, visit: int) -> tuple[dict[str, Any], Patient]:
    """Get an appointment of a patient. Raises Forbidden, NotFound."""
    one = records.get_object(records.get_resource("schedule"), request.actor, visit)
    if not one["patient"]:
        raise NotFound()
    return one, Patient.objects.get(practice=request.actor.practice, pk=one["patient"])


def _change(request: Request, visit: int, values: dict[str, Any], words: str, former: dict[str, Any]) -> bool:
    """Change an appointment and say so, with an undo to the ``former`` values; a refusal is said as well."""
    try:
        records.update(records.get_resource("schedule"), request.actor, visit, values)
    except Invalid as refusal:
        messages.error(request, " ".join(list_messages(refusal.errors)))
        return False
    except Conflict as refusal:
        messages.error(request, appointments.describe_refusal(request, refusal))
        return False
    address = reverse("visit-room" if "exam_room" in values else "visit-status", args=[visit])
    undo.add_message(request, words, address, {**former, "back": _get_back(request, visit)})
    return True


@page(*SCHEDULING, methods=("POST",))
def set_status(request: Request, visit: int) -> HttpResponseBase:
    """Set the status of an appointment, then redirect to where the form was."""
    one = records.get_object(records.get_resource("schedule"), request.actor, visit)
    status = request.POST.get("status", "")
    words = f"{_name(request, one)}: {status or 'scheduled'}."
    _change(request, visit, {"status": status}, words, {"status": one["status"]})
    return redirect(_get_back(request, visit))


@page(*SCHEDULING, methods=("POST",))
def set_room(request: Request, visit: int) -> HttpResponseBase:
    """Move the patient to another exam room."""
    one = records.get_object(records.get_resource("schedule"), request.actor, visit)
    room = request.POST.get("exam_room", str(NO_ROOM))
    named = ExamRoom.objects.filter(practice=request.actor.practice, office=one["office"], archived=False)
    name = dict(named.values_list("index", "name")).get(
        int(room) if room.isdecimal() and len(room) < 6 else -1, "room"
    )
    words = f"{_name(request, one)} moved to {name}."
    _change(request, visit, {"exam_room": room}, words, {"exam_room": one["exam_room"]})
    return redirect(_get_back(request, visit))


@page(*SCHEDULING, methods=("GET", "POST"))
def check_in(request: Request, visit: int) -> HttpResponseBase:
    """Show what is owed and missing; a POST checks the patient in."""
    one, patient = _get_visit(request, visit)
    if request.method == "POST":
        words = f"{patient.display_name} is checked in."
        _change(request, visit, {"status": "Checked In"}, words, {"status": one["status"]})
        return redirect(_get_back(request, visit))
    values = {
        "title": f"Check in {patient.display_name}",
        "visit": one,
        "patient_row": patient,
        "items": flow.list_items(request, patient, visit),
        "back": origin.get_local_url(request, request.GET.get("back", ""), reverse("day")),
        "sees_charts": "Manage Patients" in request.user.permissions,
        "takes_payments": {"Manage Patients", "Access Patients Payments"} <= {*request.user.permissions},
    }
    return render_page(request, "schedule/check_in.html", values)


@page(*SCHEDULING, methods=("GET", "POST"))
def cancel(request: Request, visit: int) -> HttpResponseBase:
    """Ask for the reason; a POST cancels the appointment."""
    one, patient = _get_visit(request, visit)
    reason = (request.POST.get("other", "").strip() or request.POST.get("reason", ""))[:200]
    if request.method == "POST" and reason:
        words = f"The appointment of {patient.display_name} is cancelled: {reason}."
        values = {"status": "Cancelled", "status_reason": reason}
        _change(request, visit, values, words, {"status": one["status"]})
        return redirect(_get_back(request, visit))
    shown = {
        "title": f"Cancel the appointment of {patient.display_name}?",
        "visit": one,
        "reasons": flow.CANCEL_REASONS,
        "back": origin.get_local_url(request, request.GET.get("back", ""), reverse("day")),
        "missing": request.method == "POST",
    }
    return render_page(request, "schedule/cancel.html", shown, 400 if request.method == "POST" else 200)


def _name(request: Request, one: dict[str, Any]) -> str:
    found = Patient.objects.filter(practice=request.actor.practice, pk=one["patient"]).first()
    return found.display_name if found else "The appointment"
