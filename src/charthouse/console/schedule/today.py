"""An office's day: its appointments by exam room, with status and waiting time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from charthouse.console.kit import appointments, records
from charthouse.console.kit.page import Request, list_messages, page, render_page
from charthouse.domains.practice.models import ExamRoom
from charthouse.engine.errors import Conflict, Invalid
from charthouse.identity import origin

SCHEDULING = ("Access Billing", "Show Billing Tab", "Access Clinical Notes")  # of the resource appointments


@dataclass
class Room:
    """An exam room and its appointments of the day."""

    name: str
    visits: list[dict[str, Any]]


@page(*SCHEDULING)
def show_day(request: Request) -> HttpResponseBase:
    """Show the day that the query names, by room."""
    here = appointments.parse_scope(request)
    if here is None:
        return render_page(request, "schedule/today.html", {"title": "The day"})
    date = appointments.parse_day(request, here)
    found = list(appointments.select_appointments(request, here, date, date))
    waited = appointments.compute_waiting_minutes(request.actor.practice, found)
    rooms = {
        room.index: Room(room.name, [])
        for room in ExamRoom.objects.filter(
            practice=request.actor.practice, office=here.office.pk, archived=False
        ).order_by("index")
    }
    for one in found:
        room = rooms.setdefault(one.exam_room, Room(f"Room {one.exam_room}", []))
        room.visits.append(_build_visit(one, waited.get(one.pk)))
    taking_place = [one for one in found if one.patient_id and appointments.is_taking_place(one)]
    values = {
        "title": "The day",
        "here": here,
        "date": date,
        "rooms": rooms.values(),
        "count": len(taking_place),
        "done": sum(one.status == "Complete" for one in taking_place),
        "waiting": len(waited),
        "before": _build_url(request, date - timedelta(days=1)),
        "after": _build_url(request, date + timedelta(days=1)),
        "today": _build_url(request, here.today) if date != here.today else "",
        "book": reverse("book") + "?" + urlencode({"office": here.office.pk, "date": date.isoformat()}),
    }
    return render_page(request, "schedule/today.html", values)


def _build_visit(one: Any, waited: int | None) -> dict[str, Any]:
    return {
        "row": one,
        "until": one.wall + timedelta(minutes=one.duration),
        "color": appointments.STATUS_COLORS.get(one.status, "secondary"),
        "next": appointments.NEXT_STATUS.get(one.status) if one.patient_id else None,
        "waited": waited,
        "off": not appointments.is_taking_place(one),
    }


def _build_url(request: Request, date: Any) -> str:
    query = {name: request.GET[name] for name in ("office", "doctor") if request.GET.get(name)}
    return f"{reverse('day')}?{urlencode({**query, 'date': date.isoformat()})}"


@page(*SCHEDULING, methods=("POST",))
def set_status(request: Request, visit: int) -> HttpResponseBase:
    """Set the status of an appointment, then redirect to where the form was."""
    of = records.get_resource("appointments")
    try:
        records.update(of, request.actor, visit, {"status": request.POST.get("status", "")})
    except Invalid as refusal:
        messages.error(request, " ".join(list_messages(refusal.errors)))
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    back = request.POST.get("back", "")
    return redirect(origin.get_local_url(request, back, reverse("visit", args=[visit])))
